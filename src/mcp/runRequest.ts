import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type { ServerServices } from "./handlers.ts"

/** Runs an Effect from code that speaks promises; aborting the signal interrupts it. */
export type RunEffect = <A>(effect: Effect.Effect<A, never, ServerServices>, signal: AbortSignal) => Promise<A>

/** Runs Effects in the scope's services. Those still under way when the scope closes are interrupted. */
export const makeRunEffect = Effect.map(
  FiberSet.makeRuntime<ServerServices>(),
  (fork): RunEffect =>
    (effect, signal) =>
      new Promise((resolve, reject) => {
        const fiber = fork(effect)
        const onAbort = () => fiber.unsafeInterruptAsFork(FiberId.none)
        signal.addEventListener("abort", onAbort, { once: true })
        if (signal.aborted) onAbort()
        fiber.addObserver((exit) => {
          signal.removeEventListener("abort", onAbort)
          if (Exit.isSuccess(exit)) resolve(exit.value)
          else reject(new Error("The request was cancelled"))
        })
      })
)
