import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ApiError } from "./errors.ts"
import { badRequest } from "./errors.ts"
import { maybe } from "./input.ts"
import { days } from "./state.ts"

/** A period in milliseconds since 1970, both ends inclusive. */
export interface Period {
  readonly from: number
  readonly to: number
}

export const periodFields = { startDate: maybe(Schema.String), endDate: maybe(Schema.String) }

const date = /^\d{4}-\d{2}-\d{2}$/
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/i

/** Parses a date or date-time; without a zone it is UTC. Fails with 400. */
export const readTime = (name: string, text: string): Effect.Effect<number, ApiError> => {
  const zoned = date.test(text) || /(Z|[+-]\d{2}:\d{2})$/i.test(text) ? text : `${text}Z`
  const time = date.test(text) || dateTime.test(text) ? Date.parse(zoned) : Number.NaN
  return Number.isNaN(time) ? badRequest(`${name} must be an ISO 8601 date or date-time.`) : Effect.succeed(time)
}

/** Midnight UTC at the start of a day. */
export const dayStart = (time: number): number => Math.floor(time / days(1)) * days(1)

/** Midnight UTC at the start of a week. Assumes that weeks begin on Monday. */
export const weekStart = (time: number): number => {
  const day = dayStart(time)
  return day - days((new Date(day).getUTCDay() + 6) % 7)
}

/**
 * The period of a report. A bare date as the end includes that whole day. Fails with 400 if the end is before the start.
 * Unverified: how the real API interprets bare dates.
 */
export const readPeriod = (
  dates: { readonly startDate?: string | null | undefined; readonly endDate?: string | null | undefined },
  defaultPeriod: Period
): Effect.Effect<Period, ApiError> =>
  Effect.gen(function* () {
    const from =
      typeof dates.startDate === "string" ? yield* readTime("startDate", dates.startDate) : defaultPeriod.from
    const end = typeof dates.endDate === "string" ? yield* readTime("endDate", dates.endDate) : defaultPeriod.to
    const to = typeof dates.endDate === "string" && date.test(dates.endDate) ? end + days(1) - 1 : end
    return to < from ? yield* badRequest("endDate must not be before startDate.") : { from, to }
  })

export const within = ({ from, to }: Period, time: number): boolean => time >= from && time <= to
