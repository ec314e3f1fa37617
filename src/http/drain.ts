import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** How long calls under way may take to end once the server stops. */
export const drainTime = Duration.seconds(10)

/** Knows the requests under way, so that a stopping server can wait for them. */
export interface Drain {
  readonly isDraining: () => boolean
  /** Counts a request; run the effect that it gives once the answer has been sent or given up. */
  readonly enter: Effect.Effect<Effect.Effect<void>>
  /** Takes in no more work and waits until none is left, or the time is over. */
  readonly drain: Effect.Effect<void>
}

export const makeDrain = Effect.map(Deferred.make<null>(), (empty): Drain => {
  let draining = false
  let underWay = 0
  const settle = Effect.suspend(() =>
    draining && underWay === 0 ? Effect.asVoid(Deferred.succeed(empty, null)) : Effect.void
  )
  return {
    isDraining: () => draining,
    enter: Effect.sync(() => {
      underWay += 1
      let left = false
      return Effect.suspend(() => {
        if (!left) underWay -= 1
        left = true
        return settle
      })
    }),
    drain: Effect.suspend(() => {
      draining = true
      return Effect.zipRight(settle, Effect.asVoid(Effect.timeoutOption(Deferred.await(empty), drainTime)))
    })
  }
})
