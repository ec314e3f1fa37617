import * as Schema from "effect/Schema"
import { AgentId, maybe, maybeId, maybeInt, maybeNumber, maybeText, maybeTimestamp, RunId, SpaceId } from "./common.ts"

/** What is left to spend, in credits. Source: docs.sequentum.com/api-reference/billing/credits. */
export const Credits = Schema.Struct({
  availableCredits: Schema.Number,
  organizationId: maybeInt,
  retrievedAt: maybeTimestamp
})

/** Source: docs.sequentum.com/api-reference/billing/spending. */
export const Spending = Schema.Struct({
  totalSpent: Schema.Number,
  startDate: maybeTimestamp,
  endDate: maybeTimestamp,
  organizationId: maybeInt,
  currentBalance: maybeNumber
})

/** Source: docs.sequentum.com/api-reference/billing/history. */
export const CreditHistory = Schema.Struct({
  transactions: maybe(
    Schema.Array(
      Schema.Struct({
        id: maybeNumber,
        transactionType: maybeText,
        amount: Schema.Number,
        balance: maybeNumber,
        created: maybeTimestamp,
        expiresAt: maybeTimestamp,
        message: maybeText
      })
    )
  ),
  totalCount: maybeInt,
  pageIndex: maybeInt,
  recordsPerPage: maybeInt
})

/** Source: docs.sequentum.com/api-reference/billing/agents. */
export const AgentsUsage = Schema.Struct({
  agents: maybe(
    Schema.Array(
      Schema.Struct({
        agentId: AgentId,
        agentName: maybeText,
        cost: Schema.Number,
        spaceId: maybeId(SpaceId)
      })
    )
  ),
  totalRecordCount: maybeInt,
  totalCost: Schema.Number,
  startDate: maybeTimestamp,
  endDate: maybeTimestamp
})

/** Source: docs.sequentum.com/api-reference/billing/agent. `data` may be empty when a type had no use. */
export const CostBreakdown = Schema.Struct({
  agentId: maybeId(AgentId),
  agentName: maybeText,
  labels: maybe(Schema.Array(Schema.String)),
  usageTypes: maybe(
    Schema.Array(
      Schema.Struct({ type: Schema.String, data: maybe(Schema.Array(Schema.Number)), totalCost: Schema.Number })
    )
  ),
  totalCost: Schema.Number,
  startDate: maybeTimestamp,
  endDate: maybeTimestamp
})

/** Source: docs.sequentum.com/api-reference/billing/agent-runs. */
export const RunsCost = Schema.Struct({
  runs: maybe(
    Schema.Array(
      Schema.Struct({
        runId: RunId,
        date: maybeTimestamp,
        startTime: maybeTimestamp,
        endTime: maybeTimestamp,
        cost: Schema.Number,
        billingType: maybeText
      })
    )
  ),
  totalRecordCount: maybeInt,
  totalCost: Schema.Number,
  agentId: maybeId(AgentId),
  agentName: maybeText
})
