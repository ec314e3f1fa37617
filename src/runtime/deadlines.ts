import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"

/** Calls back at points in time, unless that is called off before. */
export interface Deadlines {
  /** Calls `expire` once `millis` have passed. What it gives calls that off. */
  readonly after: (millis: number, expire: () => void) => () => void
}

interface Waiting {
  readonly at: number
  readonly expire: () => void
}

/**
 * Keeps deadlines by one fiber, which sleeps until the first of them, for as long as the scope is open. A fiber for
 * each would cost a request more than all else that the server does for it, and hardly any deadline is ever met.
 */
export const makeDeadlines = Effect.gen(function* () {
  const clock = yield* Effect.clock
  // Not the time of day, which may be set back.
  const millis = () => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
  const watcher = yield* FiberHandle.make<void>()
  const run = yield* FiberHandle.runtime(watcher)()
  const waiting = new Set<Waiting>()
  let awaited = Number.POSITIVE_INFINITY

  const watch: Effect.Effect<void> = Effect.suspend(() => {
    awaited = Number.POSITIVE_INFINITY
    for (const { at } of waiting) awaited = Math.min(awaited, at)
    if (waiting.size === 0) return Effect.void
    return Effect.zipRight(
      clock.sleep(Duration.millis(Math.max(0, awaited - millis()))),
      Effect.suspend(() => {
        const now = millis()
        for (const deadline of waiting) {
          if (deadline.at > now) continue
          waiting.delete(deadline)
          deadline.expire()
        }
        return watch
      })
    )
  })

  return {
    after: (delay, expire) => {
      const deadline: Waiting = { at: millis() + delay, expire }
      waiting.add(deadline)
      if (deadline.at < awaited) run(watch)
      return () => void waiting.delete(deadline)
    }
  } satisfies Deadlines
})
