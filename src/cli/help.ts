import { commandUsages, rootUsage, type Flag, type Usage } from "./flags.ts"
import { pad, wrap } from "./print.ts"

type Entry = readonly [term: string, text: string]

const entries = (list: ReadonlyArray<Entry>, width: number) => {
  const column = Math.max(...list.map(([term]) => term.length)) + 4
  return list.map(([term, text]) => {
    const [first = "", ...more] = wrap(text, width - column)
    return [`  ${pad(term, column - 2)}${first}`, ...more.map((line) => " ".repeat(column) + line)].join("\n")
  })
}

const flagEntry = ({ doc, name, value }: Flag): Entry => [`--${name}${value === undefined ? "" : ` <${value}>`}`, doc]

const always: ReadonlyArray<Entry> = [
  ["-h, --help", "Show this help"],
  ["--version", "Show the version"]
]

const section = (title: string, lines: ReadonlyArray<string>, bold: (text: string) => string) => [
  "",
  bold(title),
  ...lines
]

/** The help of a command, or with the root's usage of the whole program. */
export const help = (usage: Usage, width: number, bold: (text: string) => string): string => {
  const isRoot = usage === rootUsage
  const command = ["sequentum-mcp", ...(isRoot ? ["[command]"] : [usage.name]), usage.args, "[flags]"]
  const commands = commandUsages.map(({ args, name, summary }): Entry => [`${name} ${args}`.trim(), summary])
  return [
    ...wrap(usage.summary.replace(/\.?$/u, "."), width),
    ...section("Usage", [`  ${command.filter((word) => word !== "").join(" ")}`], bold),
    ...(isRoot ? section("Commands", entries(commands, width), bold) : []),
    ...section("Flags", entries([...usage.flags.map(flagEntry), ...always], width), bold),
    ...section(
      usage.examples.length === 1 ? "Example" : "Examples",
      usage.examples.map((example) => `  ${example}`),
      bold
    ),
    ...(isRoot
      ? [
          "",
          ...wrap(
            "The server reads SEQUENTUM_API_KEY and other settings from the environment; flags override them. Help on a command: sequentum-mcp <command> --help",
            width
          )
        ]
      : [])
  ].join("\n")
}
