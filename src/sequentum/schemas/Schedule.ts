import * as Schema from "effect/Schema"
import {
  AgentId,
  maybe,
  maybeEnum,
  maybeFlag,
  maybeId,
  maybeInt,
  maybeText,
  maybeTimestamp,
  ScheduleId,
  wireEnum
} from "./common.ts"
import { runStatusWords } from "./Run.ts"

/** Source: docs.sequentum.com/concepts/schedules. */
export const ScheduleType = wireEnum({ 0: "None", 1: "RunOnce", 2: "RunEvery", 3: "CRON" })

/** The field text of docs.sequentum.com/api-reference/schedules/create; its example counts from 0 and is not followed. */
export const RunEveryPeriod = wireEnum({ 1: "minutes", 2: "hours", 3: "days", 4: "weeks", 5: "months" })

/** When an agent runs by itself. Source: docs.sequentum.com/api-reference/schedules/update. */
export const AgentSchedule = Schema.Struct({
  id: ScheduleId,
  configId: maybeId(AgentId),
  name: maybeText,
  /** The cron expression: requests call it `cronExpression`, answers `schedule`. */
  schedule: maybeText,
  timezone: maybeText,
  nextRunTime: maybeTimestamp,
  startTime: maybeTimestamp,
  scheduleType: maybe(ScheduleType),
  isEnabled: maybeFlag,
  runEveryCount: maybeInt,
  runEveryPeriod: maybe(RunEveryPeriod),
  /** JSON text. */
  inputParameters: maybeText,
  parallelism: maybeInt,
  parallelMaxConcurrency: maybeInt,
  parallelExport: maybeText,
  proxyPoolId: maybeInt,
  serverGroupId: maybeInt,
  logLevel: maybeText,
  logMode: maybeText,
  isExclusive: maybeFlag,
  isWaitOnFailure: maybeFlag,
  created: maybeTimestamp,
  updated: maybeTimestamp
})
export type AgentSchedule = typeof AgentSchedule.Type

/** A run that a schedule will start, across agents. */
export const UpcomingRun = Schema.Struct({
  scheduleId: maybeId(ScheduleId),
  agentId: maybeId(AgentId),
  agentName: maybeText,
  scheduleName: maybeText,
  nextRunTime: maybeTimestamp,
  timezone: maybeText,
  isEnabled: maybeFlag,
  lastRunStatus: maybeEnum(runStatusWords)
})
export type UpcomingRun = typeof UpcomingRun.Type
