import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Billing } from "../../sequentum/Billing.ts"
import { checkRange, monthToDate } from "../dates.ts"
import { notice, Pagination, pagination, pick } from "../outputs.ts"
import * as Param from "../Param.ts"
import { make, readOnly } from "../Tool.ts"

const reads = { toolset: "billing", hints: readOnly, scope: "billing:read" } as const

const dates = {
  startDate: Param.optional(Param.date()),
  endDate: Param.optional(Param.date())
}

const page = (max: number) => ({
  pageIndex: Param.optionalOr(Param.integer(""), 1),
  recordsPerPage: Param.optionalOr(Param.integer("", { max }), 50)
})

const usageTypes = Param.optional(
  Param.text(
    "Only these, comma-separated: RunUsage, ExportDataBandwidth, ExportDataCpm, InputCount, ProxyUsage, AgentBuilder",
    {
      maxLength: 300
    }
  )
)

const nextPage = "Ask again with a smaller recordsPerPage and step through pageIndex."

const getCreditsBalance = make({
  ...reads,
  name: "get_credits_balance",
  title: "Get credits balance",
  description: "Credits left to spend now. For what was spent use get_spending_summary.",
  input: Param.none,
  output: Schema.Struct({
    availableCredits: Schema.Number,
    organizationId: Param.optional(Schema.Number),
    retrievedAt: Param.optional(Schema.String)
  }),
  handler: () =>
    Effect.gen(function* () {
      const credits = yield* (yield* Billing).credits()
      return {
        availableCredits: credits.availableCredits,
        ...pick(credits, ["organizationId", "retrievedAt"])
      }
    })
})

const getSpendingSummary = make({
  ...reads,
  name: "get_spending_summary",
  title: "Get spending summary",
  description:
    "Credits spent in a period (by default this week) and the balance. For who spent them use get_agents_usage.",
  input: Schema.Struct(dates),
  output: Schema.Struct({
    totalSpent: Schema.Number,
    currentBalance: Param.optional(Schema.Number),
    startDate: Param.optional(Schema.String),
    endDate: Param.optional(Schema.String)
  }),
  handler: (given) =>
    Effect.gen(function* () {
      yield* checkRange("get_spending_summary", given.startDate, given.endDate)
      const spending = yield* (yield* Billing).spending(given)
      return { totalSpent: spending.totalSpent, ...pick(spending, ["currentBalance", "startDate", "endDate"]) }
    })
})

const getCreditHistory = make({
  ...reads,
  name: "get_credit_history",
  title: "List credit transactions",
  description:
    "Credits granted, spent, refunded and expired, newest first. For the cost of each agent use get_agents_usage.",
  bound: { list: "transactions", rest: nextPage },
  input: Schema.Struct(page(100)),
  output: Schema.Struct({
    transactions: Schema.Array(
      Schema.Struct({
        transactionType: Param.optional(Schema.String),
        amount: Schema.Number,
        balance: Param.optional(Schema.Number),
        created: Param.optional(Schema.String),
        expiresAt: Param.optional(Schema.String),
        message: Param.optional(Schema.String)
      })
    ),
    pagination: Pagination,
    notice
  }),
  handler: (query) =>
    Effect.gen(function* () {
      const { totalCount, transactions = [] } = yield* (yield* Billing).history(query)
      return {
        transactions: transactions.map((transaction) => ({
          amount: transaction.amount,
          ...pick(transaction, ["transactionType", "balance", "created", "expiresAt", "message"])
        })),
        pagination: pagination(query, transactions.length, totalCount)
      }
    })
})

const period = { startDate: Schema.String, endDate: Schema.String }

const getAgentsUsage = make({
  ...reads,
  name: "get_agents_usage",
  title: "List cost by agent",
  description:
    "What each agent cost in a period, by default this month. sortColumn cost with sortOrder desc gives the dearest first; then get_agent_cost_breakdown.",
  bound: { list: "agents", rest: nextPage },
  input: Schema.Struct({
    ...dates,
    ...page(1000),
    sortColumn: Param.optional(Param.oneOf("By name if left out", ["name", "cost"])),
    sortOrder: Param.optional(Param.sortOrder),
    name: Param.optional(Param.text("Part of the agent's name", { maxLength: 200 })),
    usageTypes
  }),
  output: Schema.Struct({
    ...period,
    totalCost: Schema.Number,
    agents: Schema.Array(
      Schema.Struct({
        agentId: Schema.Number,
        agentName: Param.optional(Schema.String),
        cost: Schema.Number,
        spaceId: Param.optional(Schema.Number)
      })
    ),
    pagination: Pagination,
    notice
  }),
  handler: ({ endDate, sortOrder, startDate, ...query }) =>
    Effect.gen(function* () {
      const range = yield* monthToDate("get_agents_usage", { ...given(startDate, endDate) })
      const usage = yield* (yield* Billing).agentsUsage({
        ...query,
        ...range,
        sortOrder: Param.wireSortOrder(sortOrder)
      })
      const agents = usage.agents ?? []
      return {
        ...range,
        totalCost: usage.totalCost,
        agents: agents.map((agent) => ({
          agentId: agent.agentId,
          cost: agent.cost,
          ...pick(agent, ["agentName", "spaceId"])
        })),
        pagination: pagination(query, agents.length, usage.totalRecordCount)
      }
    })
})

/** The dates that were given, absent ones left out. */
const given = (startDate: string | undefined, endDate: string | undefined) => ({
  ...(startDate === undefined ? {} : { startDate }),
  ...(endDate === undefined ? {} : { endDate })
})

const getAgentCostBreakdown = make({
  ...reads,
  name: "get_agent_cost_breakdown",
  title: "Get cost breakdown of an agent",
  description:
    "What one agent cost by usage type and day or month, by default this month. data lines up with labels. For single runs use get_agent_runs_cost.",
  input: Schema.Struct({
    agentId: Param.agentId,
    ...dates,
    timeUnit: Param.optionalOr(Param.oneOf("What one label stands for", ["day", "month"]), "day"),
    usageTypes
  }),
  output: Schema.Struct({
    ...period,
    agentId: Schema.Number,
    agentName: Param.optional(Schema.String),
    totalCost: Schema.Number,
    labels: Schema.Array(Schema.String),
    usageTypes: Schema.Array(
      Schema.Struct({ type: Schema.String, totalCost: Schema.Number, data: Schema.Array(Schema.Number) })
    )
  }),
  handler: ({ agentId, endDate, startDate, ...query }) =>
    Effect.gen(function* () {
      const range = yield* monthToDate("get_agent_cost_breakdown", given(startDate, endDate))
      const breakdown = yield* (yield* Billing).costBreakdown(agentId, { ...query, ...range })
      return {
        ...range,
        agentId,
        ...pick(breakdown, ["agentName"]),
        totalCost: breakdown.totalCost,
        labels: breakdown.labels ?? [],
        usageTypes: (breakdown.usageTypes ?? []).map(({ data = [], totalCost, type }) => ({ type, totalCost, data }))
      }
    })
})

const getAgentRunsCost = make({
  ...reads,
  name: "get_agent_runs_cost",
  title: "List cost by run",
  description:
    "What each run of an agent cost in a period, by default this month. Whether totalCost covers all runs or this page only is not certain; check hasMore.",
  bound: { list: "runs", rest: nextPage },
  input: Schema.Struct({
    agentId: Param.agentId,
    ...dates,
    ...page(1000),
    sortColumn: Param.optional(Param.oneOf("By date if left out", ["date", "cost", "duration"])),
    sortOrder: Param.optional(Param.sortOrder),
    usageTypes
  }),
  output: Schema.Struct({
    ...period,
    agentId: Schema.Number,
    agentName: Param.optional(Schema.String),
    totalCost: Schema.Number,
    runs: Schema.Array(
      Schema.Struct({
        runId: Schema.Number,
        date: Param.optional(Schema.String),
        startTime: Param.optional(Schema.String),
        endTime: Param.optional(Schema.String),
        cost: Schema.Number,
        billingType: Param.optional(Schema.String)
      })
    ),
    pagination: Pagination,
    notice
  }),
  handler: ({ agentId, endDate, sortOrder, startDate, ...query }) =>
    Effect.gen(function* () {
      const range = yield* monthToDate("get_agent_runs_cost", given(startDate, endDate))
      const costs = yield* (yield* Billing).runsCost(agentId, {
        ...query,
        ...range,
        sortOrder: Param.wireSortOrder(sortOrder)
      })
      const runs = costs.runs ?? []
      return {
        ...range,
        agentId,
        ...pick(costs, ["agentName"]),
        totalCost: costs.totalCost,
        runs: runs.map((run) => ({
          runId: run.runId,
          cost: run.cost,
          ...pick(run, ["date", "startTime", "endTime", "billingType"])
        })),
        pagination: pagination(query, runs.length, costs.totalRecordCount)
      }
    })
})

export const billingTools = [
  getCreditsBalance,
  getSpendingSummary,
  getCreditHistory,
  getAgentsUsage,
  getAgentCostBreakdown,
  getAgentRunsCost
] as const
