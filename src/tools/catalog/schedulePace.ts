import * as Option from "effect/Option"
import { namedZone } from "../dates.ts"
import { startsOf, type Timed } from "./scheduleStarts.ts"

/** How often a schedule starts runs. */
export interface Pace {
  /** Where the 24 hours begin that are counted, in epoch milliseconds: now, or later if the closest starts are. */
  readonly from: number
  /** How many starts these have. */
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
  const startsFrom = (until: number, max: number) => startsOf(schedule, { from: now, until, max })
  const [first = now] = startsFrom(Number.POSITIVE_INFINITY, 1) ?? []
  return Option.map(Option.fromNullable(startsFrom(first + lookedAt, maxStarts)), (times) => {
    const gaps = times.flatMap((time, index) => (index === 0 ? [] : [time - (times[index - 1] ?? time)]))
    const smallest = Math.min(Number.POSITIVE_INFINITY, ...gaps)
    const closest = times[gaps.indexOf(smallest)] ?? now
    const from = closest < now + dayMillis ? now : closest
    return {
      from,
      starts: times.filter((time) => time >= from && time < from + dayMillis).length,
      gapMinutes: smallest / 60_000
    }
  })
}
