import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { ServerServices } from "./handlers.ts"

/** Runs an Effect for a caller, from code that speaks promises; aborting the signal interrupts it. */
export type RunEffect = <A, E, R>(
  effect: Effect.Effect<A, E, ServerServices | R>,
  caller: Context.Context<R>,
  signal: AbortSignal
) => Promise<Exit.Exit<A, E>>

/** Runs Effects in the scope's services. Those still under way when the scope closes are interrupted. */
export const makeRunEffect = Effect.gen(function* () {
  // What a call fails with is told to its client, and may quote its arguments: it is nothing to log.
  const runtime = Runtime.setFiberRef(
    yield* Effect.runtime<ServerServices>(),
    FiberRef.unhandledErrorLogLevel,
    Option.none()
  )
  const fibers = yield* FiberSet.make()
  const runEffect: RunEffect = (effect, caller, signal) =>
    new Promise((resolve) => {
      // Services that the runtime starts with cost nothing; each that an Effect provides is put in and taken out again.
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
