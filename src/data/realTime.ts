import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** A thread works in real time, whatever the clock of its caller shows. */
export const realClock = Clock.make()

export const realSleep = (duration: Duration.Duration): Effect.Effect<void> =>
  Effect.withClock(Effect.sleep(duration), realClock)
