import type * as Clock from "effect/Clock"

/**
 * Milliseconds of a clock that no change to the time of day moves, rounded up, so that what is left until a time is
 * never too long. For differences only.
 */
export const monotonicMillis = (clock: Clock.Clock): number =>
  Number((clock.unsafeCurrentTimeNanos() + 999_999n) / 1_000_000n)
