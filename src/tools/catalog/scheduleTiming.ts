import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ScheduleType } from "../../sequentum/schemas/Schedule.ts"
import type { ScheduleBody } from "../../sequentum/Schedules.ts"
import { epochMillis } from "../dates.ts"

/** Schedule types by their number. */
export const scheduleTypes = {
  runOnce: ScheduleType.codeOf("RunOnce"),
  runEvery: ScheduleType.codeOf("RunEvery"),
  cron: ScheduleType.codeOf("CRON")
} as const

type Timing = Pick<
  ScheduleBody,
  "scheduleType" | "startTime" | "cronExpression" | "runEveryCount" | "runEveryPeriod" | "timezone"
>

/** Sequentum refuses a single run that starts sooner. Source: docs.sequentum.com/api-reference/schedules/create. */
const shortestNotice = Duration.minutes(1)

const cronProblems = (expression: string | undefined) => {
  if (expression === undefined) return ["cronExpression is required for a CRON schedule (scheduleType 3)."]
  const fields = expression.trim().split(/\s+/u).length
  if (fields !== 5) {
    return [`cronExpression must have 5 fields (minute hour day month weekday), but has ${fields}.`]
  }
  return Either.isRight(Cron.parse(expression.trim()))
    ? []
    : [`cronExpression is not valid: ${JSON.stringify(expression.slice(0, 60))}. An example is "0 6 * * 1-5".`]
}

const startProblems = (startTime: string, now: number, earliest: number, problem: string) =>
  epochMillis(startTime) < earliest
    ? [`startTime ${problem}, but was ${startTime}; it is now ${new Date(now).toISOString()}.`]
    : []

const runOnceProblems = (startTime: string | undefined, now: number) =>
  startTime === undefined
    ? ["startTime is required for a RunOnce schedule (scheduleType 1)."]
    : startProblems(startTime, now, now + Duration.toMillis(shortestNotice), "must be at least 1 minute ahead")

const runEveryProblems = ({ runEveryCount, runEveryPeriod, startTime }: Timing, now: number) => [
  ...(runEveryCount === undefined ? ["runEveryCount is required for a RunEvery schedule (scheduleType 2)."] : []),
  ...(runEveryPeriod === undefined ? ["runEveryPeriod is required for a RunEvery schedule (scheduleType 2)."] : []),
  ...(startTime === undefined ? [] : startProblems(startTime, now, now + 1, "must be in the future"))
]

const zoneProblems = (timezone: string | undefined) =>
  timezone === undefined || (!/^[+-]/u.test(timezone) && Option.isSome(DateTime.zoneMakeNamed(timezone)))
    ? []
    : [`timezone must be an IANA time zone such as Europe/Berlin, but was ${JSON.stringify(timezone.slice(0, 60))}.`]

/** What is wrong with a schedule's timing, a sentence each. Times are compared with the Clock, in UTC. */
export const timingProblems = (timing: Timing): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(DateTime.now, (dateTime) => {
    const now = DateTime.toEpochMillis(dateTime)
    const zone = zoneProblems(timing.timezone)
    switch (timing.scheduleType) {
      case scheduleTypes.runOnce:
        return [...runOnceProblems(timing.startTime, now), ...zone]
      case scheduleTypes.runEvery:
        return [...runEveryProblems(timing, now), ...zone]
      case scheduleTypes.cron:
        return [...cronProblems(timing.cronExpression), ...zone]
      default:
        return zone
    }
  })

/** The type that the timing fields given imply: nothing when they imply none, a problem when they contradict. */
export const inferType = (timing: Timing): Either.Either<number | undefined, string> => {
  if (timing.scheduleType !== undefined) return Either.right(timing.scheduleType)
  const cron = timing.cronExpression !== undefined
  const every = timing.runEveryCount !== undefined || timing.runEveryPeriod !== undefined
  if (cron && every) {
    return Either.left(
      "cronExpression and runEveryCount or runEveryPeriod contradict each other: give scheduleType to say which is meant."
    )
  }
  if (cron) return Either.right(scheduleTypes.cron)
  if (every) return Either.right(scheduleTypes.runEvery)
  return Either.right(undefined)
}

/** `startTime` as an instant in UTC, as the API takes it. */
export const utcStart = (startTime: string | undefined): string | undefined =>
  startTime === undefined ? undefined : new Date(epochMillis(startTime)).toISOString()
