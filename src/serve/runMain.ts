import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import type { InvalidSettings } from "../config.ts"

/** Exit codes, by the kind of problem. docs/cli.md lists them for scripts. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  tryLater: 5,
  network: 6,
  unfinished: 7
} as const
export type Problem = keyof typeof exitCodes

/** Ends the program with `lines` on stderr and the exit code of its problem, which is "failed" unless given. */
export class Stop extends Data.TaggedError("Stop")<{
  readonly lines: ReadonlyArray<string>
  readonly problem?: Problem
}> {}

/** The kind of problem that ends the program. */
export const problemOf = (error: InvalidSettings | Stop): Problem =>
  error._tag === "Stop" ? (error.problem ?? "failed") : "usage"

const print = (lines: ReadonlyArray<string>) =>
  Effect.sync(() => {
    for (const line of lines) process.stderr.write(`${line}\n`)
  })

interface MainOptions {
  /** False for a command that a signal cuts short: its exit code says so. A server has done its work by then. */
  readonly isServer: boolean
}

/**
 * Runs the program to its end. SIGINT and SIGTERM interrupt it, and its scopes are closed. A failure is reported on
 * stderr, a line for each problem and never a stack, with its exit code.
 */
export const runMain = (
  program: Effect.Effect<void, InvalidSettings | Stop>,
  { isServer }: MainOptions = { isServer: true }
): void => {
  let code = 1
  // As shells count: 128 and the number of the signal.
  const interrupted = (signalCode: number) => () => (code = isServer ? 0 : signalCode)
  process.once("SIGINT", interrupted(130)).once("SIGTERM", interrupted(143))
  NodeRuntime.runMain(
    program.pipe(
      Effect.sandbox,
      Effect.tapError((cause) => {
        if (Cause.isInterruptedOnly(cause)) return Effect.void
        return Either.match(Cause.failureOrCause(cause), {
          onLeft: (error) => {
            code = exitCodes[problemOf(error)]
            return print(error._tag === "Stop" ? error.lines : error.problems)
          },
          onRight: (defect) => print([`sequentum-mcp stopped because of an internal error: ${firstLine(defect)}`])
        })
      }),
      Effect.unsandbox,
      // Spans are exported only if a collector is set, and then tracing is enabled again.
      Effect.withTracerEnabled(false),
      // Otherwise every fiber counts its start, end and lifetime, which costs a few µs a request.
      Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.disable(RuntimeFlags.RuntimeMetrics))
    ),
    {
      disableErrorReporting: true,
      disablePrettyLogger: true,
      teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : code)
    }
  )
}

const firstLine = (cause: Cause.Cause<never>) => Cause.pretty(cause).split("\n", 1)[0] ?? "unknown"
