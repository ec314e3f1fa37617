import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, Num, rows, OwnRunId, SpaceId, Timestamp, wireEnum } from "./common.ts"
import { Lines, Name } from "./text.ts"

/** State of a run. Source: docs.sequentum.com/concepts/runs. */
export const RunStatus = wireEnum({
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
})
export type RunStatus = typeof RunStatus.Type

const finalStatuses: ReadonlySet<string> = new Set<RunStatus>([
  "Failure",
  "Failed",
  "Stopped",
  "Completed",
  "Success",
  "Skipped"
])

/** Whether a run in this state has ended. An unknown state counts as not final. */
export const isFinal = (status: string): boolean => finalStatuses.has(status)

/** One execution of an agent. Source: docs.sequentum.com/api-reference/agents/run-status. */
export const Run = Schema.Struct({
  id: OwnRunId,
  configId: maybe(AgentId),
  configName: maybe(Name),
  spaceId: maybe(SpaceId),
  organizationId: maybe(Int),
  organizationName: maybe(Name),
  sequence: maybe(Int),
  parallelism: maybe(Int),
  parallelMaxConcurrency: maybe(Int),
  parallelExport: maybe(Name),
  parallelSet: maybe(Int),
  startTime: maybe(Timestamp),
  endTime: maybe(Timestamp),
  created: maybe(Timestamp),
  status: RunStatus,
  message: maybe(Lines),
  configVersion: maybe(Int),
  actionCount: maybe(Num),
  pageCount: maybe(Num),
  dynamicPageCount: maybe(Num),
  requestCount: maybe(Num),
  /** Records extracted. */
  dataCount: maybe(Num),
  inputCount: maybe(Num),
  errorCount: maybe(Num),
  /** Records exported. */
  exportCount: maybe(Num),
  traffic: maybe(Num),
  runTimeSec: maybe(Num),
  serverName: maybe(Name),
  /** `run` while live, `history` once archived. */
  tableType: maybe(Name),
  tag: maybe(Name)
})
export type Run = typeof Run.Type

/** Counts of an agent's runs by status, live and archived together. Statuses without runs are absent. */
export const RunSummary = Schema.Struct({
  totalCount: Int,
  statusCounts: rows(Schema.Struct({ status: RunStatus, statusName: maybe(Name), count: Int }))
})
export type RunSummary = typeof RunSummary.Type
