import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { InvalidArguments } from "./errors.ts"

/** A period, ISO 8601. */
export interface Period {
  readonly startDate: string
  readonly endDate: string
}

/** What a caller gave of a period. */
export interface GivenDates {
  readonly startDate?: string | undefined
  readonly endDate?: string | undefined
}

/** Instant of an ISO 8601 text in epoch milliseconds; one without a zone is in UTC. */
export const epochMillis = (iso: string): number =>
  Date.parse(/T/u.test(iso) && !/(?:Z|[+-]\d{2}:\d{2})$/u.test(iso) ? `${iso}Z` : iso)

/** Fails with InvalidArguments where a period starts after its end. An end that is a date means the whole day. */
export const checkPeriod = (
  tool: string,
  { endDate, startDate }: GivenDates
): Effect.Effect<void, InvalidArguments> => {
  if (startDate === undefined || endDate === undefined) return Effect.void
  const end = endDate.length === 10 ? `${endDate}T23:59:59.999Z` : endDate
  return epochMillis(startDate) <= epochMillis(end)
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

/** The dates given; an absent one is that of `thisMonth`. Fails with InvalidArguments. */
export const monthToDate = (tool: string, given: GivenDates): Effect.Effect<Period, InvalidArguments> =>
  Effect.flatMap(thisMonth, ({ endDate, startDate }) => {
    const period = { startDate: given.startDate ?? startDate, endDate: given.endDate ?? endDate }
    return Effect.as(checkPeriod(tool, period), period)
  })

/** The dates given; by default today (UTC) and seven days after the start. Fails with InvalidArguments. */
export const nextWeek = (tool: string, given: GivenDates): Effect.Effect<Period, InvalidArguments> =>
  Effect.flatMap(DateTime.now, (now) => {
    const startDate = given.startDate ?? DateTime.formatIsoDateUtc(now)
    const from = DateTime.unsafeMake(epochMillis(startDate))
    const period = { startDate, endDate: given.endDate ?? DateTime.formatIsoDateUtc(DateTime.add(from, { days: 7 })) }
    return Effect.as(checkPeriod(tool, period), period)
  })
