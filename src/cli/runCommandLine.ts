import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { version } from "../runtime/version.ts"
import { runMain } from "../serve/runMain.ts"
import { usageError } from "./Command.ts"
import { readCommandLine, type Request } from "./commandLine.ts"
import { program } from "./commands.ts"
import { help } from "./help.ts"
import { out, screenWidth, stdoutStyle } from "./print.ts"

const answer = (request: Request) => {
  switch (request._tag) {
    case "Help":
      return Effect.flatMap(stdoutStyle, ({ bold }) => out(help(request.command, Math.min(screenWidth(), 100), bold)))
    case "Version":
      return out(version)
    case "Run":
      return request.command.run(request.given)
  }
}

/** Completes when the reader of the output has gone, as `head` does. */
const outputClosed = Effect.async<void>((resume) => {
  process.stdout.on("error", () => resume(Effect.void))
  // Nobody has to read what goes to stderr.
  process.stderr.on("error", () => undefined)
})

/** Runs the command line. An error in it is one line on stderr and exit code 1. */
export const runCommandLine = (words: ReadonlyArray<string>): void =>
  runMain(
    Either.match(readCommandLine(program, words), {
      onLeft: usageError,
      onRight: (request) => Effect.raceFirst(answer(request), outputClosed)
    })
  )
