import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Deadline from "../../sequentum/Deadline.ts"
import { askedToWait, inBrief, passes as errorPasses, seconds, type SequentumError } from "../../sequentum/errors.ts"
import { ToolFailure } from "../errors.ts"
import { Progress } from "../Progress.ts"
import { Stopping } from "../Stopping.ts"

interface Poll<A, R> {
  /** Reads the state once, without retries. */
  readonly poll: Effect.Effect<A, SequentumError, R>
  readonly done: (state: A) => boolean
  /** The state in words; a change of them is a change to report. */
  readonly describe: (state: A) => string
  readonly timeoutSeconds: number
  /** Delays between two reads; its input is the last state seen. The wait ends when it does. */
  readonly schedule?: Schedule.Schedule<unknown, Option.Option<A>>
}

/** What a wait leaves of the time of its call. */
const margin = Duration.seconds(1)

/** The seconds that a wait can take of `timeoutSeconds`, since its call ends then. */
export const secondsFor = (timeoutSeconds: number): Effect.Effect<number> =>
  Effect.map(Deadline.timeLeft, (left) =>
    Math.max(0, Math.min(timeoutSeconds, Duration.toSeconds(Duration.subtract(left, margin))))
  )

/** One second, growing by half to five, so that a wait of 45 seconds costs about a dozen requests. */
const everyFewSeconds = Schedule.exponential(Duration.seconds(1), 1.5).pipe(
  Schedule.modifyDelay((_, delay) => Duration.min(delay, Duration.seconds(5)))
)

/** Limit for one read, so that a request that hangs does not cost the whole wait. */
export const readLimit = Duration.seconds(15)

/** A read that has not been answered for so long at the end of the wait counts as failed. */
const slowReadSeconds = 2

/** What a read of a state can fail with. */
export type Failure = SequentumError | ToolFailure

export const noAnswer = (waited: number) =>
  new ToolFailure({
    message: `Sequentum did not answer within ${seconds(waited)}, so the state is not known. Nothing was changed; try again in a minute.`
  })

export const briefly = (failure: Failure): string =>
  failure._tag === "ToolFailure" ? "Sequentum did not answer." : inBrief(failure)

/** Whether the next read may succeed. */
export const passes = (failure: Failure): boolean => failure._tag === "ToolFailure" || errorPasses(failure)

/**
 * Reads a state until it is done or `timeoutSeconds` of monotonic time are over, or the time of the call, and returns
 * the last one seen, with a notice if reads failed. Reports progress when the state changes. Reads on after a failure
 * that passes and, once the state was seen, after a single 404. Fails with any other failure and, if no state was ever
 * seen, with the last one.
 * Once the server begins to stop, the wait is over as soon as a state was seen.
 */
export const pollUntil = <A, R>({
  describe,
  done,
  poll,
  schedule = everyFewSeconds,
  timeoutSeconds: wanted
}: Poll<A, R>) =>
  Effect.gen(function* () {
    const timeoutSeconds = yield* secondsFor(wanted)
    const progress = yield* Progress
    const stopping = yield* Stopping
    const firstSeen = yield* Deferred.make<void>()
    const startedAt = yield* Clock.currentTimeNanos
    const elapsed = Effect.map(Clock.currentTimeNanos, (now) => Number(now - startedAt) / 1e9)

    let seen = Option.none<A>()
    let seenAt = 0
    let reads = 0
    let readingSince: number | undefined
    let failures = 0
    let last: Failure | undefined
    let isLastFailed = false
    let isOver = false

    const succeeded = (state: A) =>
      Effect.gen(function* () {
        const before = seen
        seen = Option.some(state)
        yield* Deferred.succeed(firstSeen, undefined)
        seenAt = yield* elapsed
        isLastFailed = false
        isOver = done(state)
        if (Option.exists(before, (previous) => describe(previous) === describe(state))) return
        yield* progress.report({
          progress: Math.min(seenAt, timeoutSeconds),
          total: timeoutSeconds,
          message: describe(state)
        })
      })

    const failed = (failure: Failure) =>
      Effect.gen(function* () {
        const isFirstNotFound = failure._tag === "NotFound" && !(isLastFailed && last?._tag === "NotFound")
        failures += 1
        last = failure
        isLastFailed = true
        if (!(passes(failure) || (isFirstNotFound && Option.isSome(seen)))) return yield* failure
        const pause = askedToWait(failure)
        if (pause > timeoutSeconds - (yield* elapsed)) isOver = true
        else if (pause > 0) yield* Effect.sleep(Duration.seconds(pause))
      })

    const read = Effect.gen(function* () {
      reads += 1
      readingSince = yield* elapsed
      const answer = yield* Effect.either(
        Effect.timeoutFail(poll, { duration: readLimit, onTimeout: () => noAnswer(Duration.toSeconds(readLimit)) })
      )
      readingSince = undefined
      yield* answer._tag === "Right" ? succeeded(answer.right) : failed(answer.left)
      return seen
    })

    yield* Effect.timeoutOption(
      Effect.raceFirst(
        Effect.repeat(
          read,
          Schedule.untilInput(schedule, () => isOver)
        ),
        Effect.zipRight(stopping.started, Deferred.await(firstSeen))
      ),
      Duration.seconds(timeoutSeconds)
    )
    const waited = yield* elapsed
    if (readingSince !== undefined && (Option.isNone(seen) || waited - readingSince >= slowReadSeconds)) {
      failures += 1
      last ??= noAnswer(Math.round(waited - readingSince))
      isLastFailed = true
    }
    if (Option.isNone(seen)) return yield* last ?? noAnswer(Math.round(timeoutSeconds))
    const age = isLastFailed ? `${seconds(Math.round(waited - seenAt))} before the end of the wait` : "after that"
    return {
      last: seen.value,
      waitedSeconds: Math.round(waited),
      ...(last === undefined
        ? {}
        : {
            notice: `${failures} of ${reads} reads failed: ${briefly(last)} The state shown was read ${age}.`
          })
    }
  })
