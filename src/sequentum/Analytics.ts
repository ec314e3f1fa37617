import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Diagnostics, LatestFailure, RecordsReport, RunsReport } from "./schemas/Analytics.ts"
import type { AgentId, RunId } from "./schemas/common.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

/** Reports over runs, and why runs failed. Every method fails with a SequentumError. */
export class Analytics extends Effect.Service<Analytics>()("sequentum/Analytics", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const runs = (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly status?: string | undefined
      readonly includeDetails?: boolean | undefined
    }) => client.get(apiPath("account")`/analytics/runs/summary`, RunsReport, { query: { ...query } })

    const records = (query: {
      readonly startDate?: string | undefined
      readonly endDate?: string | undefined
      readonly agentId?: AgentId | undefined
    }) => client.get(apiPath("account")`/analytics/records/summary`, RecordsReport, { query: { ...query } })

    const diagnostics = (agentId: AgentId, runId: RunId) =>
      client.get(apiPath("run")`/analytics/agents/${agentId}/runs/${runId}/diagnostics`, Diagnostics)

    /** The newest failed run, if any. Without one the API returns 404 or only a message; for an unknown agent 404. */
    const latestFailure = (agentId: AgentId) =>
      Effect.map(client.get(apiPath("agent")`/analytics/agents/${agentId}/latest-failure`, LatestFailure), (found) =>
        "runId" in found ? Option.some(found) : Option.none()
      )

    return { runs, records, diagnostics, latestFailure } as const
  })
}) {}
