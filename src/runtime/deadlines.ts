import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import { monotonicMillis } from "./monotonic.ts"

/** Timers that can be cancelled. */
export interface Deadlines {
  /** Calls `expire` after `millis`. Returns a function that cancels it. */
  readonly after: (millis: number, expire: () => void) => () => void
}

interface Deadline {
  readonly at: number
  readonly expire: () => void
}

/**
 * Keeps every deadline with one fiber, which sleeps until the earliest, while the scope is open. A fiber per deadline
 * would cost a request more than everything else this server does for it, and hardly any deadline expires.
 */
export const makeDeadlines = Effect.gen(function* () {
  const clock = yield* Effect.clock
  const millis = () => monotonicMillis(clock)
  const watcher = yield* FiberHandle.make<void>()
  const run = yield* FiberHandle.runtime(watcher)()
  const pending = new Set<Deadline>()
  let nextWake = Number.POSITIVE_INFINITY

  const watch: Effect.Effect<void> = Effect.suspend(() => {
    nextWake = Number.POSITIVE_INFINITY
    for (const { at } of pending) nextWake = Math.min(nextWake, at)
    if (pending.size === 0) return Effect.void
    return Effect.zipRight(
      clock.sleep(Duration.millis(Math.max(0, nextWake - millis()))),
      Effect.suspend(() => {
        const now = millis()
        for (const deadline of pending) {
          if (deadline.at > now) continue
          pending.delete(deadline)
          deadline.expire()
        }
        return watch
      })
    )
  })

  return {
    after: (delay, expire) => {
      const deadline: Deadline = { at: millis() + delay, expire }
      pending.add(deadline)
      if (deadline.at < nextWake) run(watch)
      return () => void pending.delete(deadline)
    }
  } satisfies Deadlines
})
