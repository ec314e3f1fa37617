import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Diagnostics, LatestFailure, RecordsReport, RunsReport } from "./schemas/Analytics.ts"
import type { AgentId, RunId } from "./schemas/common.ts"
import { apiPath, SequentumClient } from "./client/SequentumClient.ts"

/** Reports over runs, and why runs failed. Every method fails with a SequentumError. */
export class Analytics extends Effect.Service<Analytics>()("sequentum/Analytics", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const runs = (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly status?: string | undefined
      readonly includeDetails?: boolean | undefined
    }) => client.get("/analytics/runs/summary", RunsReport, { query: { ...query } })

    const records = (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly agentId?: AgentId | undefined
    }) => client.get("/analytics/records/summary", RecordsReport, { query: { ...query } })

    const diagnostics = (agentId: AgentId, runId: RunId) =>
      client.get(apiPath`/analytics/agents/${agentId}/runs/${runId}/diagnostics`, Diagnostics)

    /** The newest failed run, if any. An agent without one answers 404 or a bare message; an unknown agent 404. */
    const latestFailure = (agentId: AgentId) =>
      Effect.map(client.get(apiPath`/analytics/agents/${agentId}/latest-failure`, LatestFailure), (answer) =>
        "runId" in answer ? Option.some(answer) : Option.none()
      )

    return { runs, records, diagnostics, latestFailure } as const
  })
}) {}
