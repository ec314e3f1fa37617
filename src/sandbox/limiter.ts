import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ApiError } from "./errors.ts"

/** Length of a window in milliseconds. The speed of the sandbox does not change it. */
export const windowMs = 60_000

const maxQueued = 10

/**
 * A fixed-window limit with a short queue. When a window is full, up to ten requests wait for a later one, first come
 * first served. More requests fail with 429 and Retry-After. Source: docs.sequentum.com/api-reference/errors.
 */
export interface Limiter {
  readonly admit: Effect.Effect<void, ApiError>
}

export const make = (limit: number): Limiter => {
  let opened = Number.NEGATIVE_INFINITY
  let used = 0
  let queued = 0

  const updateWindow = (now: number): void => {
    if (now < opened + windowMs) return
    const passed = Number.isFinite(opened) ? Math.floor((now - opened) / windowMs) : 0
    opened = passed === 0 ? now : opened + passed * windowMs
    used = 0
    for (let window = 0; window < Math.max(1, passed); window++) {
      used = Math.min(queued, limit)
      queued -= used
    }
  }

  const admit = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    updateWindow(now)
    const left = opened + windowMs - now
    if (used < limit) {
      used++
      return Effect.void
    }
    if (queued >= maxQueued) {
      return Effect.fail(
        new ApiError({
          status: 429,
          code: "rate_limit_exceeded",
          message: `More than ${limit} requests in ${windowMs / 1000} seconds.`,
          headers: { "retry-after": String(Math.max(1, Math.ceil(left / 1000))) }
        })
      )
    }
    const turn = opened + windowMs * (1 + Math.floor(queued / limit))
    queued++
    return Effect.sleep(turn - now).pipe(
      Effect.onInterrupt(() =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          updateWindow(now)
          if (now < turn) queued--
        })
      )
    )
  })

  return { admit }
}
