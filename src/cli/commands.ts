import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { serveMcp } from "../serve/serve.ts"
import { runMain, Stop } from "../serve/runMain.ts"
import { version } from "../runtime/version.ts"
import { call } from "./callCommand.ts"
import { readCommandLine, type Request } from "./commandLine.ts"
import { help } from "./help.ts"
import {
  addressOptions,
  httpOverrides,
  jsonOption,
  sandboxOptions,
  sandboxPort,
  sandboxShape,
  selectionOptions,
  selectionOverrides,
  withSandbox
} from "./options.ts"
import { out, printable, screenWidth, stdoutStyle } from "./print.ts"
import { serveSandbox } from "./sandboxCommand.ts"
import { listTools } from "./toolsCommand.ts"

const root = Command.make("sequentum-mcp", { ...sandboxOptions, ...selectionOptions }, (options) =>
  withSandbox(options, selectionOverrides(options), serveMcp)
)

const httpCommand = Command.make("http", { ...addressOptions, ...sandboxOptions, ...selectionOptions }, (options) =>
  withSandbox(options, new Map([...selectionOverrides(options), ...httpOverrides(options)]), serveMcp)
)

const sandboxCommand = Command.make("sandbox", { ...sandboxShape, port: sandboxPort }, serveSandbox)

// Listing needs no Sequentum: the sandbox's flags are taken, since they go with every command, and start none.
const toolsCommand = Command.make("tools", { json: jsonOption, ...selectionOptions, ...sandboxOptions }, (options) =>
  listTools(options.json, selectionOverrides(options))
)

const callCommand = Command.make(
  "call",
  {
    json: jsonOption,
    ...sandboxOptions,
    ...selectionOptions,
    tool: Args.text({ name: "tool" }),
    args: Args.text({ name: "json" }).pipe(Args.withDefault("{}"))
  },
  ({ args, json, tool, ...options }) =>
    withSandbox(options, selectionOverrides(options), (overrides) => call(tool, args, json, overrides))
)

// The demo's server always has a sandbox.
const demoCommand = Command.make("demo", { sandbox: sandboxOptions.sandbox }, () =>
  Effect.flatMap(
    Effect.promise(() => import("./demo.ts")),
    ({ demo }) => demo
  )
)

const run = Command.run(
  Command.withSubcommands(root, [httpCommand, sandboxCommand, toolsCommand, callCommand, demoCommand]),
  { name: "sequentum-mcp", version }
)

const usageError = (problem: string) => new Stop({ lines: [`${problem} See sequentum-mcp --help.`] })

const escapes = /\u001b\[[0-9;]*m/gu

const oneLine = (doc: HelpDoc.HelpDoc) =>
  printable(HelpDoc.toAnsiText(doc).replaceAll(escapes, "")).trim().replace(/\.?$/u, ".")

const runCommand = (argv: ReadonlyArray<string>) =>
  Effect.consoleWith((console) => {
    // The library prints what is wrong over several lines; it is told below in one.
    const quiet: Console.Console = { ...console, error: () => Effect.void }
    return Effect.withConsole(run(["node", "sequentum-mcp", ...argv]), quiet)
  }).pipe(
    Effect.catchAll((error) =>
      ValidationError.isValidationError(error) ? usageError(oneLine(error.error)) : Effect.fail(error)
    ),
    Effect.provide(NodeContext.layer)
  )

const answer = (request: Request) => {
  switch (request._tag) {
    case "Help":
      return Effect.flatMap(stdoutStyle, ({ bold }) => out(help(request.usage, Math.min(screenWidth(), 100), bold)))
    case "Version":
      return out(version)
    case "Run":
      return runCommand(request.argv)
  }
}

/** Ends when whoever reads the output has gone, as `head` does. */
const outputClosed = Effect.async<void>((resume) => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => resume(Effect.void))
})

/** Runs the command line: an error in it is one line on stderr and exit code 1. */
export const main = (argv: ReadonlyArray<string>): void =>
  runMain(
    Either.match(readCommandLine(argv.slice(2)), {
      onLeft: usageError,
      onRight: (request) => Effect.raceFirst(answer(request), outputClosed)
    })
  )
