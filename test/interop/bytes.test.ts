import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { heldUpstream } from "./heldUpstream.ts"
import { envelope, greeted, initialize, launch } from "../support/stdioServer.ts"

const sandbox = { args: ["--sandbox", "--sandbox-speed", "600", "--sandbox-rate-limit", "100000"] }

const read = <A, I>(schema: Schema.Schema<A, I>, value: unknown) => Effect.orDie(Schema.decodeUnknown(schema)(value))

const cancelled = (requestId: number) => ({ method: "notifications/cancelled", params: { requestId } })

describe("stdout holds only messages", () => {
  it.scopedLive.each(["0", "1"])("whatever input arrives, with DEBUG=%s", (debug) =>
    Effect.gen(function* () {
      const server = yield* greeted({ ...sandbox, env: { DEBUG: debug } })
      for (const line of ["this is not JSON", "{", "null", "[]", "42", '"text"', "", " ", '{"jsonrpc":"2.0"}', "{}"]) {
        server.write(`${line}\n`)
      }
      server.write(Uint8Array.of(0xff, 0xfe, 0x00, 0x0a))
      server.send({ id: 99, result: {} })
      server.send({ method: "notifications/unknown" })
      server.send(cancelled(12_345))
      server.request(2, "no/such/method")
      server.request(3, "tools/call", { name: "get_agent", arguments: { agentId: 99 } })
      server.request(4, "tools/call", { name: "get_agnet" })
      server.request(5, "tools/call", { name: 7 })
      server.request(6, "tools/list")
      const [unknownMethod, missing, unknownTool, noName] = yield* Effect.all([2, 3, 4, 5].map(server.answer))
      yield* server.answer(6)
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.deepStrictEqual(server.strays(), [])
      assert.strictEqual(unknownMethod?.error?.code, -32601)
      assert.isTrue((yield* read(Schema.Struct({ isError: Schema.Boolean }), missing?.result)).isError)
      assert.strictEqual(unknownTool?.error?.code, -32602)
      assert.strictEqual(noName?.error?.code, -32602)
      assert.deepStrictEqual(
        server
          .messages()
          .flatMap(({ id }) => (typeof id === "number" ? [id] : []))
          .sort((left, right) => left - right),
        [1, 2, 3, 4, 5, 6]
      )
    })
  )

  it.scopedLive("and stderr never holds the key, with DEBUG=1", () =>
    Effect.gen(function* () {
      const upstream = yield* heldUpstream
      const server = yield* greeted({ env: { ...upstream.env, DEBUG: "1" } })
      server.request(2, "tools/call", { name: "list_spaces", arguments: {} })
      yield* upstream.taken
      server.endInput()
      yield* server.ended
      assert.deepStrictEqual(server.strays(), [])
      assert.notInclude(server.stderr(), "sk-held-secret")
    })
  )
})

describe("the request log", () => {
  const calling = (env: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const server = yield* greeted({ ...sandbox, env })
      server.request(2, "tools/call", { name: "search_agents", arguments: { query: "hidden-words", maxRecords: 7 } })
      yield* server.answer(2)
      server.endInput()
      yield* server.ended
      return server.stderr()
    })

  it.scopedLive("with DEBUG has tools, and of their arguments only what can hold no secret", () =>
    Effect.gen(function* () {
      const log = yield* calling({ DEBUG: "1" })
      assert.match(log, /tool.*search_agents.*maxRecords.{0,3}:7/u)
      assert.notInclude(log, "hidden-words")
    })
  )

  it.scopedLive("is empty without it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* calling({}), "")
    })
  )
})

describe("messages are read", () => {
  it.scopedLive("in pieces, several at once and with Windows line ends", () =>
    Effect.gen(function* () {
      const server = yield* launch(sandbox)
      const bytes = Buffer.from(
        `${JSON.stringify({ jsonrpc: "2.0", ...initialize, params: { ...initialize.params, clientInfo: { name: "Zoë 🕷", version: "1" } } })}\r\n`
      )
      for (const byte of bytes) server.write(Uint8Array.of(byte))
      yield* server.answer(1)
      const ask = (id: number, query: string) =>
        JSON.stringify({
          jsonrpc: "2.0",
          id,
          method: "tools/call",
          params: { name: "search_agents", arguments: { query } }
        })
      const [first = "", ...rest] = [2, 3, 4, 5].map((id) => ask(id, "books"))
      server.write(`${[first, ...rest].join("\r\n")}\n${ask(6, "🕷".repeat(100)).slice(0, -1)}`)
      yield* Effect.all([2, 3, 4, 5].map(server.answer))
      server.write("}\n")
      assert.isDefined((yield* server.answer(6)).result)
      assert.deepStrictEqual(server.strays(), [])
    })
  )
})

describe("a call that waits", () => {
  const Started = Schema.Struct({
    structuredContent: Schema.Struct({ run: Schema.Struct({ runId: Schema.Number }) })
  })
  const Progressed = Schema.Struct({
    progressToken: Schema.String,
    progress: Schema.Number,
    total: Schema.Number,
    message: Schema.String
  })

  it.scopedLive("reports growing progress under its progress token, and none without a token", () =>
    Effect.gen(function* () {
      const server = yield* greeted({ args: ["--sandbox", "--sandbox-speed", "250", "--sandbox-rate-limit", "100000"] })
      server.request(2, "tools/call", { name: "start_agent", arguments: { agentId: 4101 } })
      const { structuredContent } = yield* read(Started, (yield* server.answer(2)).result)
      const wait = (id: number, extra: object) =>
        server.request(id, "tools/call", {
          name: "wait_for_run",
          arguments: { agentId: 4101, runId: structuredContent.run.runId, timeoutSeconds: 45 },
          ...extra
        })
      wait(3, { _meta: { progressToken: "p-3" } })
      wait(4, {})
      yield* Effect.all([server.answer(3), server.answer(4)])
      const messages = server.messages()
      const reports = yield* Effect.forEach(
        messages.filter(({ method }) => method === "notifications/progress"),
        ({ params }) => read(Progressed, params)
      )
      assert.isAtLeast(reports.length, 2)
      for (const [index, { progress, progressToken, total }] of reports.entries()) {
        assert.strictEqual(progressToken, "p-3")
        assert.isAbove(progress, reports[index - 1]?.progress ?? Number.NEGATIVE_INFINITY)
        assert.isAtMost(progress, total)
      }
      const answered = messages.findIndex(({ id }) => id === 3)
      assert.isTrue(messages.slice(answered).every(({ params }) => params === undefined))
    })
  )
})

describe("a call that is cancelled", () => {
  it.scopedLive("aborts its request to Sequentum, gets no response and leaves the server working", () =>
    Effect.gen(function* () {
      const upstream = yield* heldUpstream
      const server = yield* greeted(upstream)
      server.request(2, "tools/call", { name: "wait_for_run", arguments: { agentId: 1, runId: 2 } })
      const path = yield* upstream.taken
      server.send(cancelled(2))
      assert.strictEqual(yield* upstream.givenUp, path)
      server.request(3, "ping")
      yield* server.answer(3)
      server.request(4, "tools/call", { name: "list_spaces", arguments: {} })
      yield* upstream.taken
      server.endInput()
      yield* server.ended
      assert.isFalse(server.messages().some(({ id }) => id === 2))
    })
  )

  it.scopedLive("does the same in the 2026-07-28 era", () =>
    Effect.gen(function* () {
      const upstream = yield* heldUpstream
      const server = yield* launch(upstream)
      server.request(1, "server/discover", envelope())
      yield* server.answer(1)
      server.request(2, "tools/call", { name: "list_spaces", arguments: {}, ...envelope() })
      const path = yield* upstream.taken
      server.send({ method: "notifications/cancelled", params: { requestId: 2, ...envelope() } })
      assert.strictEqual(yield* upstream.givenUp, path)
      server.request(3, "tools/list", envelope())
      assert.isDefined((yield* server.answer(3)).result)
    })
  )
})

describe("in the 2026-07-28 era", () => {
  it.scopedLive("the server lists its protocol versions and refuses others", () =>
    Effect.gen(function* () {
      const server = yield* launch(sandbox)
      server.request(1, "server/discover", envelope())
      const discovered = yield* read(
        Schema.Struct({
          resultType: Schema.Literal("complete"),
          supportedVersions: Schema.Array(Schema.String),
          capabilities: Schema.Struct({ tools: Schema.Object }),
          instructions: Schema.String,
          ttlMs: Schema.Number,
          cacheScope: Schema.Literal("public", "private")
        }),
        (yield* server.answer(1)).result
      )
      assert.include(discovered.supportedVersions, "2026-07-28")
      server.request(2, "tools/list", envelope("1999-01-01"))
      const { error: unsupported } = yield* server.answer(2)
      assert.strictEqual(unsupported?.code, -32022)
      const { requested, supported } = yield* read(
        Schema.Struct({ supported: Schema.Array(Schema.String), requested: Schema.String }),
        unsupported?.data
      )
      assert.include(supported, "2026-07-28")
      assert.strictEqual(requested, "1999-01-01")
      server.request(3, "tools/list", envelope())
      assert.isDefined((yield* server.answer(3)).result)
      server.request(4, "tools/list", {})
      assert.strictEqual((yield* server.answer(4)).error?.code, -32602)
      server.send({ ...initialize, id: 5 })
      assert.strictEqual((yield* server.answer(5)).error?.code, -32022)
      assert.deepStrictEqual(server.strays(), [])
    })
  )
})

describe("the process ends with nothing pending", () => {
  it.scopedLive("on EOF before any message", () =>
    Effect.gen(function* () {
      const server = yield* launch(sandbox)
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.deepStrictEqual(server.stdout, [])
      assert.strictEqual(server.stderr(), "")
    })
  )

  const inFlight = Effect.gen(function* () {
    const upstream = yield* heldUpstream
    const server = yield* greeted(upstream)
    server.request(2, "tools/call", { name: "list_spaces", arguments: {} })
    yield* upstream.taken
    return { server, upstream }
  })

  it.scopedLive("on EOF during a call", () =>
    Effect.gen(function* () {
      const { server, upstream } = yield* inFlight
      server.endInput()
      yield* upstream.givenUp
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.strictEqual(server.stderr(), "")
    })
  )

  it.scopedLive("when the client closes stdout", () =>
    Effect.gen(function* () {
      const { server } = yield* inFlight
      server.child.stdout.destroy()
      server.request(3, "ping")
      const { signal } = yield* server.ended
      assert.isNull(signal)
      assert.strictEqual(server.stderr(), "")
    })
  )

  it.scopedLive.each(["SIGINT", "SIGTERM"] as const)("on %s during a call", (name) =>
    Effect.gen(function* () {
      const { server, upstream } = yield* inFlight
      server.child.kill(name)
      yield* upstream.givenUp
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.strictEqual(server.stderr(), "")
    })
  )

  it.scopedLive.each(["SIGINT", "SIGTERM"] as const)("on %s, with its sandbox", (name) =>
    Effect.gen(function* () {
      const server = yield* greeted(sandbox)
      server.child.kill(name)
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.strictEqual(server.stderr(), "")
    })
  )

  it.scopedLive.each([
    { what: "without a key", says: /SEQUENTUM_API_KEY/u },
    {
      what: "with an invalid URL",
      env: { SEQUENTUM_API_KEY: "x", SEQUENTUM_API_URL: "nowhere" },
      says: /SEQUENTUM_API_URL/u
    },
    { what: "with an unknown flag", args: ["--sandbocks"], says: /--sandbocks/u }
  ])("with one line on stderr, although the input is still open, $what", ({ says, ...options }) =>
    Effect.gen(function* () {
      const server = yield* launch(options)
      assert.deepStrictEqual(yield* server.ended, { code: 2, signal: null })
      assert.deepStrictEqual(server.stdout, [])
      assert.match(server.stderr(), /^[^\n]+\n$/u)
      assert.match(server.stderr(), says)
    })
  )
})
