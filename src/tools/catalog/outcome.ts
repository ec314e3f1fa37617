import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { meaningOf, type SequentumError } from "../../sequentum/errors.ts"
import { epochMillis } from "../dates.ts"
import { OutcomeUnknown } from "../errors.ts"

/** Limit for a read that only says more about a write. */
export const lookTime = Duration.seconds(4)

/** What a look showed: a result, if it proves that the write was carried out; else the present state. */
export type Seen<A> = Either.Either<A, Pick<OutcomeUnknown, "seen" | "lookAgain">>

/** The write was carried out. */
export const proved: <A>(result: A) => Seen<A> = Either.right

/** Nothing is proved, and the same call could act a second time. */
export const unproved = (seen: string): Seen<never> => Either.left({ seen, lookAgain: true })

/** The write has nothing left to do, which does not prove that it did anything. */
export const settled = (seen: string): Seen<never> => Either.left({ seen, lookAgain: false })

/** The write has not been carried out so far, and the same call does no harm. */
export const repeatable = (seen: string): Seen<never> => settled(`${seen} Calling again is safe.`)

/** What was to be deleted is not there, which does not tell by whom it was deleted. */
export const gone = (what: string): Seen<never> => settled(`The ${what} is not there: it is gone, or never was.`)

/** A write whose outcome is unknown. */
export interface UnclearWrite {
  readonly error: SequentumError
  /** Time since the write began. */
  readonly elapsed: Effect.Effect<Duration.Duration>
}

/**
 * Looks once at what a write changes, if its outcome is unknown. Fails with OutcomeUnknown and what was seen, unless
 * that proves that the write was carried out; with the write's own error if nothing could be seen in `lookTime`.
 */
export const ifUnknown =
  <B, R2>(look: (write: UnclearWrite) => Effect.Effect<Seen<B>, SequentumError, R2>) =>
  <A, R>(write: Effect.Effect<A, SequentumError, R>): Effect.Effect<A | B, SequentumError | OutcomeUnknown, R | R2> =>
    Effect.flatMap(Clock.currentTimeNanos, (began) =>
      Effect.catchAll(write, (error) => {
        if (meaningOf(error).outcome !== "unknown") return Effect.fail(error)
        const elapsed = Effect.map(Clock.currentTimeNanos, (now) => Duration.nanos(now - began))
        return look({ error, elapsed }).pipe(
          Effect.timeoutOption(lookTime),
          Effect.orElseSucceed(() => Option.none<Seen<B>>()),
          Effect.flatMap((seen): Either.Either<B, SequentumError | OutcomeUnknown> =>
            Option.isNone(seen)
              ? Either.left(error)
              : Either.mapLeft(seen.value, (sight) => new OutcomeUnknown({ error, ...sight }))
          )
        )
      })
    )

/** A list, and the time of the response that it came in, in epoch milliseconds. */
interface Listed<A> {
  readonly value: ReadonlyArray<A>
  readonly date: number | undefined
}

/** A write makes its thing at once; what was made later than this after it began is another's. */
const latest = Duration.minutes(1)

/** A date of HTTP leaves out the fraction of its second, and so do some times of the API. */
const wholeSecond = 1000

/**
 * Keeps what was made during a write, by Sequentum's own clock: the date of the response that listed it, less the time
 * since the write began. undefined if that response has no date, since the clock of this machine may differ.
 */
export const madeDuring = <A>(
  { elapsed }: UnclearWrite,
  { date, value }: Listed<A>,
  madeAt: (item: A) => string | undefined
): Effect.Effect<ReadonlyArray<A> | undefined> =>
  Effect.map(elapsed, (since) => {
    if (date === undefined) return undefined
    const began = date - Duration.toMillis(since)
    const ended = began + Duration.toMillis(Duration.min(since, latest)) + wholeSecond
    return value.filter((item) => {
      const time = madeAt(item) ?? ""
      const at = epochMillis(time)
      const earliest = time.includes(".") ? began : Math.floor(began / wholeSecond) * wholeSecond
      return at >= earliest && at <= ended
    })
  })

/** A time as the API sent it, where it is one: `, created 2026-03-01T06:00:00Z` for the word `created`. */
export const when = (word: string, time: string | undefined): string =>
  time !== undefined && /^[\d:.TZ+-]+$/u.test(time) ? `, ${word} ${time}` : ""
