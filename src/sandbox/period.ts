import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ApiError } from "./errors.ts"
import { badRequest } from "./errors.ts"
import { maybe } from "./input.ts"
import { days } from "./state.ts"

/** A stretch of time in milliseconds since 1970, both ends included. */
export interface Period {
  readonly from: number
  readonly to: number
}

export const periodFields = { startDate: maybe(Schema.String), endDate: maybe(Schema.String) }

const date = /^\d{4}-\d{2}-\d{2}$/
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/i

/** A date or date-time; one that names no zone is in UTC. Fails with 400. */
export const readTime = (name: string, text: string): Effect.Effect<number, ApiError> => {
  const zoned = date.test(text) || /(Z|[+-]\d{2}:\d{2})$/i.test(text) ? text : `${text}Z`
  const time = date.test(text) || dateTime.test(text) ? Date.parse(zoned) : Number.NaN
  return Number.isNaN(time) ? badRequest(`${name} must be an ISO 8601 date or date-time.`) : Effect.succeed(time)
}

/** Midnight UTC at the start of a day. */
export const dayStart = (time: number): number => Math.floor(time / days(1)) * days(1)

/** Midnight UTC at the start of a week, which is taken to begin on Monday. */
export const weekStart = (time: number): number => {
  const day = dayStart(time)
  return day - days((new Date(day).getUTCDay() + 6) % 7)
}

/**
 * The stretch a report is asked for. A bare date as the end takes in that whole day. Fails with 400 if the end comes
 * before the start. How the real API takes bare dates is unverified.
 */
export const readPeriod = (
  asked: { readonly startDate?: string | null | undefined; readonly endDate?: string | null | undefined },
  otherwise: Period
): Effect.Effect<Period, ApiError> =>
  Effect.gen(function* () {
    const from = typeof asked.startDate === "string" ? yield* readTime("startDate", asked.startDate) : otherwise.from
    const end = typeof asked.endDate === "string" ? yield* readTime("endDate", asked.endDate) : otherwise.to
    const to = typeof asked.endDate === "string" && date.test(asked.endDate) ? end + days(1) - 1 : end
    return to < from ? yield* badRequest("endDate must not be before startDate.") : { from, to }
  })

export const within = ({ from, to }: Period, time: number): boolean => time >= from && time <= to
