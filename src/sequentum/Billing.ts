import * as Effect from "effect/Effect"
import { AgentsUsage, CostBreakdown, CreditHistory, Credits, RunsCost, Spending } from "./schemas/Billing.ts"
import type { AgentId } from "./schemas/common.ts"
import { apiPath, SequentumClient } from "./SequentumClient.ts"

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

    const credits = Effect.fn("Billing.credits")(function* () {
      return yield* client.get("/billing/credits", Credits)
    })

    const spending = Effect.fn("Billing.spending")(function* (range: Partial<DateRange>) {
      return yield* client.get("/billing/spending", Spending, { query: { ...range } })
    })

    const history = Effect.fn("Billing.history")(function* (page: Page) {
      return yield* client.get("/billing/history", CreditHistory, { query: { ...page } })
    })

    const agentsUsage = Effect.fn("Billing.agentsUsage")(function* (query: UsageQuery) {
      return yield* client.get("/billing/agents", AgentsUsage, { query: { ...query } })
    })

    const costBreakdown = Effect.fn("Billing.costBreakdown")(function* (
      agentId: AgentId,
      query: DateRange & { readonly timeUnit?: string | undefined; readonly usageTypes?: string | undefined }
    ) {
      return yield* client.get(apiPath`/billing/agents/${agentId}`, CostBreakdown, { query: { ...query } })
    })

    const runsCost = Effect.fn("Billing.runsCost")(function* (agentId: AgentId, query: UsageQuery) {
      return yield* client.get(apiPath`/billing/agents/${agentId}/runs`, RunsCost, { query: { ...query } })
    })

    return { credits, spending, history, agentsUsage, costBreakdown, runsCost } as const
  })
}) {}
