import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, Num, rows, RunId, SpaceId, Timestamp } from "./common.ts"
import { Lines, Name } from "./text.ts"

/** The balance, in credits. Source: docs.sequentum.com/api-reference/billing/credits. */
export const Credits = Schema.Struct({
  availableCredits: Num,
  organizationId: maybe(Int),
  retrievedAt: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/spending. */
export const Spending = Schema.Struct({
  totalSpent: Num,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp),
  organizationId: maybe(Int),
  currentBalance: maybe(Num)
})

/** Source: docs.sequentum.com/api-reference/billing/history. */
export const CreditHistory = Schema.Struct({
  transactions: maybe(
    rows(
      Schema.Struct({
        id: maybe(Num),
        transactionType: maybe(Name),
        amount: Num,
        balance: maybe(Num),
        created: maybe(Timestamp),
        expiresAt: maybe(Timestamp),
        message: maybe(Lines)
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
    rows(
      Schema.Struct({
        agentId: AgentId,
        agentName: maybe(Name),
        cost: Num,
        spaceId: maybe(SpaceId)
      })
    )
  ),
  totalRecordCount: maybe(Int),
  totalCost: Num,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/agent. `data` may be empty for a type that was not used. */
export const CostBreakdown = Schema.Struct({
  agentId: maybe(AgentId),
  agentName: maybe(Name),
  labels: maybe(Schema.Array(Name)),
  usageTypes: maybe(rows(Schema.Struct({ type: Name, data: maybe(Schema.Array(Num)), totalCost: Num }))),
  totalCost: Num,
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp)
})

/** Source: docs.sequentum.com/api-reference/billing/agent-runs. */
export const RunsCost = Schema.Struct({
  runs: maybe(
    rows(
      Schema.Struct({
        runId: RunId,
        date: maybe(Timestamp),
        startTime: maybe(Timestamp),
        endTime: maybe(Timestamp),
        cost: Num,
        billingType: maybe(Name)
      })
    )
  ),
  totalRecordCount: maybe(Int),
  totalCost: Num,
  agentId: maybe(AgentId),
  agentName: maybe(Name)
})
