import * as Duration from "effect/Duration"

/**
 * Spaces out one caller's requests so that they stay within the limit that Sequentum announces on each reply
 * (`X-RateLimit-Limit` per `X-RateLimit-Window-Seconds`). Until the first reply nothing is held back.
 * Source: docs.sequentum.com/api-reference/errors.
 */
export interface RateBudget {
  /**
   * Reserves the next free slot at or after `now` (epoch milliseconds) and returns the time to wait for it. If that is
   * more than `maxWait`, no slot is reserved.
   */
  readonly reserve: (now: number, maxWait: Duration.Duration) => Duration.Duration
  /** Applies the limit that a reply announced. */
  readonly learn: (limit: number, windowSeconds: number) => void
}

export const make = (): RateBudget => {
  let limit = Number.POSITIVE_INFINITY
  let windowMillis = 60_000
  // Send times, oldest first. Those before `first` have left the window; they are dropped in batches.
  let slots: Array<number> = []
  let first = 0
  const forget = (until: number) => {
    while (first < slots.length && (slots[first] ?? until) <= until) first += 1
    if (first > 100 && first * 2 > slots.length) {
      slots = slots.slice(first)
      first = 0
    }
  }
  return {
    reserve: (now, maxWait) => {
      forget(now - windowMillis)
      const blocking = slots.length - first < limit ? undefined : slots[slots.length - limit]
      const at = blocking === undefined ? now : Math.max(now, blocking + windowMillis)
      const wait = Duration.millis(at - now)
      if (Duration.lessThanOrEqualTo(wait, maxWait)) slots.push(at)
      return wait
    },
    learn: (newLimit, windowSeconds) => {
      if (!(newLimit >= 1 && windowSeconds > 0)) return
      limit = Math.floor(newLimit)
      windowMillis = windowSeconds * 1000
    }
  }
}

/** A dropped budget starts anew, and Sequentum's own limit still holds. */
const maxAccounts = 1000

/**
 * Returns a function that finds the budget of an account by its name or, for a caller without one, by the object that
 * stands for it.
 */
export const makeByCaller = () => {
  const byObject = new WeakMap<object, RateBudget>()
  const byAccount = new Map<string, RateBudget>()
  return (caller: string | object): RateBudget => {
    if (typeof caller === "object") {
      const budget = byObject.get(caller) ?? make()
      byObject.set(caller, budget)
      return budget
    }
    const budget = byAccount.get(caller) ?? make()
    // The most recently used account goes last, so that the first is the one to drop.
    byAccount.delete(caller)
    byAccount.set(caller, budget)
    if (byAccount.size > maxAccounts) {
      for (const oldest of byAccount.keys()) {
        byAccount.delete(oldest)
        break
      }
    }
    return budget
  }
}
