import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { AgentSchedule } from "../../sequentum/schemas/Schedule.ts"
import { epochMillis, instantOf, namedZone, offsetAt, utc } from "../dates.ts"

/** What of a schedule says when it starts. */
export type Timed = Pick<
  AgentSchedule,
  "scheduleType" | "schedule" | "runEveryCount" | "runEveryPeriod" | "startTime" | "nextRunTime" | "timezone"
>

/** Which starts are wanted. Times are epoch milliseconds, both included. */
export interface Wanted {
  readonly from: number
  readonly until: number
  readonly max: number
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** How far ahead a date is looked for, such as a 29 February. */
const farthest = 10 * 365 * day

const timeOf = (time: string | undefined): number | undefined => {
  const at = time === undefined ? Number.NaN : epochMillis(time)
  return Number.isNaN(at) ? undefined : at
}

const all = (count: number) => Array.from({ length: count }, (_, index) => index)

/** The values of a field of a cron expression; an empty set stands for all of them. */
const valuesOf = (field: ReadonlySet<number>, count: number) =>
  field.size === 0 ? all(count) : [...field].sort((left, right) => left - right)

/** The second instant of a local time that the clocks repeat; undefined if they don't. */
const repeatOf = (local: number, zone: DateTime.TimeZone, first: number): number | undefined => {
  const later = instantOf(local, zone, "later")
  return later > first && later + offsetAt(later, zone) === local ? later : undefined
}

/**
 * The instants of local times of one day. A schedule of every hour follows the clocks: it has no start at a time that
 * they skip, and two at one that they repeat. Others have one start for each local time: a skipped one later, by what
 * the clocks skip, and a repeated one the first time.
 */
const instantsOn = (
  localDay: number,
  times: ReadonlyArray<number>,
  zone: DateTime.TimeZone,
  isHourly: boolean
): ReadonlyArray<number> => {
  const before = offsetAt(instantOf(localDay, zone) - minute, zone)
  if (before === offsetAt(instantOf(localDay + day, zone), zone)) return times.map((time) => localDay + time - before)
  const instants = times.flatMap((time) => {
    const local = localDay + time
    const first = instantOf(local, zone)
    if (!isHourly) return [first]
    if (first + offsetAt(first, zone) !== local) return []
    const second = repeatOf(local, zone, first)
    return second === undefined ? [first] : [first, second]
  })
  return [...new Set(instants)].sort((left, right) => left - right)
}

const cronStarts = (expression: string, zone: DateTime.TimeZone, { from, max, until }: Wanted) => {
  const parsed = Cron.parse(expression.trim(), utc)
  if (Either.isLeft(parsed)) return undefined
  const cron = parsed.right
  const minutes = valuesOf(cron.minutes, 60)
  const times = valuesOf(cron.hours, 24).flatMap((each) => minutes.map((one) => each * hour + one * minute))
  const starts: Array<number> = []
  const last = Math.min(until, from + farthest)
  for (let localDay = Math.floor((from - day) / day) * day; localDay <= last + day; localDay += day) {
    if (starts.length >= max) break
    if (!Cron.match(cron, localDay + (times[0] ?? 0))) continue
    for (const at of instantsOn(localDay, times, zone, cron.hours.size === 0)) {
      if (at >= from && at <= last && starts.length < max) starts.push(at)
    }
  }
  return starts
}

/** `count` months later, on the same day, or on the last one of a shorter month. */
const addMonths = (local: number, count: number) =>
  DateTime.toEpochMillis(DateTime.add(DateTime.unsafeMake(local), { months: count }))

const fixedLengths = { minutes: minute, hours: hour } as const
const localLengths = { days: day, weeks: 7 * day } as const

/** Minutes and hours are time that passes; days, weeks and months keep the local time. */
const everyStarts = (
  anchor: number,
  count: number,
  period: AgentSchedule["runEveryPeriod"],
  zone: DateTime.TimeZone,
  { from, max, until }: Wanted
): ReadonlyArray<number> | undefined => {
  const local = anchor + offsetAt(anchor, zone)
  const series = (length: number, nth: (index: number) => number) => {
    const starts: Array<number> = []
    const last = Math.min(until, from + farthest)
    for (let index = Math.max(0, Math.floor((from - anchor) / length) - 1); starts.length < max; index += 1) {
      const at = nth(index)
      if (at > last) break
      if (at >= from) starts.push(at)
    }
    return starts
  }
  switch (period) {
    case "minutes":
    case "hours": {
      const length = count * fixedLengths[period]
      return series(length, (index) => anchor + index * length)
    }
    case "days":
    case "weeks": {
      const length = count * localLengths[period]
      return series(length, (index) => instantOf(local + index * length, zone))
    }
    case "months":
      return series(count * 31 * day, (index) => instantOf(addMonths(local, index * count), zone))
    default:
      return undefined
  }
}

const typeOf = ({ runEveryCount, schedule, scheduleType, startTime }: Timed) => {
  if (scheduleType !== undefined) return scheduleType
  if (schedule !== undefined) return "CRON"
  return runEveryCount !== undefined ? "RunEvery" : startTime !== undefined ? "RunOnce" : undefined
}

/**
 * When a schedule starts runs, in epoch milliseconds, computed in its zone from its timing. Sequentum's own next run
 * counts where it says one: nothing starts before it. undefined if its timing can't be computed.
 */
export const startsOf = (schedule: Timed, { from, ...rest }: Wanted): ReadonlyArray<number> | undefined => {
  const zone = schedule.timezone === undefined ? Option.some(utc) : namedZone(schedule.timezone)
  if (Option.isNone(zone)) return undefined
  const next = timeOf(schedule.nextRunTime)
  const start = timeOf(schedule.startTime)
  // A start of Sequentum's may lag by seconds behind the minute of its cron expression.
  const earliest = next === undefined ? from : Math.max(from, Math.floor(next / minute) * minute)
  const wanted = { from: earliest, ...rest }
  switch (typeOf(schedule)) {
    case "CRON":
      return schedule.schedule === undefined ? undefined : cronStarts(schedule.schedule, zone.value, wanted)
    case "RunOnce": {
      const at = next ?? start
      return at === undefined ? undefined : [at].filter((time) => time >= from && time <= rest.until)
    }
    case "RunEvery": {
      const { runEveryCount: count, runEveryPeriod: period } = schedule
      const anchor = next ?? start
      if (count === undefined || count < 1 || anchor === undefined) return undefined
      const of = (first: number, which: Wanted) => everyStarts(first, count, period, zone.value, which)
      // The first start tells the day of the month, which a later one in a short month has lost.
      const isOnGrid =
        start !== undefined && next !== undefined && of(start, { from: next, until: next, max: 1 })?.[0] === next
      return of(isOnGrid ? start : anchor, wanted)
    }
    default:
      return undefined
  }
}
