import * as Option from "effect/Option"
import { namedZone } from "../dates.ts"
import { startsOf, type Timed } from "./scheduleStarts.ts"

/** How often a schedule starts runs. */
export interface Pace {
  /** The start of the day that is counted, in epoch milliseconds: now, or the first start if that is later than a day. */
  readonly from: number
  /** How many starts that day has. */
  readonly starts: number
  /** The smallest time between two starts, in minutes; infinite for a single start. */
  readonly gapMinutes: number
}

const dayMillis = 24 * 60 * 60_000

/** The most starts that are looked at: those of every minute of a day. */
const maxStarts = 24 * 60

/** How far from its first start a schedule is looked at: all hours of all days of the week and the month. */
const lookedAt = 40 * dayMillis

/** How often a schedule starts from `now` on; none if that can't be computed. One without a first start begins at once. */
export const paceOf = (timed: Timed, now: number): Option.Option<Pace> => {
  const { nextRunTime, runEveryCount, startTime, timezone } = timed
  const isUnanchored = runEveryCount !== undefined && startTime === undefined && nextRunTime === undefined
  const schedule = {
    ...timed,
    startTime: isUnanchored ? new Date(now).toISOString() : startTime,
    // How close the starts are hardly depends on the zone, so an unknown one is no reason to give up.
    timezone: timezone !== undefined && Option.isSome(namedZone(timezone)) ? timezone : undefined
  }
  const within = (from: number, until: number, max: number) => startsOf(schedule, { from, until, max })
  const [first] = within(now, Number.POSITIVE_INFINITY, 1) ?? []
  const times = within(now, (first ?? now) + lookedAt, maxStarts)
  if (times === undefined) return Option.none()
  const from = first === undefined || first < now + dayMillis ? now : first
  return Option.some({
    from,
    starts: times.filter((time) => time < from + dayMillis).length,
    gapMinutes:
      times.reduce(
        (smallest, time, index) => Math.min(smallest, time - (times[index - 1] ?? Number.NEGATIVE_INFINITY)),
        Number.POSITIVE_INFINITY
      ) / 60_000
  })
}
