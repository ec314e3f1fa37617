import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

const turnsPerStep = 200

/** One turn of the event loop. Sockets need turns, not time. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Runs an effect while the TestClock moves on in steps. Dies if it has not ended after `maxSteps`. */
export const whileTimePasses = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  step: Duration.DurationInput = "1 second",
  maxSteps = 400
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    for (let steps = 0; steps < maxSteps; steps++) {
      for (let turns = 0; turns < turnsPerStep; turns++) {
        if (Option.isSome(yield* Fiber.poll(fiber))) return yield* Fiber.join(fiber)
        yield* turn
      }
      yield* TestClock.adjust(step)
    }
    return yield* Effect.dieMessage("It did not end in time")
  })
