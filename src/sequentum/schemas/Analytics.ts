import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, RunId, SpaceId, Timestamp } from "./common.ts"
import { RunStatus } from "./Run.ts"

/** Runs of a period by outcome. */
export const RunsReport = Schema.Struct({
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp),
  totalRuns: maybe(Int),
  completedRuns: maybe(Int),
  failedRuns: maybe(Int),
  completedWithErrorsRuns: maybe(Int),
  runningRuns: maybe(Int),
  queuedRuns: maybe(Int),
  stoppedRuns: maybe(Int),
  /** Absent unless requested and there were failures. */
  failedRunDetails: maybe(
    Schema.Array(
      Schema.Struct({
        runId: RunId,
        agentId: maybe(AgentId),
        agentName: maybe(Schema.String),
        startTime: maybe(Timestamp),
        endTime: maybe(Timestamp),
        status: maybe(RunStatus),
        errorMessage: maybe(Schema.String),
        spaceId: maybe(SpaceId),
        spaceName: maybe(Schema.String)
      })
    )
  )
})

/** Records of a period. */
export const RecordsReport = Schema.Struct({
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp),
  totalRecordsExtracted: maybe(Schema.Number),
  totalRecordsExported: maybe(Schema.Number),
  totalErrors: maybe(Schema.Number),
  totalPageLoads: maybe(Schema.Number),
  runCount: maybe(Int),
  agentId: maybe(AgentId)
})

/** Why a run ended as it did. Source: docs.sequentum.com/api-reference/analytics/run-diagnostics. */
export const Diagnostics = Schema.Struct({
  runId: RunId,
  agentId: maybe(AgentId),
  agentName: maybe(Schema.String),
  status: maybe(RunStatus),
  errorMessage: maybe(Schema.String),
  startTime: maybe(Timestamp),
  endTime: maybe(Timestamp),
  runtimeSeconds: maybe(Schema.Number),
  stats: maybe(
    Schema.Struct({
      dataCount: maybe(Schema.Number),
      inputCount: maybe(Schema.Number),
      errorCount: maybe(Schema.Number),
      pageCount: maybe(Schema.Number),
      exportCount: maybe(Schema.Number),
      traffic: maybe(Schema.Number)
    })
  ),
  possibleCauses: maybe(Schema.Array(Schema.String)),
  suggestedActions: maybe(Schema.Array(Schema.String))
})
export type Diagnostics = typeof Diagnostics.Type

/** Diagnostics of the latest failed run, or a message that says there is none. */
export const LatestFailure = Schema.Union(Diagnostics, Schema.Struct({ message: Schema.String }))
