import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Knows the requests under way, so that a stopping server can wait for them. */
export interface Drain {
  readonly isDraining: () => boolean
  /** Counts a request, until what it gives is called. */
  readonly enter: () => () => void
  /** Takes in no more sessions and waits until no request is left, or the time is over. */
  readonly drain: Effect.Effect<void>
}

/** Waits at most `time` for the requests under way. */
export const makeDrain = (time: Duration.Duration) =>
  Effect.map(Deferred.make<void>(), (empty): Drain => {
    let draining = false
    let underWay = 0
    const settle = () => {
      if (draining && underWay === 0) Deferred.unsafeDone(empty, Effect.void)
    }
    return {
      isDraining: () => draining,
      enter: () => {
        underWay += 1
        return () => {
          underWay -= 1
          settle()
        }
      },
      drain: Effect.gen(function* () {
        draining = true
        // The last one out or the time ends the wait, which as part of a shutdown can't be interrupted by a timeout.
        const timer = yield* Effect.forkDaemon(
          Effect.interruptible(Effect.delay(Deferred.succeed(empty, undefined), time))
        )
        settle()
        yield* Deferred.await(empty)
        yield* Fiber.interrupt(timer)
      })
    }
  })
