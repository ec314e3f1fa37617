import * as Schema from "effect/Schema"
import {
  AgentId,
  Int,
  maybeId,
  maybeInt,
  maybeNumber,
  maybeText,
  maybeTimestamp,
  RunId,
  SpaceId,
  wireEnum
} from "./common.ts"

/** Run states by their wire integer. Source: docs.sequentum.com/concepts/runs. */
export const runStatusWords = {
  0: "Invalid",
  1: "Running",
  2: "Exporting",
  3: "Starting",
  4: "Queuing",
  5: "Stopping",
  6: "Failure",
  7: "Failed",
  8: "Stopped",
  9: "Completed",
  10: "Success",
  11: "Skipped",
  12: "Waiting"
} as const

export const RunStatus = wireEnum(runStatusWords)
export type RunStatus = typeof RunStatus.Type

const finalStatuses: ReadonlySet<RunStatus> = new Set([
  "Failure",
  "Failed",
  "Stopped",
  "Completed",
  "Success",
  "Skipped"
] as const)

/** Whether a run in this state has ended. A state this server does not know counts as still going. */
export const isFinal = (status: RunStatus): boolean => finalStatuses.has(status)

/** One execution of an agent. Source: docs.sequentum.com/api-reference/agents/run-status. */
export const Run = Schema.Struct({
  id: RunId,
  configId: maybeId(AgentId),
  configName: maybeText,
  spaceId: maybeId(SpaceId),
  organizationId: maybeInt,
  organizationName: maybeText,
  sequence: maybeInt,
  parallelism: maybeInt,
  parallelMaxConcurrency: maybeInt,
  parallelExport: maybeText,
  parallelSet: maybeInt,
  startTime: maybeTimestamp,
  endTime: maybeTimestamp,
  created: maybeTimestamp,
  status: RunStatus,
  message: maybeText,
  configVersion: maybeInt,
  actionCount: maybeNumber,
  pageCount: maybeNumber,
  dynamicPageCount: maybeNumber,
  requestCount: maybeNumber,
  /** Records extracted. */
  dataCount: maybeNumber,
  inputCount: maybeNumber,
  errorCount: maybeNumber,
  /** Records exported. */
  exportCount: maybeNumber,
  traffic: maybeNumber,
  runTimeSec: maybeNumber,
  serverName: maybeText,
  /** `run` while live, `history` once archived. */
  tableType: maybeText,
  tag: maybeText
})
export type Run = typeof Run.Type

/** Counts of an agent's runs by status, live and history together; statuses with none are left out. */
export const RunSummary = Schema.Struct({
  totalCount: Int,
  statusCounts: Schema.Array(Schema.Struct({ status: RunStatus, statusName: maybeText, count: Int }))
})
export type RunSummary = typeof RunSummary.Type
