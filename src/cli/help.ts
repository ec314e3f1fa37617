import type { Command } from "./Command.ts"
import type { FlagInfo } from "./flags.ts"
import { pad, wrap } from "./print.ts"

export type Entry = readonly [term: string, text: string]

/** A column of texts that would get less than this goes below the terms. */
const minColumn = 24

/** Terms and their texts in two columns, or on a narrow terminal one below the other. */
export const entries = (list: ReadonlyArray<Entry>, width: number) => {
  const column = Math.max(...list.map(([term]) => term.length)) + 4
  if (width - column < minColumn) {
    return list.map(([term, text]) => [`  ${term}`, ...wrap(text, width - 6).map((line) => `      ${line}`)].join("\n"))
  }
  return list.map(([term, text]) => {
    const [first = "", ...more] = wrap(text, width - column)
    return [`  ${pad(term, column - 2)}${first}`, ...more.map((line) => " ".repeat(column) + line)].join("\n")
  })
}

const flagEntry = ({ flag, help, value }: FlagInfo): Entry => [value === undefined ? flag : `${flag} <${value}>`, help]

const always: ReadonlyArray<Entry> = [
  ["-h, --help", "Show this help"],
  ["--version", "Show the version"]
]

const usage = ({ args, name }: Command) => [name, ...args.map((argument) => argument.usage)].join(" ").trim()

const environment =
  "The server reads SEQUENTUM_API_KEY and other settings from the environment; flags override them. Help on a command: sequentum-mcp <command> --help"

/** The help of a command, or of the program with the list of its commands. */
export const help = (command: Command, width: number, bold: (text: string) => string): string => {
  const { commands, examples, flags, summary } = command
  const isProgram = commands.length > 0
  const section = (title: string, lines: ReadonlyArray<string>) => ["", bold(title), ...lines]
  return [
    ...wrap(summary.replace(/\.?$/u, "."), width),
    ...section("Usage", [`  sequentum-mcp ${isProgram ? "[command]" : usage(command)} [flags]`]),
    ...(isProgram
      ? section(
          "Commands",
          entries(
            commands.map((one): Entry => [usage(one), one.summary]),
            width
          )
        )
      : []),
    ...section("Flags", entries([...flags.map(flagEntry), ...always], width)),
    ...section(
      examples.length === 1 ? "Example" : "Examples",
      examples.map((example) => `  ${example}`)
    ),
    ...(isProgram ? ["", ...wrap(environment, width)] : [])
  ].join("\n")
}
