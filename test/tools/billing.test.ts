import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { UsageQuery } from "../../src/sequentum/Billing.ts"
import { callOver } from "../support/fakes.ts"

describe("get_agents_usage", () => {
  for (const [given, wire] of [
    ["asc", 0],
    ["desc", 1],
    [0, 0],
    [1, 1],
    [undefined, undefined]
  ] as const) {
    it.effect(`asks for sortOrder ${wire} when given ${given}`, () =>
      Effect.gen(function* () {
        const queries: Array<UsageQuery> = []
        const agentsUsage = (query: UsageQuery) => {
          queries.push(query)
          return Effect.succeed({ totalCost: 0 })
        }
        yield* callOver(
          { billing: { agentsUsage } },
          "get_agents_usage",
          given === undefined ? {} : { sortOrder: given }
        )
        assert.deepStrictEqual(
          queries.map(({ sortOrder }) => sortOrder),
          [wire]
        )
      })
    )
  }
})

describe("a list that Sequentum leaves out is empty", () => {
  const period = { startDate: "2026-03-01", endDate: "2026-03-02" }
  const pagination = { pageIndex: 1, recordsPerPage: 50, hasMore: false }

  it.effect("in get_credit_history", () =>
    Effect.gen(function* () {
      const history = () => Effect.succeed({})
      assert.deepStrictEqual(yield* callOver({ billing: { history } }, "get_credit_history", {}), {
        transactions: [],
        pagination
      })
    })
  )

  it.effect("in get_agents_usage", () =>
    Effect.gen(function* () {
      const agentsUsage = () => Effect.succeed({ totalCost: 0 })
      assert.deepStrictEqual(yield* callOver({ billing: { agentsUsage } }, "get_agents_usage", period), {
        ...period,
        totalCost: 0,
        agents: [],
        pagination
      })
    })
  )

  it.effect("in get_agent_cost_breakdown", () =>
    Effect.gen(function* () {
      const costBreakdown = () => Effect.succeed({ totalCost: 0 })
      const args = { agentId: 7, ...period }
      assert.deepStrictEqual(yield* callOver({ billing: { costBreakdown } }, "get_agent_cost_breakdown", args), {
        ...args,
        totalCost: 0,
        labels: [],
        usageTypes: []
      })
    })
  )

  it.effect("in get_agent_runs_cost", () =>
    Effect.gen(function* () {
      const runsCost = () => Effect.succeed({ totalCost: 0 })
      const args = { agentId: 7, ...period }
      assert.deepStrictEqual(yield* callOver({ billing: { runsCost } }, "get_agent_runs_cost", args), {
        ...args,
        totalCost: 0,
        runs: [],
        pagination
      })
    })
  )
})
