import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import type { InvalidSettings } from "../config.ts"

/** Ends the program with exit code 1, with `lines` on stderr. */
export class Stop extends Data.TaggedError("Stop")<{ readonly lines: ReadonlyArray<string> }> {}

const print = (lines: ReadonlyArray<string>) =>
  Effect.sync(() => {
    for (const line of lines) process.stderr.write(`${line}\n`)
  })

/**
 * Runs the program to its end. SIGINT and SIGTERM interrupt it, and its scopes are closed. A failure is reported on
 * stderr, a line for each problem and never a stack, with exit code 1.
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
      // Spans are exported only if a collector is set, and then tracing is enabled again.
      Effect.withTracerEnabled(false),
      // Otherwise every fiber counts its start, end and lifetime, which costs a few µs a request.
      Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.disable(RuntimeFlags.RuntimeMetrics))
    ),
    { disableErrorReporting: true, disablePrettyLogger: true }
  )

const firstLine = (cause: Cause.Cause<never>) => Cause.pretty(cause).split("\n", 1)[0] ?? "unknown"
