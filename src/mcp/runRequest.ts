import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { ServerServices } from "./handlers.ts"

/** Runs an Effect for a caller. Aborting the signal interrupts it. */
export type RunEffect = <A, E, R>(
  effect: Effect.Effect<A, E, ServerServices | R>,
  caller: Context.Context<R>,
  signal: AbortSignal
) => Promise<Exit.Exit<A, E>>

/** Runs Effects with the services of the scope. Closing the scope interrupts those under way. */
export const makeRunEffect = Effect.gen(function* () {
  // Don't log failures: they go to the client and may contain arguments.
  const runtime = Runtime.setFiberRef(
    yield* Effect.runtime<ServerServices>(),
    FiberRef.unhandledErrorLogLevel,
    Option.none()
  )
  const fibers = yield* FiberSet.make()
  const runEffect: RunEffect = (effect, caller, signal) =>
    new Promise((resolve) => {
      // A service in the first context of a fiber costs nothing; one that an Effect provides costs fifteen operations.
      const own = Runtime.updateContext(runtime, (services) => Context.merge(services, caller))
      const fiber = Runtime.runFork(own, effect)
      FiberSet.unsafeAdd(fibers, fiber)
      const onAbort = () => fiber.unsafeInterruptAsFork(FiberId.none)
      signal.addEventListener("abort", onAbort, { once: true })
      if (signal.aborted) onAbort()
      fiber.addObserver((exit) => {
        signal.removeEventListener("abort", onAbort)
        resolve(exit)
      })
    })
  return runEffect
})
