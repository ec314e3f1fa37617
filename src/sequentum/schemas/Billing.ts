import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, RunId, SpaceId, Timestamp } from "./common.ts"

/** The balance, in credits. Source: docs.sequentum.com/api-reference/billing/credits. */
export const Credits = Schema.Struct({
  availableCredits: Schema.Number,
  organizationId: maybe(Int),
  retrievedAt: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/spending. */
export const Spending = Schema.Struct({
  totalSpent: Schema.Number,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp),
  organizationId: maybe(Int),
  currentBalance: maybe(Schema.Number)
})

/** Source: docs.sequentum.com/api-reference/billing/history. */
export const CreditHistory = Schema.Struct({
  transactions: maybe(
    Schema.Array(
      Schema.Struct({
        id: maybe(Schema.Number),
        transactionType: maybe(Schema.String),
        amount: Schema.Number,
        balance: maybe(Schema.Number),
        created: maybe(Timestamp),
        expiresAt: maybe(Timestamp),
        message: maybe(Schema.String)
      })
    )
  ),
  totalCount: maybe(Int),
  pageIndex: maybe(Int),
  recordsPerPage: maybe(Int)
})

/** Source: docs.sequentum.com/api-reference/billing/agents. */
export const AgentsUsage = Schema.Struct({
  agents: maybe(
    Schema.Array(
      Schema.Struct({
        agentId: AgentId,
        agentName: maybe(Schema.String),
        cost: Schema.Number,
        spaceId: maybe(SpaceId)
      })
    )
  ),
  totalRecordCount: maybe(Int),
  totalCost: Schema.Number,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/agent. `data` may be empty for a type that was not used. */
export const CostBreakdown = Schema.Struct({
  agentId: maybe(AgentId),
  agentName: maybe(Schema.String),
  labels: maybe(Schema.Array(Schema.String)),
  usageTypes: maybe(
    Schema.Array(
      Schema.Struct({ type: Schema.String, data: maybe(Schema.Array(Schema.Number)), totalCost: Schema.Number })
    )
  ),
  totalCost: Schema.Number,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/agent-runs. */
export const RunsCost = Schema.Struct({
  runs: maybe(
    Schema.Array(
      Schema.Struct({
        runId: RunId,
        date: maybe(Timestamp),
        startTime: maybe(Timestamp),
        endTime: maybe(Timestamp),
        cost: Schema.Number,
        billingType: maybe(Schema.String)
      })
    )
  ),
  totalRecordCount: maybe(Int),
  totalCost: Schema.Number,
  agentId: maybe(AgentId),
  agentName: maybe(Schema.String)
})
