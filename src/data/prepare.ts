import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { realSleep } from "./realTime.ts"

/** How many calls prepare at a time, and how long one that is slow keeps the next from it. */
const maxPreparing = 2
const slow = Duration.millis(100)

/** Runs what comes before a job, such as to find its file and to begin to fetch it. */
export type Prepare = <A, E, R>(preparing: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Lets two calls prepare at a time, in the order in which they came. More at once would end no sooner, and a call of
 * somebody else would wait for the next step of each. Its time is real, as that of the threads.
 */
export const makePrepare = (): Prepare => {
  const places = Effect.unsafeMakeSemaphore(maxPreparing)
  return (preparing) =>
    Effect.scoped(
      Effect.gen(function* () {
        const mayBegin = yield* Deferred.make<void>()
        const isOver = yield* Deferred.make<void>()
        const hold = Effect.raceFirst(Deferred.await(isOver), realSleep(slow))
        yield* Effect.forkScoped(places.withPermits(1)(Effect.zipRight(Deferred.succeed(mayBegin, undefined), hold)))
        yield* Deferred.await(mayBegin)
        return yield* Effect.ensuring(preparing, Deferred.succeed(isOver, undefined))
      })
    )
}
