import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { InvalidSettings } from "../config.ts"
import { version } from "../runtime/version.ts"
import { exitCodes, problemOf, runMain, Stop } from "../serve/runMain.ts"
import { usageError } from "./Command.ts"
import { readCommandLine, type Request } from "./commandLine.ts"
import { program } from "./commands.ts"
import { json } from "./flags.ts"
import { help } from "./help.ts"
import { note, out, screenWidth, stderrStyle, stdoutStyle } from "./print.ts"

const answer = (request: Request) => {
  switch (request._tag) {
    case "Help":
      return (
        request.command.details?.(request.words) ??
        Effect.flatMap(stdoutStyle, ({ bold }) => out(help(request.command, Math.min(screenWidth(), 100), bold)))
      )
    case "Version":
      return out(version)
    case "Run":
      return request.command.run(request.given)
  }
}

/** The codes that a write fails with if nobody reads the output any more. */
const readerGone = new Set(["EPIPE", "EOF", "ECONNRESET"])

/** Completes when the reader of the output has gone, as `head` does. Fails with Stop if the output can't be written. */
const outputClosed = Effect.async<void, Stop>((resume) => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (readerGone.has(error.code ?? "")) {
      resume(Effect.void)
      return
    }
    process.stderr.write(`The output can't be written (${error.code ?? error.message}).\n`)
    // The command may have ended before its output was refused.
    process.exitCode = exitCodes.failed
    resume(new Stop({ lines: [] }))
  })
  // Nobody has to read what goes to stderr.
  process.stderr.on("error", () => undefined)
})

/** Reports an error: as JSON on stdout if a program reads it, else on stderr. What follows needs the exit code only. */
const report = (error: InvalidSettings | Stop, asJson: boolean) =>
  Effect.gen(function* () {
    const lines = error._tag === "Stop" ? error.lines : error.problems
    const problem = problemOf(error)
    if (asJson && lines.length > 0) {
      yield* out(JSON.stringify({ error: { kind: problem, exitCode: exitCodes[problem], message: lines.join(" ") } }))
    } else {
      const { bad } = yield* stderrStyle
      yield* Effect.forEach(lines, (line) => note(bad(line)))
    }
    return yield* new Stop({ lines: [], problem })
  })

/** Whether the words ask for JSON, also where they can't be read as a whole. */
const asksForJson = (words: ReadonlyArray<string>) =>
  words.slice(0, words.includes("--") ? words.indexOf("--") : words.length).includes(json.flag)

/** Runs the command line. An error in it is one line on stderr, or JSON on stdout, with its exit code. */
export const runCommandLine = (words: ReadonlyArray<string>): void => {
  const request = readCommandLine(program, words)
  const isServer = Either.match(request, {
    onLeft: () => false,
    onRight: (one) => one._tag === "Run" && one.command.isServer
  })
  const main: Effect.Effect<void, InvalidSettings | Stop> = Either.match(request, {
    onLeft: usageError,
    onRight: (one) => Effect.raceFirst(answer(one), outputClosed)
  })
  runMain(
    Effect.catchAll(main, (error) => report(error, asksForJson(words))),
    { isServer }
  )
}
