import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** Knows the requests under way, so that a stopping server can wait for them. */
export interface Drain {
  readonly isDraining: () => boolean
  /** Counts a request until its scope closes. */
  readonly enter: Effect.Effect<void, never, Scope.Scope>
  /** Takes in no more sessions and waits until no request is left, or the time is over. */
  readonly drain: Effect.Effect<void>
}

/** Waits at most `time` for the requests under way. */
export const makeDrain = (time: Duration.Duration) =>
  Effect.map(Deferred.make<null>(), (empty): Drain => {
    let draining = false
    let underWay = 0
    const settle = Effect.suspend(() =>
      draining && underWay === 0 ? Effect.asVoid(Deferred.succeed(empty, null)) : Effect.void
    )
    return {
      isDraining: () => draining,
      enter: Effect.acquireRelease(
        Effect.sync(() => {
          underWay += 1
        }),
        () =>
          Effect.suspend(() => {
            underWay -= 1
            return settle
          })
      ),
      drain: Effect.gen(function* () {
        draining = true
        // The last one out or the time ends the wait, which as part of a shutdown can't be interrupted by a timeout.
        const timer = yield* Effect.forkDaemon(Effect.interruptible(Effect.delay(Deferred.succeed(empty, null), time)))
        yield* settle
        yield* Deferred.await(empty)
        yield* Fiber.interrupt(timer)
      })
    }
  })
