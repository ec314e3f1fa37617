import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { makePerCaller } from "../../runtime/perCaller.ts"

/**
 * Spaces out one caller's requests so that they stay within the limit that Sequentum announces on each reply
 * (`X-RateLimit-Limit` per `X-RateLimit-Window-Seconds`). Until the first reply nothing is held back. Times are
 * milliseconds of monotonic time. Source: docs.sequentum.com/api-reference/errors.
 */
export interface RateBudget {
  /** Counts a request that is sent `now`. False if it has to wait: then nothing is counted. */
  readonly tryTake: (now: number, isWrite: boolean) => boolean
  /**
   * Waits until a request may be sent, and counts it. Writes go first, else those that came first. An interrupted wait
   * counts nothing. Fails with the time that is missing if the wait is, or becomes, longer than `maxWait`.
   */
  readonly take: (isWrite: boolean, maxWait: Duration.Duration) => Effect.Effect<void, Duration.Duration>
  /**
   * Counts a reading that is sent `now`, if a fifth of the limit stays for others and none of them waits. Returns 0, or
   * the time until there is room: then nothing is counted.
   */
  readonly trySpare: (now: number) => number
  /** Applies the limit that a reply announced. */
  readonly learn: (limit: number, windowSeconds: number) => void
}

/** Requests that can be left out leave one in so many places to others. */
const spared = 5

/** One request that waits. Its latch opens when it has become the first. */
type Waiter = Effect.Latch

export const make = (): RateBudget => {
  let limit = Number.POSITIVE_INFINITY
  let windowMillis = 60_000
  // Send times, oldest first. Those before `first` have left the window; they are dropped in batches.
  let slots: Array<number> = []
  let first = 0
  const writes = new Set<Waiter>()
  const reads = new Set<Waiter>()

  const forget = (until: number) => {
    while (first < slots.length && (slots[first] ?? until) <= until) first += 1
    if (first > 100 && first * 2 > slots.length) {
      slots = slots.slice(first)
      first = 0
    }
  }

  /** When a request may be sent that lets `ahead` others go before. */
  const freeAt = (now: number, ahead: number): number => {
    forget(now - windowMillis)
    const sent = slots.length - first
    const blocking = sent + ahead - limit
    if (blocking < 0) return now
    const blockedUntil = blocking < sent ? (slots[first + blocking] ?? now) : freeAt(now, blocking - sent)
    return Math.max(now, blockedUntil + windowMillis)
  }

  const firstInLine = (): Waiter | undefined => {
    for (const waiter of writes) return waiter
    for (const waiter of reads) return waiter
    return undefined
  }

  const waitTurn = (waiter: Waiter): Effect.Effect<void> =>
    Effect.clockWith((clock) => {
      if (waiter !== firstInLine()) {
        return Effect.zipRight(Effect.zipRight(waiter.close, waiter.await), waitTurn(waiter))
      }
      const now = monotonicMillis(clock)
      const at = freeAt(now, 0)
      if (at > now) return Effect.zipRight(Effect.sleep(Duration.millis(at - now)), waitTurn(waiter))
      slots.push(now)
      return Effect.void
    })

  const timeMissing = (ahead: number) =>
    Effect.clockWith((clock) => {
      const now = monotonicMillis(clock)
      return Effect.succeed(Duration.millis(freeAt(now, ahead) - now))
    })

  return {
    tryTake: (now, isWrite) => {
      if (writes.size > 0 || (!isWrite && reads.size > 0) || freeAt(now, 0) > now) return false
      slots.push(now)
      return true
    },
    trySpare: (now) => {
      const others = Number.isFinite(limit) ? Math.floor(limit / spared) : 0
      const missing = freeAt(now, writes.size + reads.size + others) - now
      if (missing === 0) slots.push(now)
      return missing
    },
    take: (isWrite, maxWait) =>
      Effect.suspend(() => {
        const queue = isWrite ? writes : reads
        return Effect.flatMap(timeMissing(isWrite ? writes.size : writes.size + reads.size), (missing) =>
          Duration.greaterThan(missing, maxWait)
            ? Effect.fail(missing)
            : Effect.acquireUseRelease(
                Effect.sync(() => {
                  const waiter = Effect.unsafeMakeLatch()
                  queue.add(waiter)
                  return waiter
                }),
                waitTurn,
                (waiter) =>
                  Effect.suspend(() => {
                    queue.delete(waiter)
                    return firstInLine()?.open ?? Effect.void
                  })
              ).pipe(
                Effect.timeoutTo({
                  duration: maxWait,
                  onSuccess: () => Effect.void,
                  onTimeout: () => Effect.flatMap(timeMissing(writes.size), Effect.fail)
                }),
                Effect.flatten
              )
        )
      }),
    learn: (newLimit, windowSeconds) => {
      if (!(newLimit >= 1 && windowSeconds > 0)) return
      limit = Math.floor(newLimit)
      windowMillis = windowSeconds * 1000
    }
  }
}

/** Finds the budget of a caller. A dropped one starts anew, and Sequentum's own limit still holds. */
export const makeByCaller = () => makePerCaller(make)

/** The rate budget of each caller. */
export class RateBudgets extends Context.Tag("sequentum/RateBudgets")<
  RateBudgets,
  (caller: string | object) => RateBudget
>() {
  static readonly layer: Layer.Layer<RateBudgets> = Layer.sync(RateBudgets, makeByCaller)
}
