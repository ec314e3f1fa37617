import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type { Credentials } from "../sequentum/Credentials.ts"
import { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import { makeServer, type RunRequest, type ServerServices } from "./server.ts"

/** Runs requests in a scope: those still under way when it closes are interrupted. */
const makeRunRequest = Effect.gen(function* () {
  const fork = yield* FiberSet.makeRuntime<ServerServices | Credentials>()
  const run: RunRequest = (effect, signal) =>
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
  return run
})

/**
 * Speaks MCP over stdin and stdout, in whichever era the client opens with, until the client closes stdin or stdout
 * breaks. Interruption closes the connection and every call under way.
 */
export const serve = (selection: Selection) =>
  Effect.scoped(
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const run = yield* makeRunRequest
      yield* Effect.async<undefined>((resume) => {
        const transport = new StdioServerTransport()
        const ended = () => resume(Effect.succeed(undefined))
        process.stdin.once("end", ended).once("close", ended)
        process.stdout.once("error", ended)
        const handle = serveStdio(({ era }) => makeServer({ tools, run, selection, era }), { transport })
        return Effect.promise(() => handle.close())
      })
    })
  )
