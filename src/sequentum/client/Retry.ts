import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { meaningOf, type SequentumError } from "../errors.ts"

/** The longest wait for one request, be it `Retry-After` or the rate budget. A longer one fails the call at once. */
export const maxRetryAfter = Duration.seconds(60)

const maxRetries = 3
const firstDelay = Duration.seconds(1)

const retryAfter = (error: SequentumError): Option.Option<Duration.Duration> =>
  (error._tag === "RateLimited" || error._tag === "ServerFailure") && error.retryAfterSeconds !== undefined
    ? Option.some(Duration.seconds(error.retryAfterSeconds))
    : Option.none()

/**
 * Whether to send a failed request again. A POST is repeated only if Sequentum certainly did not act: a second start
 * would queue a second run, and there is no idempotency key (docs.sequentum.com/api-reference/errors).
 */
const isRetryable = (error: SequentumError): boolean => {
  const { outcome, retryable } = meaningOf(error)
  const isSafe = outcome === "refused" || error.method !== "POST"
  return retryable && isSafe && !Option.exists(retryAfter(error), Duration.greaterThan(maxRetryAfter))
}

/** Three retries after 1, 2 and 4 s, plus or minus a fifth. `Retry-After` replaces the computed delay. */
export const schedule = Schedule.exponential(firstDelay, 2).pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(maxRetries)),
  Schedule.intersect(Schedule.identity<SequentumError>()),
  Schedule.modifyDelay(([, error], delay) => Option.getOrElse(retryAfter(error), () => delay)),
  Schedule.whileInput(isRetryable)
)
