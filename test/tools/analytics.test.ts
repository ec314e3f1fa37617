import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AgentId } from "../../src/sequentum/schemas/common.ts"
import { RunId } from "../../src/sequentum/schemas/common.ts"
import { account } from "../support/account.ts"
import { callOver } from "../support/fakes.ts"
import type { Answer, Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

describe("get_latest_failure", () => {
  const without =
    (answer: Answer): Respond =>
    (sent) =>
      sent.path.endsWith("/latest-failure") ? answer : account(sent)

  it.effect.each([{ status: 404, body: {} }, { body: { message: "No failed runs." } }])(
    "says that there is none when Sequentum answers %j",
    (answer) =>
      Effect.gen(function* () {
        const { call } = yield* toolsOver(without(answer))
        assert.deepStrictEqual(yield* call("get_latest_failure", { agentId: 7 }), { hasFailure: false, agentId: 7 })
      })
  )

  it.effect("fails for an agent that does not exist", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(without({ status: 404, body: {} }))
      const error = yield* Effect.flip(call("get_latest_failure", { agentId: 8 }))
      assert.strictEqual(error._tag, "NotFound")
      assert.strictEqual(error._tag === "NotFound" ? error.path : "", "/agent/8")
    })
  )

  it.effect("does not look for the agent when it has a failure or knows that there is none", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const latestFailure = (agentId: AgentId) =>
        Effect.sync(() => {
          asked.push(agentId)
          return agentId === 7 ? Option.some({ runId: RunId.make(88), agentId }) : Option.none()
        })
      const fakes = { analytics: { latestFailure } }
      const args = [{ agentId: 7 }, { agentId: 8 }]
      assert.deepStrictEqual(yield* Effect.forEach(args, (each) => callOver(fakes, "get_latest_failure", each)), [
        { hasFailure: true, agentId: 7, runId: 88 },
        { hasFailure: false, agentId: 8 }
      ])
      assert.deepStrictEqual(asked, [7, 8])
    })
  )
})

describe("get_runs_summary", () => {
  it.effect("has no failed runs where Sequentum lists none", () =>
    Effect.gen(function* () {
      const runs = () => Effect.succeed({ totalRuns: 2, failedRuns: 0, queuedRuns: 1 })
      assert.deepStrictEqual(yield* callOver({ analytics: { runs } }, "get_runs_summary", {}), {
        totalRuns: 2,
        failedRuns: 0,
        queuedRuns: 1
      })
    })
  )
})
