import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { UsageQuery } from "../../src/sequentum/Billing.ts"
import { callOver } from "../support/fakes.ts"
import { requestLine, type Answer, type Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

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

describe("get_agents_usage with includeRecords", () => {
  const period = { startDate: "2026-03-01", endDate: "2026-03-02" }
  const costs = [
    { agentId: 7, agentName: "Books", cost: 3 },
    { agentId: 8, agentName: "Laptops", cost: 0.5 },
    { agentId: 9, agentName: "Flats", cost: 1 }
  ]

  const over =
    (records: Readonly<Record<number, Answer>>): Respond =>
    ({ path, query }) =>
      path === "/billing/agents"
        ? { body: { agents: costs, totalRecordCount: 3, totalCost: 4.5 } }
        : (records[Number(query["agentId"])] ?? { status: 404 })

  it.effect("tells what 1,000 records of each agent cost, in one call", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(
        over({
          7: { body: { runCount: 4, totalRecordsExtracted: 7000 } },
          8: { body: { runCount: 2, totalRecordsExtracted: 0 } },
          9: { status: 403 }
        })
      )
      const result = yield* call("get_agents_usage", { ...period, includeRecords: true })
      assert.deepStrictEqual(result["agents"], [
        { ...costs[0], runs: 4, records: 7000, costPer1000Records: 0.4286 },
        { ...costs[1], runs: 2, records: 0 },
        costs[2]
      ])
      assert.strictEqual(
        result["notice"],
        "1 of 3 agents could not be read: agent 9. This account may not do that (403, GET /analytics/records/summary)."
      )
      assert.deepStrictEqual(sent.slice(1).map(requestLine), [
        ...[7, 8, 9].map((id) => `GET /analytics/records/summary?agentId=${id}&endDate=2026-03-02&startDate=2026-03-01`)
      ])
    })
  )

  it.effect("shows the costs alone where no records can be read", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(over({}))
      const result = yield* call("get_agents_usage", { ...period, includeRecords: true })
      assert.deepStrictEqual(result["agents"], costs)
      assert.match(String(result["notice"]), /^3 of 3 agents could not be read: agent 7, agent 8, agent 9\./)
    })
  )
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
