import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ScheduleType } from "../../sequentum/schemas/Schedule.ts"
import type { ScheduleBody } from "../../sequentum/Schedules.ts"
import { epochMillis, hasZone, isoOf, namedZone, zoneProblem } from "../dates.ts"

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

/** A start as an instant. */
interface Start {
  /** Epoch milliseconds. */
  readonly at: number
  /** As it was given, and where it is local to. */
  readonly shown: string
  /** Says which instant is meant, if the clocks of the zone skip or repeat the time. */
  readonly note?: string
}

/**
 * Reads a start. A time without a zone is local to `timezone`, or in UTC without one. A time that the clocks skip is
 * taken as if they had not been put forward yet, one that they repeat is taken the first time.
 */
export const readStart = (startTime: string, timezone: string | undefined): Start => {
  const utc: Start = { at: epochMillis(startTime), shown: startTime }
  if (timezone === undefined || hasZone(startTime)) return utc
  return Option.match(namedZone(timezone), {
    onNone: () => utc,
    onSome: (timeZone): Start => {
      const { at } = utc
      const shown = `${startTime} in ${timezone}`
      const local = DateTime.makeZoned(at, { timeZone, adjustForTimeZone: true, disambiguation: "reject" })
      if (Option.isSome(local)) return { at: local.value.epochMillis, shown }
      const nearest = DateTime.unsafeMakeZoned(at, { timeZone, adjustForTimeZone: true, disambiguation: "compatible" })
      const wallClock = DateTime.toDate(nearest).toISOString().slice(0, 16)
      const isRepeated = wallClock === isoOf(at).slice(0, 16)
      const meant = isoOf(nearest.epochMillis)
      return {
        at: nearest.epochMillis,
        shown,
        note: isRepeated
          ? `The clocks go back in ${timezone}, so ${startTime} comes twice: the first is meant, ${meant}.`
          : `The clocks go forward in ${timezone} and skip ${startTime}: ${wallClock} is meant, ${meant}.`
      }
    }
  })
}

/** Sequentum refuses a single run that starts sooner. Source: docs.sequentum.com/api-reference/schedules/create. */
const shortestNotice = Duration.minutes(1)

const cronProblems = (expression: string | undefined) => {
  if (expression === undefined) return ["cronExpression is required for a CRON schedule."]
  const fields = expression.trim().split(/\s+/u).length
  if (fields !== 5) {
    return [`cronExpression must have 5 fields (minute hour day month weekday), but has ${fields}.`]
  }
  return Either.isRight(Cron.parse(expression.trim()))
    ? []
    : [`cronExpression is not valid: ${JSON.stringify(expression.slice(0, 60))}. An example is "0 6 * * 1-5".`]
}

const startProblems = ({ at, shown }: Start, now: number, earliest: number, problem: string) =>
  at < earliest ? [`startTime ${problem}, but was ${shown}; it is now ${isoOf(now)}.`] : []

const runOnceProblems = ({ startTime, timezone }: Timing, now: number) =>
  startTime === undefined
    ? ["startTime is required for a RunOnce schedule."]
    : startProblems(
        readStart(startTime, timezone),
        now,
        now + Duration.toMillis(shortestNotice),
        "must be at least 1 minute ahead"
      )

const runEveryProblems = ({ runEveryCount, runEveryPeriod, startTime, timezone }: Timing, now: number) => [
  ...(runEveryCount === undefined ? ["runEveryCount is required for a RunEvery schedule."] : []),
  ...(runEveryPeriod === undefined ? ["runEveryPeriod is required for a RunEvery schedule."] : []),
  ...(startTime === undefined
    ? []
    : startProblems(readStart(startTime, timezone), now, now + 1, "must be in the future"))
]

const zoneProblems = (timezone: string | undefined) =>
  timezone === undefined || Option.isSome(namedZone(timezone)) ? [] : [zoneProblem(timezone)]

/** What is wrong with a schedule's timing, a sentence each. Times are compared with the Clock, in UTC. */
export const timingProblems = (timing: Timing): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(DateTime.now, (dateTime) => {
    const now = DateTime.toEpochMillis(dateTime)
    const zone = zoneProblems(timing.timezone)
    switch (timing.scheduleType) {
      case scheduleTypes.runOnce:
        return [...runOnceProblems(timing, now), ...zone]
      case scheduleTypes.runEvery:
        return [...runEveryProblems(timing, now), ...zone]
      case scheduleTypes.cron:
        return [...cronProblems(timing.cronExpression), ...zone]
      default:
        return zone
    }
  })

/** A day of the month and a day of the week that both say something. */
const bothDays = /^(?:\S+\s+){2}[^\s*?]\S*\s+\S+\s+[^\s*?]/u

/** Says what of a cron expression is not documented; undefined if all of it is plain. */
export const cronNote = (expression: string): string | undefined =>
  bothDays.test(expression.trim())
    ? "cronExpression names days of the month and days of the week. Whether Sequentum starts on either or needs both is not documented: nextRuns takes either, nextRunTime is Sequentum's own."
    : undefined

/** The type that cron and run-every fields imply: nothing without any, a problem when they contradict. */
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

/** The fields that only some types of schedule have, by type. */
const fieldsOfType: ReadonlyMap<number | undefined, ReadonlyArray<keyof Timing>> = new Map([
  [scheduleTypes.cron, ["cronExpression"]],
  [scheduleTypes.runEvery, ["runEveryCount", "runEveryPeriod", "startTime"]],
  [scheduleTypes.runOnce, ["startTime"]]
])

const typedFields = ["cronExpression", "runEveryCount", "runEveryPeriod", "startTime"] as const

/** The fields given that a schedule of this type does not have. */
export const unusedFields = (given: Timing, type: number | undefined): ReadonlyArray<string> => {
  const used = fieldsOfType.get(type) ?? typedFields
  return typedFields.filter((name) => given[name] !== undefined && !used.includes(name))
}

/** A schedule as it is sent: without the fields of other types, and with its start in UTC. */
export const asSent = (body: ScheduleBody): ScheduleBody => {
  const { cronExpression, runEveryCount, runEveryPeriod, startTime, ...rest } = body
  const start = startTime === undefined ? undefined : isoOf(readStart(startTime, rest.timezone).at)
  switch (rest.scheduleType) {
    case scheduleTypes.cron:
      return { ...rest, cronExpression: cronExpression?.trim() }
    case scheduleTypes.runEvery:
      return { ...rest, runEveryCount, runEveryPeriod, startTime: start }
    case scheduleTypes.runOnce:
      return { ...rest, startTime: start }
    default:
      return { ...rest, cronExpression, runEveryCount, runEveryPeriod, startTime: start }
  }
}
