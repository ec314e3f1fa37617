import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { serveMcp } from "../app.ts"
import { runMain, Stop } from "../run.ts"
import { version } from "../version.ts"
import { call } from "./callCommand.ts"
import { optionsFirst, unknownFlag } from "./optionsFirst.ts"
import {
  sandboxOptions,
  sandboxShape,
  selectionOptions,
  selectionOverrides,
  startSandbox,
  withSandbox
} from "./options.ts"
import { out } from "./print.ts"
import { listTools } from "./toolsCommand.ts"

const asJson = Options.boolean("json").pipe(Options.withDescription("Print JSON for a program"))

const root = Command.make("sequentum-mcp", { ...sandboxOptions, ...selectionOptions }, (options) =>
  withSandbox(options, selectionOverrides(options), serveMcp)
).pipe(Command.withDescription("MCP server for Sequentum Cloud. Without a command it serves MCP over stdio."))

const httpCommand = Command.make(
  "http",
  {
    ...sandboxOptions,
    ...selectionOptions,
    host: Options.text("host").pipe(Options.withDescription("Address to listen on"), Options.optional),
    port: Options.integer("port").pipe(Options.withDescription("Port to listen on"), Options.optional)
  },
  ({ host, port, ...options }) =>
    withSandbox(
      options,
      new Map([
        ...selectionOverrides(options),
        ["TRANSPORT_MODE", "http"],
        ...Option.match(host, { onNone: () => [], onSome: (value) => [["HOST", value] as const] }),
        ...Option.match(port, { onNone: () => [], onSome: (value) => [["PORT", String(value)] as const] })
      ]),
      serveMcp
    )
).pipe(Command.withDescription("Serve MCP over Streamable HTTP."))

const sandboxCommand = Command.make(
  "sandbox",
  { ...sandboxShape, port: Options.integer("port").pipe(Options.withDefault(4010)) },
  ({ port, ...shape }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { url } = yield* startSandbox(shape, port)
        yield* out(
          [
            `A sandbox of the Sequentum API is listening at ${url}/api/v1`,
            `Any key is an account of its own: SEQUENTUM_API_URL=${url} SEQUENTUM_API_KEY=any sequentum-mcp`,
            "End it with Ctrl-C."
          ].join("\n")
        )
        return yield* Effect.never
      })
    )
).pipe(Command.withDescription("Serve the embedded Sequentum API alone."))

const toolsCommand = Command.make("tools", { ...selectionOptions, json: asJson }, ({ json, ...options }) =>
  listTools(json, selectionOverrides(options))
).pipe(Command.withDescription("List the tools with their hints."))

const callCommand = Command.make(
  "call",
  {
    ...sandboxOptions,
    ...selectionOptions,
    json: asJson,
    tool: Args.text({ name: "tool" }),
    args: Args.text({ name: "arguments" }).pipe(Args.withDescription("JSON object"), Args.withDefault("{}"))
  },
  ({ args, json, tool, ...options }) =>
    withSandbox(options, selectionOverrides(options), (overrides) => call(tool, args, json, overrides))
).pipe(Command.withDescription("Call one tool and print its result."))

const demoCommand = Command.make("demo", {}, () =>
  Effect.flatMap(
    Effect.promise(() => import("./demo.ts")),
    ({ demo }) => demo
  )
).pipe(Command.withDescription("Show an agent found, run and previewed, through a real client, on the sandbox."))

const run = Command.run(
  Command.withSubcommands(root, [httpCommand, sandboxCommand, toolsCommand, callCommand, demoCommand]),
  { name: "sequentum-mcp", version }
)

const oneLine = (doc: HelpDoc.HelpDoc) =>
  HelpDoc.toAnsiText(doc)
    .replaceAll(/\u001b\[[0-9;]*m/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .replace(/\.?$/u, ".")

/** Runs the command line: an error in it is one line on stderr and exit code 1. */
export const main = (argv: ReadonlyArray<string>): void => {
  const unknown = unknownFlag(argv)
  if (unknown !== undefined) {
    runMain(new Stop({ lines: [`Unknown flag: ${unknown}. See sequentum-mcp --help.`] }))
    return
  }
  const program = Effect.consoleWith((console) => {
    // The library prints what is wrong over several lines; it is told below in one.
    const quiet: Console.Console = { ...console, error: () => Effect.void }
    return Effect.withConsole(run(optionsFirst(argv)), quiet)
  }).pipe(
    Effect.catchAll((error) =>
      ValidationError.isValidationError(error)
        ? new Stop({ lines: [`${oneLine(error.error)} See sequentum-mcp --help.`] })
        : Effect.fail(error)
    ),
    Effect.provide(NodeContext.layer)
  )
  runMain(program)
}
