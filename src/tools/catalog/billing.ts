import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Analytics } from "../../sequentum/Analytics.ts"
import { Billing } from "../../sequentum/Billing.ts"
import type { AgentId } from "../../sequentum/schemas/common.ts"
import type { RecordsReport } from "../../sequentum/schemas/Analytics.ts"
import { dateParams, monthToDate, withoutDates, type Period } from "../dates.ts"
import { fanOut } from "../FanOut.ts"
import {
  defined,
  notice,
  noticeOf,
  Pagination,
  pagination,
  pickFields,
  runIdFields,
  sentRows,
  showRunId,
  unreadable
} from "../outputs.ts"
import * as Param from "../Param.ts"
import { readOnly } from "../Tool.ts"
import * as Toolset from "../Toolset.ts"

const reads = { annotations: readOnly, scope: "billing:read" } as const

const page = (max: number) => ({
  pageIndex: Param.optionalOr(Param.integer(""), 1),
  recordsPerPage: Param.optionalOr(Param.integer("", { max }), 50)
})

const usageTypes = (description: string) => Param.optional(Param.text(description, { maxLength: 300 }))
const everyUsageType = usageTypes(
  "Only these, comma-separated: RunUsage, ExportDataBandwidth, ExportDataCpm, InputCount, ProxyUsage, AgentBuilder"
)
const sameUsageTypes = usageTypes("Only these, as in get_agents_usage")

const nextPage = "Ask again with a smaller recordsPerPage and step through pageIndex."

const Balance = Schema.Struct({
  availableCredits: Schema.Number,
  organizationId: Param.optional(Schema.Number),
  retrievedAt: Param.optional(Schema.String)
})

const Spending = Schema.Struct({
  totalSpent: Schema.Number,
  currentBalance: Param.optional(Schema.Number),
  startDate: Param.optional(Schema.String),
  endDate: Param.optional(Schema.String)
})

const Transaction = Schema.Struct({
  transactionType: Param.optional(Schema.String),
  amount: Schema.Number,
  balance: Param.optional(Schema.Number),
  created: Param.optional(Schema.String),
  expiresAt: Param.optional(Schema.String),
  message: Param.optional(Schema.String)
})

const AgentCost = Schema.Struct({
  agentId: Schema.Number,
  agentName: Param.optional(Schema.String),
  cost: Schema.Number,
  spaceId: Param.optional(Schema.Number),
  runs: Param.optional(Schema.Number),
  records: Param.optional(Schema.Number),
  costPer1000Records: Param.optional(Schema.Number)
})

const RunCost = Schema.Struct({
  ...runIdFields,
  date: Param.optional(Schema.String),
  startTime: Param.optional(Schema.String),
  endTime: Param.optional(Schema.String),
  cost: Schema.Number,
  billingType: Param.optional(Schema.String)
})

const period = { startDate: Schema.String, endDate: Schema.String }

export const BillingTools = Toolset.make("billing", "Credits and costs", {
  get_credits_balance: {
    ...reads,
    title: "Get credits balance",
    description: "Credits left to spend now. For what was spent use get_spending_summary.",
    input: Param.none,
    output: Balance
  },

  get_spending_summary: {
    ...reads,
    title: "Get spending summary",
    description:
      "Credits spent in a period, by default this month, and the balance. For who spent them use get_agents_usage.",
    input: Schema.Struct(dateParams),
    output: Spending
  },

  get_credit_history: {
    ...reads,
    title: "List credit transactions",
    description:
      "Credits granted, spent, refunded and expired, newest first. For the cost of each agent use get_agents_usage.",
    bound: { list: "transactions", advice: nextPage },
    input: Schema.Struct(page(100)),
    output: Schema.Struct({ transactions: Schema.Array(Transaction), pagination: Pagination, notice })
  },

  get_agents_usage: {
    ...reads,
    title: "List cost by agent",
    description:
      "What each agent cost in a period, by default this month. sortColumn cost, sortOrder desc: most expensive first; then get_agent_cost_breakdown. includeRecords tells what 1,000 records cost.",
    bound: { list: "agents", advice: nextPage },
    input: Schema.Struct({
      ...dateParams,
      ...page(1000),
      sortColumn: Param.optional(Param.oneOf("Default: name", ["name", "cost"])),
      sortOrder: Param.optional(Param.sortOrder("Default: asc")),
      name: Param.optional(Param.text("Part of the agent's name", { maxLength: 200 })),
      usageTypes: everyUsageType,
      includeRecords: Param.optional(Param.flag("Add runs and records of each agent"))
    }),
    output: Schema.Struct({
      ...period,
      totalCost: Schema.Number,
      agents: Schema.Array(AgentCost),
      pagination: Pagination,
      notice
    })
  },

  get_agent_cost_breakdown: {
    ...reads,
    title: "Get agent cost breakdown",
    description:
      "What one agent cost by usage type and day or month, by default this month. data lines up with labels. For single runs use get_agent_runs_cost.",
    input: Schema.Struct({
      agentId: Param.agentId,
      ...dateParams,
      timeUnit: Param.optionalOr(Param.oneOf("What one label stands for", ["day", "month"]), "day"),
      usageTypes: sameUsageTypes
    }),
    output: Schema.Struct({
      ...period,
      agentId: Schema.Number,
      agentName: Param.optional(Schema.String),
      totalCost: Schema.Number,
      labels: Schema.Array(Schema.String),
      usageTypes: Schema.Array(
        Schema.Struct({ type: Schema.String, totalCost: Schema.Number, data: Schema.Array(Schema.Number) })
      ),
      notice
    })
  },

  get_agent_runs_cost: {
    ...reads,
    title: "List cost by run",
    description:
      "What each run of an agent cost in a period, by default this month. Whether totalCost covers all runs or this page only is not certain; check hasMore.",
    bound: { list: "runs", advice: nextPage },
    input: Schema.Struct({
      agentId: Param.agentId,
      ...dateParams,
      ...page(1000),
      sortColumn: Param.optional(Param.oneOf("Default: date", ["date", "cost", "duration"])),
      sortOrder: Param.optional(Param.sortOrder("Default: asc")),
      usageTypes: sameUsageTypes
    }),
    output: Schema.Struct({
      ...period,
      agentId: Schema.Number,
      agentName: Param.optional(Schema.String),
      totalCost: Schema.Number,
      runs: Schema.Array(RunCost),
      pagination: Pagination,
      notice
    })
  }
})

/** What an agent delivered for its cost. */
const valueOf = (cost: number, report: typeof RecordsReport.Type | undefined) => {
  const records = report?.totalRecordsExtracted
  return defined({
    runs: report?.runCount,
    records,
    costPer1000Records: records === undefined || records === 0 ? undefined : Math.round((cost / records) * 1e7) / 1e4
  })
}

const named = ({ agentName }: { readonly agentName?: string | undefined }) =>
  agentName === undefined ? {} : { agentName }

export const BillingToolsLive = BillingTools.toLayer(
  Effect.gen(function* () {
    const billing = yield* Billing
    const analytics = yield* Analytics

    /** What agents have extracted in a period, by agent. */
    const recordsOf = (agentIds: ReadonlyArray<AgentId>, period: Period) =>
      Effect.map(
        fanOut({
          items: agentIds,
          read: (agentId) => analytics.records({ ...period, agentId }),
          nameOf: (agentId) => `agent ${agentId}`,
          plural: "agents",
          // The costs are worth showing alone.
          mustRead: false
        }),
        ({ notice, read }) => ({ notice, byAgent: new Map(read.map(({ item, value }) => [item, value])) })
      )

    return BillingTools.of({
      get_credits_balance: () => Effect.map(billing.credits(), (credits) => pickFields(Balance, credits)),

      get_spending_summary: (dates) =>
        Effect.gen(function* () {
          const period = yield* monthToDate("get_spending_summary", dates)
          return { ...period, ...pickFields(Spending, yield* billing.spending(period)) }
        }),

      get_credit_history: (query) =>
        Effect.map(billing.history(query), ({ totalCount, transactions = [] }) => ({
          transactions: transactions.map((transaction) => pickFields(Transaction, transaction)),
          pagination: pagination(query, sentRows(transactions), totalCount),
          ...noticeOf(unreadable(transactions))
        })),

      get_agents_usage: (args) =>
        Effect.gen(function* () {
          const period = yield* monthToDate("get_agents_usage", args)
          const { includeRecords = false, sortOrder, ...query } = withoutDates(args)
          const { agents = [], ...usage } = yield* billing.agentsUsage({
            ...query,
            ...period,
            sortOrder: Param.wireSortOrder(sortOrder)
          })
          const counted = includeRecords
            ? yield* recordsOf(
                agents.map(({ agentId }) => agentId),
                period
              )
            : undefined
          return {
            ...period,
            totalCost: usage.totalCost,
            agents: agents.map((agent) => ({
              ...pickFields(AgentCost, agent),
              ...valueOf(agent.cost, counted?.byAgent.get(agent.agentId))
            })),
            pagination: pagination(query, sentRows(agents), usage.totalRecordCount),
            ...noticeOf(unreadable(agents), counted?.notice)
          }
        }),

      get_agent_cost_breakdown: (args) =>
        Effect.gen(function* () {
          const period = yield* monthToDate("get_agent_cost_breakdown", args)
          const { agentId, ...query } = withoutDates(args)
          const { usageTypes = [], ...breakdown } = yield* billing.costBreakdown(agentId, { ...query, ...period })
          return {
            ...period,
            agentId,
            ...named(breakdown),
            totalCost: breakdown.totalCost,
            labels: breakdown.labels ?? [],
            usageTypes: usageTypes.map(({ data = [], totalCost, type }) => ({ type, totalCost, data })),
            ...noticeOf(unreadable(usageTypes))
          }
        }),

      get_agent_runs_cost: (args) =>
        Effect.gen(function* () {
          const period = yield* monthToDate("get_agent_runs_cost", args)
          const { agentId, sortOrder, ...query } = withoutDates(args)
          const { runs = [], ...costs } = yield* billing.runsCost(agentId, {
            ...query,
            ...period,
            sortOrder: Param.wireSortOrder(sortOrder)
          })
          return {
            ...period,
            agentId,
            ...named(costs),
            totalCost: costs.totalCost,
            runs: runs.map(({ runId, ...run }) => ({ ...showRunId(runId), ...pickFields(RunCost, run) })),
            pagination: pagination(query, sentRows(runs), costs.totalRecordCount),
            ...noticeOf(unreadable(runs))
          }
        })
    })
  })
)
