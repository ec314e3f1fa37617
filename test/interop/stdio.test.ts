import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { clients, connected } from "./speakers.ts"
import { mainJob, outcome, startBooks } from "./story.ts"

const sandbox = ["--sandbox", "--sandbox-rate-limit", "100000", "--sandbox-speed"]
const fast = { args: [...sandbox, "600"] }
const slow = { args: [...sandbox, "1"] }

for (const [who, connect] of clients) {
  describe(`${who} over stdio`, () => {
    it.scopedLive("does the main job", () => Effect.flatMap(connected(connect, fast), mainJob))

    it.scopedLive("is told of bad arguments and of failures as results, of unknown tools as errors", () =>
      Effect.gen(function* () {
        const speaker = yield* connected(connect, fast)
        const bad = yield* outcome(speaker, "get_agent", { agentId: "seven" })
        assert.isTrue(bad.isError)
        assert.match(bad.content[0]?.text ?? "", /agentId must be an integer of at least 1, but was "seven"/u)
        const missing = yield* outcome(speaker, "get_agent", { agentId: 99 })
        assert.isTrue(missing.isError)
        assert.match(missing.content[0]?.text ?? "", /search_agents/u)
        const unknown = yield* Effect.either(
          Effect.tryPromise({ try: () => speaker.callTool("get_agnet", {}), catch: String })
        )
        assert.isTrue(Either.isLeft(unknown) && /Unknown tool/u.test(unknown.left))
      })
    )

    it.scopedLive("cancels a wait, and goes on", () =>
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
