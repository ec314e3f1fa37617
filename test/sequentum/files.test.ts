import { assert, describe, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"
import * as Deadline from "../../src/sequentum/Deadline.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { AgentId, FileId, RunId } from "../../src/sequentum/schemas/common.ts"
import { whileTimePasses } from "../support/time.ts"
import { asCaller, clientOver, script, type Step } from "../support/http.ts"

const about = [AgentId.make(1), RunId.make(2), FileId.make(3)] as const

/** The files over a script of steps, with what was asked for. */
const filesOver = (steps: ReadonlyArray<Step>, apiUrl = "https://sequentum.test") => {
  const { layer, seen } = script(steps)
  const client = SequentumClient.layer({ apiUrl: new URL(apiUrl), requestTimeout: Duration.seconds(30) })
  return Effect.map(
    Effect.provide(
      Files,
      Files.Default.pipe(Layer.provide(client), Layer.provide(layerHttpClient(new URL(apiUrl))), Layer.provide(layer))
    ),
    (files) => ({
      files,
      seen,
      text: asCaller(
        Effect.map(Stream.runCollect(files.content(...about)), (chunks) =>
          Buffer.concat(Chunk.toReadonlyArray(chunks)).toString()
        )
      )
    })
  )
}

/** The same, but the file itself comes as a piece every ten seconds, without end. */
const drippingFiles = Effect.gen(function* () {
  const runtime = yield* Effect.runtime()
  const drops = Stream.repeatEffect(Effect.as(Effect.sleep("10 seconds"), new TextEncoder().encode("a")))
  const { layer } = script([signed])
  const http = Layer.map(layer, (context) => {
    const scripted = Context.get(context, HttpClient.HttpClient)
    return Context.make(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        request.url.startsWith("https://files.test/")
          ? Effect.sync(() =>
              HttpClientResponse.fromWeb(request, new Response(Stream.toReadableStreamRuntime(drops, runtime)))
            )
          : scripted.execute(request)
      )
    )
  })
  return yield* Effect.provide(Files, Files.Default.pipe(Layer.provide(clientOver(http)), Layer.provide(http)))
})

const redirect = (location: string): Step => ({ status: 302, headers: { location } })
const signed = redirect("https://files.test/a.csv?sig=1")
const signedAnew = redirect("https://files.test/a.csv?sig=2")
const rows: Step = { status: 200, body: "a,b\n1,2\n" }

describe("the address of a file", () => {
  for (const location of [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://files.test/a.csv",
    "data:text/csv,a",
    "ws://files.test/",
    "blob:https://files.test/a",
    "http://files.test/a.csv",
    "//[",
    "HTTP://files.test/a.csv"
  ]) {
    it.effect(`is not handed on, nor fetched, if it is ${location}`, () =>
      Effect.gen(function* () {
        for (const read of ["address", "content"] as const) {
          const { files, seen, text } = yield* filesOver([redirect(location), rows])
          const address = Effect.map(asCaller(files.downloadUrl(...about)), ({ href }) => href)
          const error = yield* Effect.flip(read === "address" ? address : text)
          assert.strictEqual(error._tag, "UnexpectedResponse")
          assert.match(meaningOf(error).text, /could not be used.*redirect/u)
          assert.strictEqual(seen.length, 1)
        }
      })
    )
  }

  for (const [apiUrl, location, expected] of [
    ["https://sequentum.test", "https://files.test/a?sig=1#x", "https://files.test/a?sig=1#x"],
    ["https://sequentum.test", "/a.csv", "https://sequentum.test/a.csv"],
    ["http://127.0.0.1:4100", "http://127.0.0.1:4100/a.csv", "http://127.0.0.1:4100/a.csv"],
    ["http://127.0.0.1:4100", "https://files.test/a.csv", "https://files.test/a.csv"]
  ] as const) {
    it.effect(`of an API at ${apiUrl} may be ${location}`, () =>
      Effect.gen(function* () {
        const { files } = yield* filesOver([redirect(location)], apiUrl)
        assert.strictEqual((yield* asCaller(files.downloadUrl(...about))).href, expected)
      })
    )
  }

  it.effect.prop(
    "is https or an error in words, whatever the redirect says",
    [
      FastCheck.oneof(
        FastCheck.webUrl({ validSchemes: ["http", "https", "ftp", "file", "gopher"] }),
        FastCheck.string().map((text) => text.replaceAll(/[^\x20-\x7e]/gu, "")),
        FastCheck.tuple(
          FastCheck.constantFrom("javascript", "data", "about", "intent", "https"),
          FastCheck.webPath()
        ).map(([scheme, rest]) => `${scheme}:${rest}`)
      )
    ],
    ([location]) =>
      Effect.gen(function* () {
        const { files } = yield* filesOver([redirect(location)])
        const outcome = yield* Effect.either(asCaller(files.downloadUrl(...about)))
        if (outcome._tag === "Right") assert.strictEqual(outcome.right.protocol, "https:")
        else assert.strictEqual(outcome.left._tag, "UnexpectedResponse")
      })
  )
})

describe("a download", () => {
  for (const [what, step] of [
    ["answers 403", { status: 403, body: "<Error>expired</Error>" }],
    ["answers 404", { status: 404 }],
    ["answers 503", { status: 503 }],
    ["can't be reached", { fails: { code: "ECONNREFUSED", syscall: "connect" } }],
    ["drops its connection", { fails: { code: "ECONNRESET", syscall: "read" } }]
  ] as const) {
    it.effect(`is begun anew with another address if the first one ${what}`, () =>
      Effect.gen(function* () {
        const { seen, text } = yield* filesOver([signed, step, signedAnew, rows])
        assert.strictEqual(yield* text, "a,b\n1,2\n")
        assert.deepStrictEqual(
          seen.map(({ url }) => url.search),
          ["", "?sig=1", "", "?sig=2"]
        )
      })
    )

    it.effect(`says in words if the second one ${what} too`, () =>
      Effect.gen(function* () {
        const { seen, text } = yield* filesOver([signed, step, signedAnew, step])
        const error = yield* Effect.flip(text)
        assert.strictEqual(error._tag, "DownloadRefused")
        const said = meaningOf(error).text
        assert.match(said, /^The file can't be fetched: .*a fresh one/u)
        assert.match(said, /\((?:status (?:403|404|503)|ECONNREFUSED|ECONNRESET)\)/u)
        assert.notMatch(said, /SEQUENTUM_API_URL|expired|sig=/u)
        assert.strictEqual(seen.length, 4)
      })
    )
  }

  it.effect("fails as the API does if another address can't be had", () =>
    Effect.gen(function* () {
      const { text } = yield* filesOver([signed, { status: 403 }, { status: 404 }])
      assert.strictEqual((yield* Effect.flip(text))._tag, "NotFound")
    })
  )

  it.effect("names the setting for a certificate that is not trusted, and does not ask again", () =>
    Effect.gen(function* () {
      const { seen, text } = yield* filesOver([signed, { fails: { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" } }])
      assert.match(meaningOf(yield* Effect.flip(text)).text, /NODE_EXTRA_CA_CERTS/u)
      assert.strictEqual(seen.length, 2)
    })
  )

  for (const step of ["silence", "stall"] as const) {
    it.effect(`ends with the call that it is part of (${step})`, () =>
      Effect.gen(function* () {
        const { text } = yield* filesOver([signed, step])
        const error = yield* whileTimePasses(Effect.flip(Deadline.within(Duration.seconds(10))(text)))
        assert.isTrue(error._tag === "RequestTimeout" && error.seconds === 10, JSON.stringify(error))
      })
    )
  }

  it.effect("that drips ends half a second before its call must", () =>
    Effect.gen(function* () {
      const files = yield* drippingFiles
      const error = yield* whileTimePasses(
        Effect.flip(asCaller(Deadline.ofCall(Stream.runDrain(files.content(...about))))),
        "100 millis",
        1000
      )
      assert.strictEqual(error._tag, "RequestTimeout")
      const endedAt = yield* Clock.currentTimeMillis
      assert.isAtLeast(endedAt, 49_000)
      assert.isAtMost(endedAt, 49_500)
    })
  )
})
