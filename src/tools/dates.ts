import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { InvalidArguments } from "./errors.ts"
import * as Param from "./Param.ts"

/** A period, ISO 8601. */
export interface Period {
  readonly startDate: string
  readonly endDate: string
}

const periodNames = ["today", "yesterday", "last7Days", "last30Days", "thisMonth", "lastMonth"] as const

/** Parameters of a tool that takes dates. */
export const dateParams = {
  startDate: Param.optional(Param.date()),
  endDate: Param.optional(Param.date()),
  period: Param.optional(Param.oneOf("In place of dates", periodNames)),
  timezone: Param.optional(Schema.String.annotations({ description: "IANA name; else UTC" }))
}

/** What a caller gave of a period: the values of `dateParams`. */
export interface GivenDates {
  readonly startDate?: string | undefined
  readonly endDate?: string | undefined
  readonly period?: (typeof periodNames)[number] | undefined
  /** IANA name. Days, and times without a zone, are those of it. */
  readonly timezone?: string | undefined
}

/** Arguments without those of `dateParams`. */
export const withoutDates = <A extends GivenDates>(args: A) =>
  Struct.omit(args, "startDate", "endDate", "period", "timezone")

/** Whether a time says in which zone it is. */
export const hasZone = (time: string) => /(?:Z|[+-]\d{2}:\d{2})$/u.test(time)

/** Instant of an ISO 8601 text in epoch milliseconds; one without a zone is in UTC. */
export const epochMillis = (iso: string): number => Date.parse(/T/u.test(iso) && !hasZone(iso) ? `${iso}Z` : iso)

export const isoOf = (at: number) => new Date(at).toISOString()

/** The zone of an IANA name. Offsets are none: they know nothing of summer time. */
export const namedZone = (timezone: string): Option.Option<DateTime.TimeZone> =>
  /^[+-]/u.test(timezone) ? Option.none() : DateTime.zoneMakeNamed(timezone)

/** Says that a text is not the name of a zone. */
export const zoneProblem = (timezone: string) =>
  `timezone must be an IANA time zone such as Europe/Berlin, but was ${JSON.stringify(timezone.slice(0, 60))}.`

export const utc: DateTime.TimeZone = DateTime.zoneMakeOffset(0)

/** The zone of an IANA name, or UTC without one. Fails with InvalidArguments. */
export const zoneOf = (
  tool: string,
  timezone: string | undefined
): Effect.Effect<DateTime.TimeZone, InvalidArguments> =>
  timezone === undefined
    ? Effect.succeed(utc)
    : Option.match(namedZone(timezone), {
        onNone: () => new InvalidArguments({ tool, problems: [zoneProblem(timezone)] }),
        onSome: Effect.succeed
      })

/**
 * The instant of a local time, given as epoch milliseconds of the same time in UTC. A time that the clocks skip is
 * later by what they skip, and one that they repeat is meant the first time, unless `repeated` says "later".
 */
export const instantOf = (
  local: number,
  timeZone: DateTime.TimeZone,
  repeated: "compatible" | "later" = "compatible"
): number =>
  DateTime.toEpochMillis(
    DateTime.unsafeMakeZoned(local, { timeZone, adjustForTimeZone: true, disambiguation: repeated })
  )

/** What the local time of a zone is ahead of UTC, in milliseconds. */
export const offsetAt = (at: number, timeZone: DateTime.TimeZone): number =>
  DateTime.zonedOffset(DateTime.unsafeMakeZoned(at, { timeZone }))

/** An instant as UTC and as local time with its offset, in whole seconds. */
export const shownTimes = (at: number, zone: DateTime.TimeZone): { readonly utc: string; readonly local: string } => {
  const offset = offsetAt(at, zone)
  const minutes = Math.abs(Math.round(offset / 60_000))
  const two = (value: number) => String(value).padStart(2, "0")
  const ahead = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return { utc: `${isoOf(at).slice(0, 19)}Z`, local: `${isoOf(at + offset).slice(0, 19)}${ahead}` }
}

/** The start of a day, in days and months from the day and month in which `now` is in the zone. */
const startOfDay = (
  now: number,
  zone: DateTime.TimeZone,
  from: { readonly days?: number; readonly months?: number }
) => {
  const { day, month, year } = DateTime.toParts(DateTime.unsafeMakeZoned(now, { timeZone: zone }))
  const { days, months } = from
  return instantOf(
    months === undefined ? Date.UTC(year, month - 1, day + (days ?? 0)) : Date.UTC(year, month - 1 + months, 1),
    zone
  )
}

/** From the start of one day to that of another, counted from today, or of one month to another. */
const boundaries = {
  today: [{ days: 0 }, { days: 1 }],
  yesterday: [{ days: -1 }, { days: 0 }],
  last7Days: [{ days: -6 }, { days: 1 }],
  last30Days: [{ days: -29 }, { days: 1 }],
  thisMonth: [{ months: 0 }, { months: 1 }],
  lastMonth: [{ months: -1 }, { months: 0 }]
} as const

/** What a tool takes its dates for. */
interface Taking {
  readonly tool: string
  /** Whether what is still to come counts too. Otherwise a period ends now. */
  readonly ahead?: boolean
}

const together = "period stands in place of startDate and endDate: give it or them, not both."

const localMillis = (text: string, zone: DateTime.TimeZone) => instantOf(epochMillis(text), zone)

const wholeDay = 24 * 60 * 60 * 1000

/** A start without a zone, in that of the caller. */
const startIn = (text: string, zone: DateTime.TimeZone) => (hasZone(text) ? text : isoOf(localMillis(text, zone)))

/** An end without a zone, in that of the caller. A date means the whole day. */
const endIn = (text: string, zone: DateTime.TimeZone) => {
  if (hasZone(text)) return text
  return isoOf(text.length === 10 ? instantOf(epochMillis(text) + wholeDay, zone) - 1 : localMillis(text, zone))
}

/**
 * The dates that a caller means; those that it leaves out are absent. Without a zone and a period they are as they were
 * given. Fails with InvalidArguments, also where a period starts after its end.
 */
export const takeDates = (
  { ahead = false, tool }: Taking,
  { endDate, period, startDate, timezone }: GivenDates
): Effect.Effect<Partial<Period>, InvalidArguments> =>
  Effect.gen(function* () {
    const zone = yield* zoneOf(tool, timezone)
    if (period !== undefined) {
      if (startDate !== undefined || endDate !== undefined) {
        return yield* new InvalidArguments({ tool, problems: [together] })
      }
      const now = DateTime.toEpochMillis(yield* DateTime.now)
      const [from, until] = boundaries[period]
      const end = startOfDay(now, zone, until) - 1
      return { startDate: isoOf(startOfDay(now, zone, from)), endDate: isoOf(ahead ? end : Math.min(end, now)) }
    }
    const dates = {
      ...(startDate === undefined ? {} : { startDate: timezone === undefined ? startDate : startIn(startDate, zone) }),
      ...(endDate === undefined ? {} : { endDate: timezone === undefined ? endDate : endIn(endDate, zone) })
    }
    return yield* Effect.as(checkOrder(tool, dates), dates)
  })

/** The instants of a period in epoch milliseconds, both included. An end that is a date means the whole day. */
export const instantsOf = ({ endDate, startDate }: Period): { readonly from: number; readonly until: number } => ({
  from: epochMillis(startDate),
  until: epochMillis(endDate.length === 10 ? `${endDate}T23:59:59.999Z` : endDate)
})

const checkOrder = (tool: string, { endDate, startDate }: Partial<Period>): Effect.Effect<void, InvalidArguments> => {
  if (startDate === undefined || endDate === undefined) return Effect.void
  const { from, until } = instantsOf({ startDate, endDate })
  return from <= until
    ? Effect.void
    : new InvalidArguments({
        tool,
        problems: [`startDate must not be after endDate, but ${startDate} is after ${endDate}.`]
      })
}

/** From the first of this month (UTC) until now. */
export const thisMonth: Effect.Effect<Period> = Effect.map(DateTime.now, (now) => ({
  startDate: DateTime.formatIsoDateUtc(DateTime.startOf(now, "month")),
  endDate: DateTime.formatIso(now)
}))

/** From 24 hours ago until now. */
export const lastDay: Effect.Effect<Period> = Effect.map(DateTime.now, (now) => ({
  startDate: DateTime.formatIso(DateTime.subtract(now, { hours: 24 })),
  endDate: DateTime.formatIso(now)
}))

/** The dates that a caller means; an absent one is that of a named period. Fails with InvalidArguments. */
const orElse = (tool: string, given: GivenDates, byDefault: Effect.Effect<Partial<Period>, InvalidArguments>) =>
  Effect.gen(function* () {
    const period = { ...(yield* thisMonth), ...(yield* byDefault), ...(yield* takeDates({ tool }, given)) }
    return yield* Effect.as(checkOrder(tool, period), period)
  })

/** The dates that a caller means; an absent one is that of the month to date. Fails with InvalidArguments. */
export const monthToDate = (tool: string, given: GivenDates): Effect.Effect<Period, InvalidArguments> =>
  orElse(
    tool,
    given,
    given.timezone === undefined
      ? Effect.succeed({})
      : takeDates({ tool }, { period: "thisMonth", timezone: given.timezone })
  )

/** The dates that a caller means; an absent one is that of the last 30 days. Fails with InvalidArguments. */
export const lastThirtyDays = (tool: string, given: GivenDates): Effect.Effect<Period, InvalidArguments> =>
  orElse(tool, given, takeDates({ tool }, { period: "last30Days", timezone: given.timezone }))

/**
 * The dates that a caller means, with what is still to come; by default from today to seven days after the start. Fails
 * with InvalidArguments.
 */
export const nextWeek = (tool: string, given: GivenDates): Effect.Effect<Period, InvalidArguments> =>
  Effect.gen(function* () {
    const dates = yield* takeDates({ tool, ahead: true }, given)
    const zone = yield* zoneOf(tool, given.timezone)
    const now = DateTime.toEpochMillis(yield* DateTime.now)
    const isLocal = given.timezone !== undefined
    const today = startOfDay(now, zone, {})
    const startDate = dates.startDate ?? (isLocal ? isoOf(today) : isoOf(today).slice(0, 10))
    const lastDay = startOfDay(epochMillis(startDate), zone, { days: 7 })
    const endOfLastDay = startOfDay(epochMillis(startDate), zone, { days: 8 }) - 1
    const endDate = dates.endDate ?? (isLocal ? isoOf(endOfLastDay) : isoOf(lastDay).slice(0, 10))
    return yield* Effect.as(checkOrder(tool, { startDate, endDate }), { startDate, endDate })
  })
