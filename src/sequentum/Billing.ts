import * as Effect from "effect/Effect"
import { AgentsUsage, CostBreakdown, CreditHistory, Credits, RunsCost, Spending } from "./schemas/Billing.ts"
import type { AgentId } from "./schemas/common.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

/** A period, ISO 8601. */
export interface DateRange {
  readonly startDate: string
  readonly endDate: string
}

export interface Page {
  readonly pageIndex: number
  readonly recordsPerPage: number
}

export interface UsageQuery extends Partial<DateRange>, Page {
  readonly sortColumn?: string | undefined
  /** 0 ascending, 1 descending. */
  readonly sortOrder?: 0 | 1 | undefined
  readonly name?: string | undefined
  /** Comma-separated. */
  readonly usageTypes?: string | undefined
}

/** Credits and costs, in credits. Every method fails with a SequentumError. */
export class Billing extends Effect.Service<Billing>()("sequentum/Billing", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const credits = () => client.get(apiPath("account")`/billing/credits`, Credits)

    const spending = (range: Partial<DateRange>) =>
      client.get(apiPath("account")`/billing/spending`, Spending, { query: { ...range } })

    const history = (page: Page) =>
      client.get(apiPath("account")`/billing/history`, CreditHistory, { query: { ...page } })

    const agentsUsage = (query: UsageQuery) =>
      client.get(apiPath("account")`/billing/agents`, AgentsUsage, { query: { ...query } })

    const costBreakdown = (
      agentId: AgentId,
      query: DateRange & { readonly timeUnit?: string | undefined; readonly usageTypes?: string | undefined }
    ) => client.get(apiPath("agent")`/billing/agents/${agentId}`, CostBreakdown, { query: { ...query } })

    const runsCost = (agentId: AgentId, query: UsageQuery) =>
      client.get(apiPath("agent")`/billing/agents/${agentId}/runs`, RunsCost, { query: { ...query } })

    return { credits, spending, history, agentsUsage, costBreakdown, runsCost } as const
  })
}) {}
