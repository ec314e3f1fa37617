/** The most that a request body may hold, in bytes. */
export const maxBodyBytes = 1024 * 1024

const windowMillis = 60_000

/** How a client stands after a request. */
export interface RateState {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Seconds until the window ends. */
  readonly reset: number
}

export interface RateLimiter {
  /** Counts a request of `client` at `now` (epoch milliseconds). */
  readonly take: (client: string, now: number) => RateState
}

/** At most `perMinute` requests a client in each clock minute; counts are dropped with their minute. */
export const makeRateLimiter = (perMinute: number): RateLimiter => {
  let window = 0
  let counts = new Map<string, number>()
  return {
    take: (client, now) => {
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
}

export const rateHeaders = (state: RateState): Readonly<Record<string, string>> => ({
  "ratelimit-limit": String(state.limit),
  "ratelimit-remaining": String(state.remaining),
  "ratelimit-reset": String(state.reset),
  ...(state.allowed ? {} : { "retry-after": String(state.reset) })
})

interface Peer {
  readonly remoteAddress: string
  readonly forwardedFor: string | undefined
}

/**
 * Whose requests are counted together. Only a trusted proxy's own entry of `X-Forwarded-For`, the last one, is
 * believed: what stands before it came from the client.
 */
export const clientAddress = ({ forwardedFor, remoteAddress }: Peer, trustProxy: boolean): string => {
  const last = trustProxy ? forwardedFor?.split(",").at(-1)?.trim() : undefined
  return last === undefined || last === "" ? remoteAddress : last
}

const hostPattern = /^(\[[0-9a-f:.]+\]|[^:]+)(?::(\d+))?$/u

/** Whether the Host header is one of `allowed`; an entry without a port takes any port. */
export const hostAllowed = (host: string | undefined, allowed: ReadonlyArray<string>): boolean => {
  const lower = host?.toLowerCase() ?? ""
  const name = hostPattern.exec(lower)?.[1]
  return name !== undefined && (allowed.includes(lower) || allowed.includes(name))
}

export const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"] as const
