import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../runtime/monotonic.ts"

/** Until when the requests of one call may take, in milliseconds of monotonic time. */
interface Limits {
  /** The end of the last try. */
  readonly at: number
  /** The end of the last wait: for the rate budget, for `Retry-After`, or before a retry. */
  readonly waitsUntil: number
  /** The same object for all requests of one call; undefined without a deadline. */
  readonly call: object | undefined
}

const none: Limits = { at: Number.POSITIVE_INFINITY, waitsUntil: Number.POSITIVE_INFINITY, call: undefined }

/** The deadline that all requests of a call share, retries included. The default is none. */
export class Deadline extends Context.Reference<Deadline>()("sequentum/Deadline", {
  defaultValue: (): Limits => none
}) {}

/**
 * Ends the requests of an effect within `time`, and their waits within `waits`. A deadline that ends sooner stays.
 * It bounds requests to Sequentum only: the effect fails with the error of the request that had no time left.
 */
export const within = (time: Duration.Duration, waits: Duration.Duration = time) => {
  const timeMillis = Duration.toMillis(time)
  const waitsMillis = Duration.toMillis(waits)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) =>
      Effect.mapInputContext(effect, (context: Context.Context<R>) => {
        const outer = Context.get(context, Deadline)
        const now = monotonicMillis(clock)
        return Context.add(context, Deadline, {
          at: Math.min(outer.at, now + timeMillis),
          waitsUntil: Math.min(outer.waitsUntil, now + waitsMillis),
          call: outer.call ?? {}
        })
      })
    )
}

/** Clients give up on a call after a minute, so it ends before. */
const callTime = Duration.millis(49_500)

/** Its waits leave time for a last request. */
const callWaits = Duration.seconds(45)

/** The time of one call, from now on. */
export const ofCall = within(callTime, callWaits)

/** The limits of a call that began at `startedAt`, in milliseconds of monotonic time. */
export const since = (startedAt: number): Limits => ({
  at: startedAt + Duration.toMillis(callTime),
  waitsUntil: startedAt + Duration.toMillis(callWaits),
  call: {}
})

/** What is left of the deadline; infinite without one. */
export const timeLeft: Effect.Effect<Duration.Duration> = Effect.clockWith((clock) =>
  Effect.contextWith((context: Context.Context<never>) =>
    Duration.millis(Math.max(0, Context.get(context, Deadline).at - monotonicMillis(clock)))
  )
)

/** What is left for waiting; infinite without a deadline. */
export const waitLeft: Effect.Effect<Duration.Duration> = Effect.clockWith((clock) =>
  Effect.contextWith((context: Context.Context<never>) =>
    Duration.millis(Math.max(0, Context.get(context, Deadline).waitsUntil - monotonicMillis(clock)))
  )
)

/** Gives an effect at least this much time, also where the deadline is nearer: a user took the rest to answer. */
export const atLeast = (time: Duration.Duration) => {
  const millis = Duration.toMillis(time)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) =>
      Effect.mapInputContext(effect, (context: Context.Context<R>) => {
        const outer = Context.get(context, Deadline)
        const at = monotonicMillis(clock) + millis
        return Context.add(context, Deadline, {
          at: Math.max(outer.at, at),
          waitsUntil: Math.max(outer.waitsUntil, at),
          call: outer.call
        })
      })
    )
}
