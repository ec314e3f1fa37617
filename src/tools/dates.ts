import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { InvalidArguments } from "./errors.ts"

export interface Range {
  readonly startDate: string
  readonly endDate: string
}

/** Instant of an ISO 8601 text in epoch milliseconds; one without a zone is in UTC. */
export const epochMillis = (iso: string): number =>
  Date.parse(/T/u.test(iso) && !/(?:Z|[+-]\d{2}:\d{2})$/u.test(iso) ? `${iso}Z` : iso)

/** Refuses a period that starts after its end. A date alone as the end stands for the whole day. */
export const checkRange = (tool: string, startDate: string | undefined, endDate: string | undefined) => {
  if (startDate === undefined || endDate === undefined) return Effect.void
  const end = endDate.length === 10 ? `${endDate}T23:59:59.999Z` : endDate
  return epochMillis(startDate) <= epochMillis(end)
    ? Effect.void
    : Effect.fail(
        new InvalidArguments({
          tool,
          problems: [`startDate must not be after endDate, but ${startDate} is after ${endDate}.`]
        })
      )
}

interface Given {
  readonly startDate?: string
  readonly endDate?: string
}

/** The period given, with the first of this month (UTC) and now for what was not. Fails with InvalidArguments. */
export const monthToDate = (tool: string, given: Given): Effect.Effect<Range, InvalidArguments> =>
  Effect.flatMap(DateTime.now, (now) => {
    const startDate = given.startDate ?? DateTime.formatIsoDateUtc(DateTime.startOf(now, "month"))
    const endDate = given.endDate ?? DateTime.formatIso(now)
    return Effect.as(checkRange(tool, startDate, endDate), { startDate, endDate })
  })

/** The period given, with today (UTC) and seven days later for what was not. Fails with InvalidArguments. */
export const nextWeek = (tool: string, given: Given): Effect.Effect<Range, InvalidArguments> =>
  Effect.flatMap(DateTime.now, (now) => {
    const startDate = given.startDate ?? DateTime.formatIsoDateUtc(now)
    const from = DateTime.unsafeMake(epochMillis(startDate))
    const endDate = given.endDate ?? DateTime.formatIsoDateUtc(DateTime.add(from, { days: 7 }))
    return Effect.as(checkRange(tool, startDate, endDate), { startDate, endDate })
  })

/** The last 24 hours. */
export const lastDay: Effect.Effect<Range> = Effect.map(DateTime.now, (now) => ({
  startDate: DateTime.formatIso(DateTime.subtract(now, { hours: 24 })),
  endDate: DateTime.formatIso(now)
}))
