import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { AgentId } from "../../src/sequentum/schemas/common.ts"
import { callOver } from "../support/fakes.ts"

describe("get_space_agents", () => {
  it.effect("says NeverRun of an agent without a status", () =>
    Effect.gen(function* () {
      const agents = () => Effect.succeed([{ id: AgentId.make(7) }])
      assert.deepStrictEqual(yield* callOver({ spaces: { agents } }, "get_space_agents", { spaceId: 3 }), {
        agents: [{ agentId: 7, status: "NeverRun" }]
      })
    })
  )
})

describe("run_space_agents", () => {
  it.effect("names the space and says which agents did not start", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const runAll = (spaceId: number, inputParameters?: string) => {
        asked.push([spaceId, inputParameters])
        const results = [{ agentId: AgentId.make(8), success: false, errorMessage: "Archived" }]
        return Effect.succeed({ totalAgents: 1, agentsStarted: 0, agentsFailed: 1, results })
      }
      assert.deepStrictEqual(yield* callOver({ spaces: { runAll } }, "run_space_agents", { spaceId: 3 }), {
        spaceId: 3,
        totalAgents: 1,
        agentsStarted: 0,
        agentsFailed: 1,
        results: [{ agentId: 8, success: false, errorMessage: "Archived" }]
      })
      assert.deepStrictEqual(asked, [[3, undefined]])
    })
  )
})
