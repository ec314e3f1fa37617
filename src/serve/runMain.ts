import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import type { InvalidSettings } from "../config.ts"

/** Ends the program with exit code 1 after one line on stderr for each of `lines`. */
export class Stop extends Data.TaggedError("Stop")<{ readonly lines: ReadonlyArray<string> }> {}

const print = (lines: ReadonlyArray<string>) =>
  Effect.sync(() => {
    for (const line of lines) process.stderr.write(`${line}\n`)
  })

/**
 * Runs the program to its end. SIGINT and SIGTERM interrupt it, closing what it opened; a failure is one line on
 * stderr, never a stack, and exit code 1.
 */
export const runMain = (program: Effect.Effect<void, InvalidSettings | Stop>): void =>
  NodeRuntime.runMain(
    program.pipe(
      Effect.sandbox,
      Effect.tapError((cause) => {
        if (Cause.isInterruptedOnly(cause)) return Effect.void
        return Either.match(Cause.failureOrCause(cause), {
          onLeft: (error) => print(error._tag === "Stop" ? error.lines : error.problems),
          onRight: (defect) => print([`sequentum-mcp stopped because of an internal error: ${firstLine(defect)}`])
        })
      }),
      Effect.unsandbox,
      // Spans go nowhere unless a collector is set.
      Effect.withTracerEnabled(false),
      // Every fiber would count itself, its end and its lifetime, at a cost that shows in each request.
      Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.disable(RuntimeFlags.RuntimeMetrics))
    ),
    { disableErrorReporting: true, disablePrettyLogger: true }
  )

const firstLine = (cause: Cause.Cause<never>) => Cause.pretty(cause).split("\n", 1)[0] ?? "unknown"
