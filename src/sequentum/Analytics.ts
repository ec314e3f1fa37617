import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Diagnostics, LatestFailure, RecordsReport, RunsReport } from "./schemas/Analytics.ts"
import type { AgentId, RunId } from "./schemas/common.ts"
import { apiPath, SequentumClient } from "./SequentumClient.ts"

/** Reports over runs, and why runs failed. Every method fails with a SequentumError. */
export class Analytics extends Effect.Service<Analytics>()("sequentum/Analytics", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const runs = Effect.fn("Analytics.runs")(function* (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly status?: string | undefined
      readonly includeDetails?: boolean | undefined
    }) {
      return yield* client.get("/analytics/runs/summary", RunsReport, { query: { ...query } })
    })

    const records = Effect.fn("Analytics.records")(function* (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly agentId?: AgentId | undefined
    }) {
      return yield* client.get("/analytics/records/summary", RecordsReport, { query: { ...query } })
    })

    const diagnostics = Effect.fn("Analytics.diagnostics")(function* (agentId: AgentId, runId: RunId) {
      return yield* client.get(apiPath`/analytics/agents/${agentId}/runs/${runId}/diagnostics`, Diagnostics)
    })

    /** The newest failed run, if any. An agent without one answers 404 or a bare message; an unknown agent 404. */
    const latestFailure = Effect.fn("Analytics.latestFailure")(function* (agentId: AgentId) {
      const answer = yield* client.get(apiPath`/analytics/agents/${agentId}/latest-failure`, LatestFailure)
      return "runId" in answer ? Option.some(answer) : Option.none()
    })

    return { runs, records, diagnostics, latestFailure } as const
  })
}) {}
