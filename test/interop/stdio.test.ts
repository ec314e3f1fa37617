import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { clients, connected, v2Auto } from "../support/speakers.ts"
import { mainJob, outcome, startBooks } from "./story.ts"

const sandbox = ["--sandbox", "--sandbox-rate-limit", "100000", "--sandbox-speed"]
const fast = { args: [...sandbox, "600"] }
const slow = { args: [...sandbox, "1"] }

const ProtocolFailure = Schema.Struct({ code: Schema.Number, message: Schema.String })

describe("the v2 client without a fixed version", () => {
  it.scopedLive("negotiates 2026-07-28 over stdio and does the main job", () =>
    Effect.gen(function* () {
      const speaker = yield* connected(v2Auto, fast)
      assert.strictEqual(speaker.protocol(), "2026-07-28")
      yield* mainJob(speaker)
    })
  )
})

for (const [who, connect, protocol] of clients) {
  describe(`${who} over stdio`, () => {
    it.scopedLive("does the main job", () =>
      Effect.gen(function* () {
        const speaker = yield* connected(connect, fast)
        assert.strictEqual(speaker.protocol(), protocol)
        yield* mainJob(speaker)
      })
    )

    it.scopedLive("gets results for bad arguments and failures, and an error for an unknown tool", () =>
      Effect.gen(function* () {
        const speaker = yield* connected(connect, fast)
        const bad = yield* outcome(speaker, "get_agent", { agentId: "seven" })
        assert.isTrue(bad.isError)
        assert.match(bad.content[0]?.text ?? "", /agentId must be an integer of at least 1, but was "seven"/u)
        const missing = yield* outcome(speaker, "get_agent", { agentId: 99 })
        assert.isTrue(missing.isError)
        assert.match(missing.content[0]?.text ?? "", /search_agents/u)
        const unknown = yield* Effect.promise(() =>
          speaker.callTool("get_agnet", {}).then(
            () => "It was not refused",
            (error: unknown) => error
          )
        )
        const { code, message } = yield* Schema.decodeUnknown(ProtocolFailure)(unknown)
        assert.strictEqual(code, -32602)
        assert.match(message, /Unknown tool: "get_agnet"/u)
      })
    )

    it.scopedLive("cancels a wait and stays usable", () =>
      Effect.gen(function* () {
        const speaker = yield* connected(connect, slow)
        const ids = yield* startBooks(speaker)
        const controller = new AbortController()
        const waiting = speaker.callTool(
          "wait_for_run",
          { ...ids, timeoutSeconds: 45 },
          { onprogress: () => controller.abort(), signal: controller.signal }
        )
        const cancelled = yield* Effect.either(Effect.tryPromise(() => waiting))
        assert.isTrue(Either.isLeft(cancelled))
        const status = yield* outcome(speaker, "get_run_status", ids)
        assert.notStrictEqual(status.isError, true)
      })
    )
  })
}
