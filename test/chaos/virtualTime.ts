import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"

/** A real millisecond, in which sockets get their turn. */
const tick = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 1)))

interface Options {
  /** Changes whenever bytes move. */
  readonly activity: () => number
  /** Whether a request waits for an answer that time alone can bring. */
  readonly isHeld: () => boolean
  /** Milliseconds of work that moves no bytes where `activity` sees them. */
  readonly patience: number
}

/** How long nothing may move, in milliseconds, while a request is held. */
const briefly = 6

/** How often time may have nowhere to go before the effect is given up. */
const maxIdle = 300

/**
 * Runs an effect over real sockets in virtual time. Time stands still while bytes move, and then jumps to the next moment
 * that somebody waits for. Dies if there is none.
 */
export const inVirtualTime = <A, E>(
  beginning: number,
  { activity, isHeld, patience }: Options,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    yield* TestClock.setTime(beginning)
    const fiber = yield* Effect.fork(effect)
    const isOver = Effect.map(Fiber.poll(fiber), Option.isSome)
    /** Waits until nothing moves; true if the effect has ended by then. */
    const untilCalm = Effect.gen(function* () {
      let last = activity()
      for (let still = 0; still < (isHeld() ? briefly : patience); still++) {
        yield* tick
        if (yield* isOver) return true
        const now = activity()
        if (now !== last) still = 0
        last = now
      }
      return false
    })
    let idle = 0
    while (!(yield* untilCalm)) {
      const now = yield* TestClock.currentTimeMillis
      const next = Math.min(...Chunk.filter(yield* TestClock.sleeps(), (at) => at > now))
      idle = Number.isFinite(next) ? 0 : idle + 1
      if (idle > maxIdle) return yield* Effect.dieMessage("It neither ends nor waits for a time")
      if (idle === 0) yield* TestClock.setTime(next)
    }
    return yield* Fiber.join(fiber)
  }).pipe(
    Effect.provide(TestContext.TestContext),
    // The clock must not be left behind in the fiber that asked.
    Effect.fork,
    Effect.flatMap(Fiber.await),
    Effect.flatten
  )
