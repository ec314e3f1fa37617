import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const windowMillis = 60_000

/** What is left to a client after a request. */
export interface RateState {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Seconds until the window ends. */
  readonly reset: number
}

export interface RateLimiter {
  /** Counts a request of `client`. */
  readonly take: (client: string) => RateState
}

/** At most `perMinute` requests per client in each minute of the clock. Counts are dropped when their minute ends. */
export const makeRateLimiter = (perMinute: number): Effect.Effect<RateLimiter> =>
  Effect.map(Effect.clock, (clock) => {
    let window = 0
    let counts = new Map<string, number>()
    return {
      take: (client) => {
        const now = clock.unsafeCurrentTimeMillis()
        const current = Math.floor(now / windowMillis)
        if (current !== window) {
          window = current
          counts = new Map()
        }
        const count = (counts.get(client) ?? 0) + 1
        counts.set(client, count)
        return {
          allowed: count <= perMinute,
          limit: perMinute,
          remaining: Math.max(0, perMinute - count),
          reset: Math.ceil(((current + 1) * windowMillis - now) / 1000)
        }
      }
    }
  })

export const rateHeaders = (state: RateState): Readonly<Record<string, string>> => ({
  "ratelimit-limit": String(state.limit),
  "ratelimit-remaining": String(state.remaining),
  "ratelimit-reset": String(state.reset),
  ...(state.allowed ? {} : { "retry-after": String(state.reset) })
})

interface Peer {
  readonly remoteAddress: Option.Option<string>
  readonly forwardedFor: string | undefined
}

/**
 * The address that a request counts for. Of `X-Forwarded-For` only the last entry is trusted, and only behind a trusted
 * proxy, which wrote it. The entries before it came from the client.
 */
export const clientAddress = ({ forwardedFor, remoteAddress }: Peer, trustProxy: boolean): string => {
  const last = trustProxy ? forwardedFor?.split(",").at(-1)?.trim() : undefined
  return last === undefined || last === "" ? Option.getOrElse(remoteAddress, () => "unknown") : last
}
