import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { SequentumError } from "../errors.ts"

/** The longest `Retry-After` that is waited out; a longer one fails the call at once. */
export const longestRetryAfter = Duration.seconds(60)

const mostRetries = 3
const firstDelay = Duration.seconds(1)
const longestDelay = Duration.seconds(30)

const retriedStatuses = new Set([500, 502, 503, 504])

/** Seconds that Sequentum asked to wait, if it did. */
export const askedToWait = (error: SequentumError): Option.Option<Duration.Duration> =>
  (error._tag === "RateLimited" || error._tag === "ServerFailure") && error.retryAfterSeconds !== undefined
    ? Option.some(Duration.seconds(error.retryAfterSeconds))
    : Option.none()

/** Whether Sequentum may have carried out a request that failed so. */
export const isUnclear = (error: SequentumError): boolean =>
  error._tag === "RequestTimeout" ||
  error._tag === "ServerFailure" ||
  (error._tag === "ConnectionFailed" && error.reached)

/**
 * Whether a failed request may be sent again. A POST is repeated only where Sequentum certainly did not act, since
 * a second start queues a second run and there is no idempotency key (docs.sequentum.com/api-reference/errors).
 */
export const isRetryable = (error: SequentumError): boolean => {
  if (Option.exists(askedToWait(error), Duration.greaterThan(longestRetryAfter))) return false
  const idempotent = error.method !== "POST"
  switch (error._tag) {
    case "RateLimited":
      return true
    case "ConnectionFailed":
      return idempotent || !error.reached
    case "RequestTimeout":
      return idempotent
    case "ServerFailure":
      return idempotent && retriedStatuses.has(error.status)
    default:
      return false
  }
}

/**
 * Backoff of 1 s, doubled, jittered by a fifth either way and capped at 30 s, three retries. `Retry-After` takes
 * the place of the computed delay.
 */
export const retrySchedule = Schedule.exponential(firstDelay, 2).pipe(
  Schedule.jittered,
  Schedule.modifyDelay((_, delay) => Duration.min(delay, longestDelay)),
  Schedule.intersect(Schedule.recurs(mostRetries)),
  Schedule.intersect(Schedule.identity<SequentumError>()),
  Schedule.modifyDelay(([, error], delay) => Option.getOrElse(askedToWait(error), () => delay)),
  Schedule.whileInput(isRetryable)
)
