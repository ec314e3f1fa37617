import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Deadline from "../sequentum/Deadline.ts"
import { inBrief, type SequentumError } from "../sequentum/errors.ts"
import { Sparing } from "../sequentum/Sparing.ts"
import { Progress } from "./Progress.ts"

/** Many readings of one kind: of each agent, say. */
export interface FanOut<A, B, R> {
  readonly items: ReadonlyArray<A>
  /** Reads one item. It may send several requests. */
  readonly read: (item: A) => Effect.Effect<B, SequentumError, R>
  /** An item as a notice names it: `agent 7`. */
  readonly nameOf: (item: A) => string
  /** What the items are, in the plural: `agents`. */
  readonly plural: string
  /** Whether it fails if nothing at all could be read. Default: true. */
  readonly mustRead?: boolean
  /** Limit for all of them. Default: 45 seconds, or what the deadline of the call leaves. */
  readonly maxTime?: Duration.Duration
}

export interface Fanned<A, B> {
  /** What could be read, in the order of the items. */
  readonly read: ReadonlyArray<{ readonly item: A; readonly value: B }>
  readonly failed: ReadonlyArray<{ readonly item: A; readonly error: SequentumError }>
  /** What was not read, since the time or the rate budget was used up. */
  readonly left: ReadonlyArray<A>
  /** Says what was not covered, for a `notice`; undefined if all was. */
  readonly notice: string | undefined
}

/** How many items are read at the same time. */
const concurrency = 5

const longest = Duration.seconds(45)

/** What the tool needs after that, to answer before the deadline of its call. */
const margin = Duration.seconds(2)

/** The most items that a notice names. */
const maxNamed = 10

const list = (names: ReadonlyArray<string>) =>
  names.length <= maxNamed
    ? names.join(", ")
    : `${names.slice(0, maxNamed).join(", ")} and ${names.length - maxNamed} more`

/** Whether the caller must sign in again, so that no other item could be read either. */
const endsAll = (error: SequentumError) => error._tag === "Unauthorized"

/**
 * Reads many items, at most five at a time, each of them tolerantly: one that fails costs that item only. It reports
 * progress, leaves a fifth of the caller's rate budget to other calls, stops with what it has when the rest is used up
 * or its time is over, and says what it did not cover. Fails if the credentials are refused and, with `mustRead`, if
 * nothing at all could be read, with the error of the first item that failed.
 */
export const fanOut = <A, B, R>({
  items,
  maxTime = longest,
  mustRead = true,
  nameOf,
  plural,
  read
}: FanOut<A, B, R>): Effect.Effect<Fanned<A, B>, SequentumError, R> =>
  Effect.gen(function* () {
    const progress = yield* Progress
    const outcomes = new Map<number, Either.Either<B, SequentumError>>()
    const time = Duration.min(maxTime, Duration.subtract(yield* Deadline.timeLeft, margin))
    let limited: SequentumError | undefined

    const readOne = (item: A, index: number): Effect.Effect<void, SequentumError, R> =>
      limited === undefined
        ? Effect.flatMap(Effect.either(Effect.provideService(read(item), Sparing, true)), (outcome) => {
            const error = Either.isLeft(outcome) ? outcome.left : undefined
            if (error?._tag === "RateLimited") {
              limited ??= error
              return Effect.void
            }
            outcomes.set(index, outcome)
            if (error !== undefined && endsAll(error)) return Effect.fail(error)
            return progress.report({
              progress: outcomes.size,
              total: items.length,
              message: `${outcomes.size} of ${items.length} ${plural} read`
            })
          })
        : Effect.void

    const startedAt = yield* Clock.currentTimeNanos
    const finished = yield* Effect.forEach(items, readOne, { concurrency, discard: true }).pipe(
      Effect.timeoutOption(time)
    )

    const fanned = items.map((item, index) => ({ item, outcome: outcomes.get(index) }))
    const done = fanned.flatMap(({ item, outcome }) =>
      outcome !== undefined && Either.isRight(outcome) ? [{ item, value: outcome.right }] : []
    )
    const failed = fanned.flatMap(({ item, outcome }) =>
      outcome !== undefined && Either.isLeft(outcome) ? [{ item, error: outcome.left }] : []
    )
    const left = fanned.flatMap(({ item, outcome }) => (outcome === undefined ? [item] : []))
    const firstError = failed[0]?.error ?? limited
    if (mustRead && done.length === 0 && firstError !== undefined) return yield* firstError

    const waited = Math.round(Number((yield* Clock.currentTimeNanos) - startedAt) / 1e9)
    const why = Option.isNone(finished)
      ? `${waited} seconds were over`
      : "the rest of the rate limit is left to other calls; ask again in a minute"
    const sentences = [
      ...(left.length === 0
        ? []
        : [`${left.length} of ${items.length} ${plural} were not read, since ${why}: ${list(left.map(nameOf))}.`]),
      ...(firstError === undefined || failed.length === 0
        ? []
        : [
            `${failed.length} of ${items.length} ${plural} could not be read: ${list(failed.map(({ item }) => nameOf(item)))}. ${inBrief(firstError)}`
          ])
    ]
    return { read: done, failed, left, notice: sentences.length === 0 ? undefined : sentences.join(" ") }
  })
