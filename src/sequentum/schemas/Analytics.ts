import * as Schema from "effect/Schema"
import {
  AgentId,
  maybe,
  maybeEnum,
  maybeId,
  maybeInt,
  maybeNumber,
  maybeText,
  maybeTimestamp,
  RunId,
  SpaceId
} from "./common.ts"
import { runStatusWords } from "./Run.ts"

/** Runs of a period by outcome. */
export const RunsReport = Schema.Struct({
  startDate: maybeTimestamp,
  endDate: maybeTimestamp,
  totalRuns: maybeInt,
  completedRuns: maybeInt,
  failedRuns: maybeInt,
  completedWithErrorsRuns: maybeInt,
  runningRuns: maybeInt,
  queuedRuns: maybeInt,
  stoppedRuns: maybeInt,
  /** Absent unless asked for and there were failures. */
  failedRunDetails: maybe(
    Schema.Array(
      Schema.Struct({
        runId: RunId,
        agentId: maybeId(AgentId),
        agentName: maybeText,
        startTime: maybeTimestamp,
        endTime: maybeTimestamp,
        status: maybeEnum(runStatusWords),
        errorMessage: maybeText,
        spaceId: maybeId(SpaceId),
        spaceName: maybeText
      })
    )
  )
})

/** Records of a period. */
export const RecordsReport = Schema.Struct({
  startDate: maybeTimestamp,
  endDate: maybeTimestamp,
  totalRecordsExtracted: maybeNumber,
  totalRecordsExported: maybeNumber,
  totalErrors: maybeNumber,
  totalPageLoads: maybeNumber,
  runCount: maybeInt,
  agentId: maybeId(AgentId)
})

/** Why a run ended as it did. Source: docs.sequentum.com/api-reference/analytics/run-diagnostics. */
export const Diagnostics = Schema.Struct({
  runId: RunId,
  agentId: maybeId(AgentId),
  agentName: maybeText,
  status: maybeEnum(runStatusWords),
  errorMessage: maybeText,
  startTime: maybeTimestamp,
  endTime: maybeTimestamp,
  runtimeSeconds: maybeNumber,
  stats: maybe(
    Schema.Struct({
      dataCount: maybeNumber,
      inputCount: maybeNumber,
      errorCount: maybeNumber,
      pageCount: maybeNumber,
      exportCount: maybeNumber,
      traffic: maybeNumber
    })
  ),
  possibleCauses: maybe(Schema.Array(Schema.String)),
  suggestedActions: maybe(Schema.Array(Schema.String))
})
export type Diagnostics = typeof Diagnostics.Type

/** Diagnostics of the latest failed run, or a message that there is none. */
export const LatestFailure = Schema.Union(Diagnostics, Schema.Struct({ message: Schema.String }))
