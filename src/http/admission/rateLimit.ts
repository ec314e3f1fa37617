import * as Effect from "effect/Effect"
import { makeMemory } from "../../runtime/memory.ts"
import { monotonicMillis } from "../../runtime/monotonic.ts"

/** What is left to a client. */
export interface RateState {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Seconds until the oldest request no longer counts. */
  readonly reset: number
}

export interface RateLimiter {
  /** Counts a request of `client`, if it is allowed. */
  readonly take: (client: string) => RateState
  /** What `take` would say, without counting. */
  readonly peek: (client: string) => RateState
}

const windowSeconds = 60

/** Requests are counted by the second. The first of these seconds is only partly in the window, but counts whole. */
const slots = windowSeconds + 1

/** The least recently used client is dropped first. One takes 300 bytes. */
const maxClients = 10_000

/** The requests of one client in each second of the window. */
class Window {
  readonly #counts = new Uint32Array(slots)
  #total = 0
  #last = 0

  get total(): number {
    return this.#total
  }

  /** Forgets what is no longer in the window that ends with `second`. */
  moveTo(second: number): void {
    for (let next = Math.max(this.#last + 1, second - slots + 1); next <= second; next += 1) {
      const slot = next % slots
      this.#total -= this.#counts[slot] ?? 0
      this.#counts[slot] = 0
    }
    this.#last = Math.max(this.#last, second)
  }

  add(): void {
    const slot = this.#last % slots
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1
    this.#total += 1
  }

  /** The second of the oldest request that counts. */
  oldest(): number {
    for (let second = Math.max(0, this.#last - slots + 1); second < this.#last; second += 1) {
      if ((this.#counts[second % slots] ?? 0) > 0) return second
    }
    return this.#last
  }
}

/**
 * At most `max` requests per client in any 60 seconds. Requests that are refused don't count. Memory is bounded, whatever
 * `max` is and however many clients there are.
 */
export const makeRateLimiter = (max: number): Effect.Effect<RateLimiter> =>
  Effect.map(Effect.clock, (clock) => {
    const windows = makeMemory<Window>(maxClients)

    const stateOf = (window: Window, now: number, allowed: boolean): RateState => ({
      allowed,
      limit: max,
      remaining: Math.max(0, max - window.total),
      reset: window.total === 0 ? windowSeconds : Math.ceil(((window.oldest() + slots) * 1000 - now) / 1000)
    })

    const windowOf = (client: string, now: number) => {
      const window = windows.get(client) ?? new Window()
      window.moveTo(Math.floor(now / 1000))
      return window
    }

    return {
      peek: (client) => {
        const now = monotonicMillis(clock)
        const window = windowOf(client, now)
        return stateOf(window, now, window.total < max)
      },
      take: (client) => {
        const now = monotonicMillis(clock)
        const window = windowOf(client, now)
        const allowed = window.total < max
        if (allowed) window.add()
        windows.set(client, window)
        return stateOf(window, now, allowed)
      }
    }
  })

export const rateHeaders = (state: RateState): Readonly<Record<string, string>> => ({
  "ratelimit-limit": String(state.limit),
  "ratelimit-remaining": String(state.remaining),
  "ratelimit-reset": String(state.reset),
  ...(state.allowed ? {} : { "retry-after": String(state.reset) })
})
