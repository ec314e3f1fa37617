import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { envelope, greeted, initialize, launch } from "../support/stdioServer.ts"

const sandbox = {
  args: ["--sandbox", "--sandbox-speed", "10", "--sandbox-rate-limit", "100000"],
  env: { DRAIN: "1 second" }
}

const Started = Schema.Struct({
  structuredContent: Schema.Struct({ run: Schema.Struct({ runId: Schema.Number }) })
})
const Waited = Schema.Struct({ structuredContent: Schema.Struct({ isFinal: Schema.Boolean }) })

const decoded = <A, I>(schema: Schema.Schema<A, I>, value: unknown) => Effect.orDie(Schema.decodeUnknown(schema)(value))

/** A server that has reported progress of a wait. The run takes far longer than the test. */
const waiting = (modern: boolean) =>
  Effect.gen(function* () {
    const server = modern ? yield* launch(sandbox) : yield* greeted(sandbox)
    const { _meta } = modern ? envelope() : { _meta: {} }
    const agentId = 4101
    server.request(2, "tools/call", { name: "start_agent", arguments: { agentId }, _meta })
    const { result } = yield* server.answer(2)
    const { structuredContent } = yield* decoded(Started, result)
    const run = { agentId, runId: structuredContent.run.runId }
    server.request(3, "tools/call", {
      name: "wait_for_run",
      arguments: { ...run, timeoutSeconds: 45 },
      _meta: { ..._meta, progressToken: "waiting" }
    })
    yield* server.heard(({ method }) => method === "notifications/progress")
    return { run, server }
  })

for (const [era, modern] of [
  ["the older eras", false],
  ["the 2026-07-28 era", true]
] as const) {
  describe(`a sandbox that a wait polls, in ${era}`, () => {
    it.scopedLive("ends on EOF, after the wait has answered with the last state", () =>
      Effect.gen(function* () {
        const { server } = yield* waiting(modern)
        server.endInput()
        assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
        const { result } = yield* server.answer(3)
        assert.isFalse((yield* decoded(Waited, result)).structuredContent.isFinal)
        assert.strictEqual(server.stderr(), "")
        assert.deepStrictEqual(server.strays(), [])
      })
    )

    it.scopedLive.each(["SIGINT", "SIGTERM"] as const)("ends on %s", (name) =>
      Effect.gen(function* () {
        const { server } = yield* waiting(modern)
        server.child.kill(name)
        assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
        assert.strictEqual(server.stderr(), "")
        assert.deepStrictEqual(server.strays(), [])
      })
    )

    it.scopedLive("is no longer polled by a cancelled wait, while another wait goes on", () =>
      Effect.gen(function* () {
        const { run, server } = yield* waiting(modern)
        const more = modern ? envelope() : {}
        server.send({ method: "notifications/cancelled", params: { requestId: 3, ...more } })
        server.request(4, "tools/call", { name: "stop_agent", arguments: run, ...more })
        yield* server.answer(4)
        server.request(5, "tools/call", { name: "wait_for_run", arguments: { ...run, timeoutSeconds: 45 }, ...more })
        const { result } = yield* server.answer(5)
        assert.isTrue((yield* decoded(Waited, result)).structuredContent.isFinal)
        const messages = server.messages()
        const after = messages.slice(messages.findIndex(({ id }) => id === 4))
        assert.deepStrictEqual(
          after.map(({ id, method }) => id ?? method),
          [4, 5]
        )
        server.endInput()
        assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
        assert.isFalse(server.messages().some(({ id }) => id === 3))
      })
    )
  })
}

describe("a client that initializes, sends a request and closes at once", () => {
  it.scopedLive.each([
    { what: "on the sandbox", options: sandbox },
    { what: "with a key", options: { env: { SEQUENTUM_API_KEY: "unused" } } }
  ])("gets its response, and background loading ends quietly, $what", ({ options }) =>
    Effect.gen(function* () {
      const server = yield* launch(options)
      server.send(initialize)
      server.request(2, "tools/list")
      server.endInput()
      yield* server.answer(1)
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.strictEqual(server.stderr(), "")
      assert.deepStrictEqual(server.strays(), [])
    })
  )
})
