import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, Num, rows, RunId, SpaceId, Timestamp } from "./common.ts"
import { Lines, Name } from "./text.ts"
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
    rows(
      Schema.Struct({
        runId: RunId,
        agentId: maybe(AgentId),
        agentName: maybe(Name),
        startTime: maybe(Timestamp),
        endTime: maybe(Timestamp),
        status: maybe(RunStatus),
        errorMessage: maybe(Lines),
        spaceId: maybe(SpaceId),
        spaceName: maybe(Name)
      })
    )
  )
})

/** Records of a period. */
export const RecordsReport = Schema.Struct({
  startDate: maybe(Timestamp),
  endDate: maybe(Timestamp),
  totalRecordsExtracted: maybe(Num),
  totalRecordsExported: maybe(Num),
  totalErrors: maybe(Num),
  totalPageLoads: maybe(Num),
  runCount: maybe(Int),
  agentId: maybe(AgentId)
})

/** Why a run ended as it did. Source: docs.sequentum.com/api-reference/analytics/run-diagnostics. */
export const Diagnostics = Schema.Struct({
  runId: RunId,
  agentId: maybe(AgentId),
  agentName: maybe(Name),
  status: maybe(RunStatus),
  errorMessage: maybe(Lines),
  startTime: maybe(Timestamp),
  endTime: maybe(Timestamp),
  runtimeSeconds: maybe(Num),
  stats: maybe(
    Schema.Struct({
      dataCount: maybe(Num),
      inputCount: maybe(Num),
      errorCount: maybe(Num),
      pageCount: maybe(Num),
      exportCount: maybe(Num),
      traffic: maybe(Num)
    })
  ),
  possibleCauses: maybe(Schema.Array(Lines)),
  suggestedActions: maybe(Schema.Array(Lines))
})
export type Diagnostics = typeof Diagnostics.Type

/** Diagnostics of the latest failed run, or a message that says there is none. */
export const LatestFailure = Schema.Union(Diagnostics, Schema.Struct({ message: Lines }))
