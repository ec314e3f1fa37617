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
  // In order of time. Those before the first one that counts are dropped once they are many.
  let places: Array<number> = []
  let first = 0
  const forget = (until: number) => {
    while (first < places.length && (places[first] ?? until) <= until) first += 1
    if (first > 100 && first * 2 > places.length) {
      places = places.slice(first)
      first = 0
    }
  }
  return {
    reserve: (now, longest) => {
      forget(now - windowMillis)
      const blocking = places.length - first < limit ? undefined : places[places.length - limit]
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

/** How many accounts' budgets are kept: a budget that was dropped starts anew, and Sequentum's own limit still holds. */
const mostAccounts = 1000

/** Gives the budget of an account by its name, or of a caller who has none by the object that stands for it. */
export const makeRateBudgets = () => {
  const ofCallers = new WeakMap<object, RateBudget>()
  const ofAccounts = new Map<string, RateBudget>()
  return (caller: string | object): RateBudget => {
    if (typeof caller === "object") {
      const budget = ofCallers.get(caller) ?? makeRateBudget()
      ofCallers.set(caller, budget)
      return budget
    }
    const budget = ofAccounts.get(caller) ?? makeRateBudget()
    // The account used last stands last, so that the first is the one to drop.
    ofAccounts.delete(caller)
    ofAccounts.set(caller, budget)
    if (ofAccounts.size > mostAccounts) {
      for (const first of ofAccounts.keys()) {
        ofAccounts.delete(first)
        break
      }
    }
    return budget
  }
}
