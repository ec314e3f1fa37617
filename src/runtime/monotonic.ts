import type * as Clock from "effect/Clock"

/** Whole milliseconds of a clock that no change to the time of day moves. For differences only. */
export const monotonicMillis = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
