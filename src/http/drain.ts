import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Counts pending requests, so that a stopping server can wait for them. */
export interface Drain {
  readonly isDraining: () => boolean
  /** Waits until draining starts. */
  readonly started: Effect.Effect<void>
  /** Counts a request as pending until the returned function is called. */
  readonly enter: () => () => void
  /** Starts draining, then waits until no request is pending or the time is over. */
  readonly drain: Effect.Effect<void>
}

/** Waits at most `time` for pending requests. */
export const makeDrain = (time: Duration.Duration) =>
  Effect.map(Effect.zip(Deferred.make<void>(), Deferred.make<void>()), ([empty, started]): Drain => {
    let draining = false
    let pending = 0
    const settle = () => {
      if (draining && pending === 0) Deferred.unsafeDone(empty, Effect.void)
    }
    return {
      isDraining: () => draining,
      started: Deferred.await(started),
      enter: () => {
        pending += 1
        return () => {
          pending -= 1
          settle()
        }
      },
      drain: Effect.gen(function* () {
        draining = true
        yield* Deferred.succeed(started, undefined)
        // Not `Effect.timeout`: a finalizer is uninterruptible, so the timer completes the Deferred itself.
        const timer = yield* Effect.forkDaemon(
          Effect.interruptible(Effect.delay(Deferred.succeed(empty, undefined), time))
        )
        settle()
        yield* Deferred.await(empty)
        yield* Fiber.interrupt(timer)
      })
    }
  })
