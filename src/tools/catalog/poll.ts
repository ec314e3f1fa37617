import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Deadline from "../../sequentum/Deadline.ts"
import { Progress } from "../Progress.ts"

interface Poll<A, E, R> {
  /** Reads the state once. */
  readonly poll: Effect.Effect<A, E, R>
  readonly done: (state: A) => boolean
  /** The state in words; a change of them is a change to report. */
  readonly describe: (state: A) => string
  readonly timeoutSeconds: number
  /** Delays between two reads. */
  readonly schedule?: Schedule.Schedule<unknown, A>
}

/** One second, growing by half to five, so that a wait of 45 seconds costs about a dozen requests. */
const everyFewSeconds = Schedule.exponential(Duration.seconds(1), 1.5).pipe(
  Schedule.modifyDelay((_, delay) => Duration.min(delay, Duration.seconds(5)))
)

/** How much longer than the wait the first read may take: without it there is nothing to answer. */
const firstReadMargin = Duration.seconds(2)

/**
 * Reads a state until it is done or the time is over, and gives the last one seen. Progress goes out when the state
 * changes. Interruption stops it at once. Fails with what `poll` fails with; a read that is still under way when the
 * time is over is given up, unless it is the first.
 */
export const pollUntil = <A, E, R>({
  describe,
  done,
  poll,
  schedule = everyFewSeconds,
  timeoutSeconds
}: Poll<A, E, R>) =>
  Effect.gen(function* () {
    const progress = yield* Progress
    const startedAt = yield* Clock.currentTimeMillis
    const elapsed = Effect.map(Clock.currentTimeMillis, (now) => (now - startedAt) / 1000)
    const seen = yield* Ref.make(Option.none<A>())
    const read = Effect.gen(function* () {
      const state = yield* poll
      const before = yield* Ref.getAndSet(seen, Option.some(state))
      if (!Option.exists(before, (previous) => describe(previous) === describe(state))) {
        const seconds = yield* elapsed
        yield* progress.report({
          progress: Math.min(seconds, timeoutSeconds),
          total: timeoutSeconds,
          message: describe(state)
        })
      }
      return state
    })
    const first = yield* Deadline.within(Duration.sum(Duration.seconds(timeoutSeconds), firstReadMargin))(read)
    if (!done(first)) {
      yield* read.pipe(
        Effect.scheduleFrom(first, Schedule.untilInput(schedule, done)),
        Effect.timeoutOption(Duration.seconds(timeoutSeconds))
      )
    }
    const last = Option.getOrElse(yield* Ref.get(seen), () => first)
    return { last, waitedSeconds: Math.round(yield* elapsed) }
  })
