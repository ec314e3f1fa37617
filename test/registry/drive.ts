import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"

const turns = 200

/** Runs an effect while the TestClock goes on in steps, until it ends. Dies when it does not end. */
export const whileTimePasses = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  step: Duration.DurationInput = "1 second",
  mostSteps = 400
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    const ended = Effect.map(Fiber.poll(fiber), Option.isSome)
    for (let count = 0; count < mostSteps; count++) {
      // Most work needs no time, only its turn.
      for (let turn = 0; turn < turns; turn++) {
        if (yield* ended) return yield* Fiber.join(fiber)
        yield* Effect.yieldNow()
      }
      yield* TestClock.adjust(step)
    }
    return yield* Effect.dieMessage("It did not end in time")
  })
