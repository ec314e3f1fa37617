import { assert, describe, it } from "@effect/vitest"
import { isUtf8 } from "node:buffer"
import type { IncomingMessage, ServerResponse } from "node:http"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as FiberId from "effect/FiberId"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { isTooDeep } from "../../src/sequentum/client/bodies.ts"
import { IncomingResponse } from "../../src/sequentum/client/Upstream.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { AgentId, FileId, RunId } from "../../src/sequentum/schemas/common.ts"
import { asCaller } from "../support/http.ts"
import { clients, connect, upstream } from "../support/sockets.ts"

const thing = apiPath("agent")`/thing`
const Text = Schema.Struct({ text: Schema.String })
const MiB = 2 ** 20

const loose = (schema: Schema.Schema.AnyNoContext): Schema.Schema<unknown, unknown> => Schema.asSchema(schema)

/** Every compression that is offered, as servers name and write it. */
const compressions = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  "deflate without its header": deflateRawSync,
  br: (bytes: Uint8Array) => brotliCompressSync(bytes),
  "gzip, br": (bytes: Uint8Array) => brotliCompressSync(gzipSync(bytes)),
  identity: (bytes: Uint8Array) => bytes
} as const
const nameOf = (compression: string) => compression.split(" without")[0] ?? compression

type Respond = (request: IncomingMessage, response: ServerResponse) => void

const answering =
  (body: Uint8Array | string, headers: Readonly<Record<string, string>>, status = 200): Respond =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body)

/** An answer that goes on for ever, with what was written of it before its connection was closed. */
const endless = (status = 200) => {
  const chunk = Buffer.alloc(64 * 1024, 0x20)
  const state = { written: 0 }
  const closed = Deferred.unsafeMake<null>(FiberId.none)
  const respond: Respond = (request, response) => {
    request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(null)))
    response.writeHead(status, { "content-type": "application/json" })
    const more = () => {
      while (response.write(chunk)) state.written += chunk.length
      state.written += chunk.length
      response.once("drain", more)
    }
    more()
  }
  return { respond, state, closed }
}

const zeros = Buffer.alloc(100 * MiB)
const bombs = { gzip: gzipSync(zeros), deflate: deflateSync(zeros), br: brotliCompressSync(zeros) }

for (const [name, upstreamOf] of clients) {
  const get = (apiUrl: string, schema: Schema.Schema<unknown, unknown> = Schema.Unknown) =>
    Effect.flatMap(connect(upstreamOf, apiUrl), ({ client }) =>
      Effect.flatMap(client, (connected) => asCaller(connected.get(thing, schema)))
    )

  /** The words for an answer that can't be used. */
  const problem = (apiUrl: string) =>
    Effect.map(Effect.flip(get(apiUrl)), (error) => {
      assert.strictEqual(error._tag, "UnexpectedResponse")
      return meaningOf(error).text
    })

  describe(`a response over ${name}`, () => {
    it.scopedLive("may be compressed, as its request says", () =>
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const { url } = yield* upstream((request, response) => {
          seen.push(request.headers["accept-encoding"])
          response.end('{"ok":true}')
        })
        yield* get(url)
        assert.deepStrictEqual(seen, ["gzip, deflate, br"])
      })
    )

    for (const [compression, compress] of Object.entries(compressions)) {
      it.scopedLive(`is unpacked: ${compression}`, () =>
        Effect.gen(function* () {
          const body = { text: "é".repeat(100_000) }
          const packed = compress(Buffer.from(JSON.stringify(body)))
          const { url } = yield* upstream(answering(packed, { "content-encoding": nameOf(compression) }))
          assert.deepStrictEqual(yield* get(url), body)
        })
      )
    }

    it.scopedLive.prop(
      "is read whatever its text, its compression and the pieces in which it comes",
      [
        FastCheck.string({ unit: "binary", maxLength: 200 }),
        FastCheck.constantFrom(...Object.entries(compressions)),
        FastCheck.array(FastCheck.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 })
      ],
      ([text, [compression, compress], sizes]) =>
        Effect.gen(function* () {
          const packed = compress(Buffer.from(JSON.stringify({ text })))
          const { url } = yield* upstream((_, response) => {
            response.writeHead(200, { "content-encoding": nameOf(compression) })
            let at = 0
            for (const size of sizes) {
              response.write(packed.subarray(at, at + size))
              at += size
            }
            response.end(packed.subarray(at))
          })
          // A half of a surrogate pair does not come through UTF-8.
          assert.deepStrictEqual(yield* get(url, loose(Text)), { text: Buffer.from(text).toString() })
        }),
      { fastCheck: { numRuns: 40 } }
    )

    it.scopedLive("is an error in words if its bytes are not UTF-8, packed or not", () =>
      Effect.gen(function* () {
        const body = Buffer.from('{"text":"caf\xe9"}', "latin1")
        const plain = yield* upstream(answering(body, {}))
        assert.match(yield* problem(plain.url), /it had bytes that are not text in UTF-8/u)
        const packed = yield* upstream(answering(gzipSync(body), { "content-encoding": "gzip" }))
        assert.match(yield* problem(packed.url), /it had bytes that are not text in UTF-8/u)
        // The answer to what asks for nothing is no answer either.
        const { client } = yield* connect(upstreamOf, plain.url)
        const error = yield* asCaller(Effect.flip(Effect.flatMap(client, (connected) => connected.deleteVoid(thing))))
        assert.strictEqual(meaningOf(error).outcome, "unknown")
      })
    )

    it.scopedLive("may hold the character that stands for unreadable ones", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream(answering('{"text":"a\ufffdb"}', {}))
        assert.deepStrictEqual(yield* get(url), { text: "a\ufffdb" })
      })
    )

    it.scopedLive("may have a compression and no body", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream(answering("", { "content-encoding": "gzip" }))
        const { client } = yield* connect(upstreamOf, url)
        yield* asCaller(Effect.flatMap(client, (connected) => connected.postVoid(thing)))
      })
    )

    for (const [what, body, encoding] of [
      ["cut short", gzipSync('{"ok":true,"text":"something"}').subarray(0, -12), "gzip"],
      ["not what it says", Buffer.from('{"ok":true}'), "gzip"],
      ["not what it says", Buffer.from('{"ok":true}'), "br"],
      ["of a compression that was not offered", Buffer.from('{"ok":true}'), "zstd"],
      ["packed three times", gzipSync(gzipSync(gzipSync("{}"))), "gzip, gzip, gzip"]
    ] as const) {
      it.scopedLive(`is an error in words if it is ${what} (${encoding})`, () =>
        Effect.gen(function* () {
          const { url } = yield* upstream(answering(body, { "content-encoding": encoding }))
          assert.match(yield* problem(url), /it had compressed data that can't be unpacked/u)
        })
      )
    }

    it.scopedLive("is read up to 32 MiB", () =>
      Effect.gen(function* () {
        const body = JSON.stringify({ text: "x".repeat(32 * MiB - 11) })
        const { url } = yield* upstream(answering(body, {}))
        assert.strictEqual(body.length, 32 * MiB)
        const Long = Schema.Struct({ text: Schema.String.pipe(Schema.length(32 * MiB - 11)) })
        assert.isObject(yield* get(url, loose(Long)))
      })
    )

    it.scopedLive("is an error in words beyond 32 MiB, and its connection is closed", () =>
      Effect.gen(function* () {
        const { closed, respond, state } = endless()
        const { url } = yield* upstream(respond)
        assert.match(yield* problem(url), /it had more than 32 MiB/u)
        yield* Deferred.await(closed)
        // What lies in the buffers of the sockets counts too.
        assert.isBelow(state.written, 48 * MiB)
      })
    )

    for (const [encoding, bomb] of Object.entries(bombs)) {
      it.scopedLive(`is an error in words if it becomes more than 32 MiB (${encoding})`, () =>
        Effect.gen(function* () {
          const { url } = yield* upstream(answering(bomb, { "content-encoding": encoding }))
          assert.match(yield* problem(url), /it had more than 32 MiB/u)
        })
      )
    }

    it.scopedLive("that says no leaves it at its status, however long it is", () =>
      Effect.gen(function* () {
        const { closed, respond } = endless(404)
        const { url } = yield* upstream(respond)
        assert.strictEqual((yield* Effect.flip(get(url)))._tag, "NotFound")
        yield* Deferred.await(closed)
        const packed = yield* upstream(answering(bombs.gzip, { "content-encoding": "gzip" }, 409))
        assert.strictEqual((yield* Effect.flip(get(packed.url)))._tag, "Conflict")
        const broken = yield* upstream(answering("<html>", { "content-encoding": "br" }, 403))
        assert.strictEqual((yield* Effect.flip(get(broken.url)))._tag, "Forbidden")
      })
    )

    for (const [what, body, isFine] of [
      ["64 levels", "[".repeat(64) + "]".repeat(64), true],
      ["65 levels", "[".repeat(65) + "]".repeat(65), false],
      ["65 levels of objects", '{"a":'.repeat(64) + "[1]" + "}".repeat(64), false],
      ["a million brackets", "[".repeat(1_000_000), false],
      ["a million brackets that are closed", "[".repeat(1_000_000) + "]".repeat(1_000_000), false],
      ["brackets in a text", JSON.stringify({ text: `\\"${"[{".repeat(100)}` }), true]
    ] as const) {
      it.scopedLive(`with ${what} is ${isFine ? "read" : "an error in words"}`, () =>
        Effect.gen(function* () {
          const { url } = yield* upstream(answering(body, {}))
          if (isFine) yield* get(url)
          else assert.match(yield* problem(url), /it had more than 64 levels of nesting/u)
        })
      )
    }
  })

  describe(`a file over ${name}`, () => {
    /** A server that redirects to a file, which it serves by `respond`. */
    const serving = (respond: Respond) =>
      upstream((request, response) => {
        if (request.url?.endsWith("/download") === true) response.writeHead(302, { location: "/signed" }).end()
        else respond(request, response)
      })

    const content = (apiUrl: string) =>
      Effect.flatMap(connect(upstreamOf, apiUrl), ({ files }) =>
        Effect.map(files, (service) => service.content(AgentId.make(1), RunId.make(2), FileId.make(3)))
      )

    const text = (apiUrl: string) =>
      Effect.flatMap(content(apiUrl), (bytes) =>
        Effect.map(asCaller(Stream.runCollect(bytes)), (chunks) =>
          Buffer.concat(Chunk.toReadonlyArray(chunks)).toString()
        )
      )

    const size = (apiUrl: string) =>
      Effect.flatMap(content(apiUrl), (bytes) =>
        asCaller(Stream.runFold(bytes, 0, (total, chunk) => total + chunk.length))
      )

    const problemOf = (apiUrl: string) =>
      Effect.map(Effect.flip(size(apiUrl)), (error) => {
        assert.strictEqual(error._tag, "UnexpectedResponse")
        return meaningOf(error).text
      })

    for (const [compression, compress] of Object.entries(compressions)) {
      it.scopedLive(`is unpacked: ${compression}`, () =>
        Effect.gen(function* () {
          const rows = "a,b\n1,é\n".repeat(50_000)
          const { url } = yield* serving(
            answering(compress(Buffer.from(rows)), { "content-encoding": nameOf(compression) })
          )
          assert.strictEqual(yield* text(url), rows)
        })
      )
    }

    it.scopedLive("may be empty, and have a compression", () =>
      Effect.gen(function* () {
        const { url } = yield* serving(answering("", { "content-encoding": "gzip" }))
        assert.strictEqual(yield* text(url), "")
      })
    )

    it.scopedLive("is an error in words if it is cut short or not what it says", () =>
      Effect.gen(function* () {
        const rows = gzipSync("a,b\n".repeat(1000))
        const cut = yield* serving(answering(rows.subarray(0, -12), { "content-encoding": "gzip" }))
        assert.match(yield* problemOf(cut.url), /can't be unpacked/u)
        const plain = yield* serving(answering("a,b\n1,2\n", { "content-encoding": "br" }))
        assert.match(yield* problemOf(plain.url), /can't be unpacked/u)
        const unknown = yield* serving(answering("a,b\n1,2\n", { "content-encoding": "zstd" }))
        assert.match(yield* problemOf(unknown.url), /can't be unpacked/u)
      })
    )

    it.scopedLive("is read up to 64 MiB", () =>
      Effect.gen(function* () {
        const { url } = yield* serving(answering(zeros.subarray(0, 64 * MiB), {}))
        assert.strictEqual(yield* size(url), 64 * MiB)
      })
    )

    it.scopedLive("is an error in words beyond 64 MiB, and its connection is closed", () =>
      Effect.gen(function* () {
        const { closed, respond, state } = endless()
        const { url } = yield* serving(respond)
        assert.match(yield* problemOf(url), /it had more than 64 MiB/u)
        yield* Deferred.await(closed)
        assert.isBelow(state.written, 80 * MiB)
      })
    )

    for (const [encoding, bomb] of Object.entries(bombs)) {
      it.scopedLive(`is an error in words if it becomes more than 64 MiB (${encoding})`, () =>
        Effect.gen(function* () {
          const { url } = yield* serving(answering(bomb, { "content-encoding": encoding }))
          assert.match(yield* problemOf(url), /it had more than 64 MiB/u)
        })
      )
    }
  })
}

describe("a response in pieces", () => {
  const bytes = FastCheck.oneof(
    FastCheck.string({ unit: "binary", maxLength: 4 }).map((text) => [...Buffer.from(text)]),
    FastCheck.array(FastCheck.constantFrom(0x20, 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0xff), { maxLength: 4 })
  )

  it.effect.prop(
    "knows whether all of it is UTF-8, and has its text",
    [FastCheck.array(bytes, { maxLength: 6 })],
    ([pieces]) =>
      Effect.gen(function* () {
        const response = new IncomingResponse(200, () => undefined)
        for (const piece of pieces) response.add(Uint8Array.from(piece))
        const whole = Buffer.from(pieces.flat())
        const { body, isUtf8: isText } = yield* response.end({ method: "GET", ...thing })
        assert.strictEqual(isText, isUtf8(whole))
        assert.strictEqual(body, new TextDecoder().decode(whole))
      }),
    { fastCheck: { numRuns: 2000 } }
  )
})

/** The depth of a value, as a person would count it. */
const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe("isTooDeep", () => {
  it.prop(
    "finds the depth of any JSON, at whatever level it hangs",
    [FastCheck.jsonValue({ maxDepth: 8 }), FastCheck.integer({ min: 55, max: 66 }), FastCheck.boolean()],
    ([value, above, isPretty]) => {
      let nested: unknown = value
      for (let level = 0; level < above; level += 1) nested = level % 2 === 0 ? [nested] : { '[{"\\': nested }
      const json = JSON.stringify(nested, null, isPretty ? 2 : 0)
      assert.strictEqual(isTooDeep(json), depthOf(nested) > 64)
    }
  )

  it.prop("leaves alone a text that is no JSON", [FastCheck.string()], ([text]) => {
    assert.isFalse(isTooDeep(`x${text}${"[".repeat(100)}`))
  })
})
