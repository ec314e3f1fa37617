import * as Duration from "effect/Duration"

/**
 * Spaces out one caller's requests so that they stay within the limit Sequentum announces on each reply
 * (`X-RateLimit-Limit` per `X-RateLimit-Window-Seconds`). Until the first reply nothing is held back.
 * Source: docs.sequentum.com/api-reference/errors.
 */
export interface RateBudget {
  /**
   * Takes the next free place at or after `now` (epoch milliseconds) and gives the time to wait for it. A wait over
   * `longest` is given but takes no place.
   */
  readonly reserve: (now: number, longest: Duration.Duration) => Duration.Duration
  /** Notes the limit that a reply announced. */
  readonly learn: (limit: number, windowSeconds: number) => void
}

export const makeRateBudget = (): RateBudget => {
  let limit = Number.POSITIVE_INFINITY
  let windowMillis = 60_000
  let places: Array<number> = []
  return {
    reserve: (now, longest) => {
      places = places.filter((at) => at > now - windowMillis)
      const blocking = places[places.length - limit]
      const at = blocking === undefined ? now : Math.max(now, blocking + windowMillis)
      const wait = Duration.millis(at - now)
      if (Duration.lessThanOrEqualTo(wait, longest)) places.push(at)
      return wait
    },
    learn: (newLimit, windowSeconds) => {
      if (!(newLimit >= 1 && windowSeconds > 0)) return
      limit = Math.floor(newLimit)
      windowMillis = windowSeconds * 1000
    }
  }
}
