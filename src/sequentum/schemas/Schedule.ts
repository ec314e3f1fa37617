import * as Schema from "effect/Schema"
import { AgentId, Int, maybe, OwnScheduleId, ScheduleId, Timestamp, wireEnum } from "./common.ts"
import { Lines, Name } from "./text.ts"
import { RunStatus } from "./Run.ts"

/** Source: docs.sequentum.com/concepts/schedules. */
export const ScheduleType = wireEnum({ 0: "None", 1: "RunOnce", 2: "RunEvery", 3: "CRON" })

/**
 * As in the field descriptions of docs.sequentum.com/api-reference/schedules/create. The example there counts from 0
 * and is ignored.
 */
export const RunEveryPeriod = wireEnum({ 1: "minutes", 2: "hours", 3: "days", 4: "weeks", 5: "months" })

const fields = {
  id: OwnScheduleId,
  configId: maybe(AgentId),
  name: maybe(Name),
  /** The cron expression: `cronExpression` in requests, `schedule` in responses. */
  schedule: maybe(Name),
  timezone: maybe(Name),
  nextRunTime: maybe(Timestamp),
  startTime: maybe(Timestamp),
  scheduleType: maybe(ScheduleType),
  isEnabled: maybe(Schema.Boolean),
  runEveryCount: maybe(Int),
  runEveryPeriod: maybe(RunEveryPeriod),
  /** JSON text. */
  inputParameters: maybe(Lines),
  parallelism: maybe(Int),
  parallelMaxConcurrency: maybe(Int),
  parallelExport: maybe(Name),
  proxyPoolId: maybe(Int),
  serverGroupId: maybe(Int),
  logLevel: maybe(Name),
  logMode: maybe(Name),
  isExclusive: maybe(Schema.Boolean),
  isWaitOnFailure: maybe(Schema.Boolean),
  created: maybe(Timestamp),
  updated: maybe(Timestamp)
}

/** A schedule of an agent. Source: docs.sequentum.com/api-reference/schedules/update. */
export const AgentSchedule = Schema.Struct(fields)

/** The same with what is sent back when the schedule is replaced: its name and parameters as they are stored. */
export const StoredSchedule = Schema.Struct({
  ...fields,
  name: maybe(Schema.String),
  inputParameters: maybe(Schema.String)
})
export type AgentSchedule = typeof AgentSchedule.Type

/** A run that a schedule of any agent will start. */
export const UpcomingRun = Schema.Struct({
  scheduleId: maybe(ScheduleId),
  agentId: maybe(AgentId),
  agentName: maybe(Name),
  scheduleName: maybe(Name),
  nextRunTime: maybe(Timestamp),
  timezone: maybe(Name),
  isEnabled: maybe(Schema.Boolean),
  lastRunStatus: maybe(RunStatus)
})
export type UpcomingRun = typeof UpcomingRun.Type
