import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { meaningOf, type SequentumError } from "../errors.ts"

const maxRetries = 3
const firstDelay = Duration.seconds(1)

const retryAfter = (error: SequentumError): Option.Option<Duration.Duration> =>
  (error._tag === "RateLimited" || error._tag === "ServerFailure") && error.retryAfterSeconds !== undefined
    ? Option.some(Duration.seconds(error.retryAfterSeconds))
    : Option.none()

/** Whether there was no time to send a request, or no sense in it. */
const wasNotSent = (error: SequentumError): boolean =>
  error._tag === "Unavailable" ||
  ((error._tag === "RateLimited" || error._tag === "RequestTimeout") && error.sent === false)

/**
 * Whether to send a failed request again. A POST is repeated only if Sequentum certainly did not act: a second start
 * would queue a second run, and there is no idempotency key (docs.sequentum.com/api-reference/errors).
 */
const isRetryable = (error: SequentumError): boolean => {
  if (wasNotSent(error)) return false
  const { outcome, retryable } = meaningOf(error)
  return retryable && (outcome === "refused" || error.method !== "POST")
}

/**
 * Three retries after 1, 2 and 4 s, plus or minus a fifth. `Retry-After` replaces the computed delay. There is no retry
 * if `mayWait` refuses the delay.
 */
export const schedule = (mayWait: (delay: Duration.Duration) => Effect.Effect<boolean>) =>
  Schedule.exponential(firstDelay, 2).pipe(
    Schedule.jittered,
    Schedule.intersect(Schedule.recurs(maxRetries)),
    Schedule.intersect(Schedule.identity<SequentumError>()),
    Schedule.modifyDelay(([, error], delay) => Option.getOrElse(retryAfter(error), () => delay)),
    Schedule.whileInput(isRetryable),
    Schedule.delays,
    Schedule.whileOutputEffect(mayWait)
  )
