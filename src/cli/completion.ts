import { allTools } from "../tools/catalog/all.ts"
import type { Command } from "./Command.ts"
import { propertiesOf } from "./toolHelp.ts"

/** The shells that completion is for. */
export const shells = ["bash", "zsh", "fish"] as const
export type Shell = (typeof shells)[number]

const always = ["--help", "--version"]

/** What can follow a command: its flags and the words of its first argument. */
const following = ({ args, flags }: Command): ReadonlyArray<string> => [
  ...(args[0]?.words ?? []),
  ...flags.map(({ flag }) => flag),
  ...always
]

const parameterWords = allTools.map((tool) => ({
  tool: tool.name,
  words: [...propertiesOf(tool).keys()].map((name) => `${name}=`)
}))

/** `case` branches for bash and zsh, which print the words that can follow what was written. */
const cases = (program: Command) =>
  [
    "_sequentum_mcp_words() {",
    '  case "$1" in',
    ...program.commands.map((command) => `    ${command.name}) echo "${following(command).join(" ")}" ;;`),
    `    *) echo "${[...program.commands.map(({ name }) => name), ...following(program)].join(" ")}" ;;`,
    "  esac",
    '  if [ "$1" = call ]; then',
    '    case "$2" in',
    ...parameterWords
      .filter(({ words }) => words.length > 0)
      .map(({ tool, words }) => `      ${tool}) echo "${words.join(" ")}" ;;`),
    "    esac",
    "  fi",
    "}"
  ].join("\n")

const bash = (program: Command) => `${cases(program)}
_sequentum_mcp() {
  local words="$(_sequentum_mcp_words "\${COMP_WORDS[1]}" "\${COMP_WORDS[2]}")"
  [ "$COMP_CWORD" = 1 ] && words="$(_sequentum_mcp_words "" "")"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  case "\${COMPREPLY[0]}" in *=) compopt -o nospace ;; esac
}
complete -F _sequentum_mcp sequentum-mcp`

const zsh = (program: Command) => `#compdef sequentum-mcp
${cases(program)}
_sequentum_mcp() {
  local list
  if [ "$CURRENT" = 2 ]; then list="$(_sequentum_mcp_words "" "")"
  else list="$(_sequentum_mcp_words "$words[2]" "$words[3]")"; fi
  compadd -S '' -- \${=list}
}
compdef _sequentum_mcp sequentum-mcp`

const fishLine = (condition: string, words: ReadonlyArray<string>) =>
  `complete -c sequentum-mcp -f -n '${condition}' -a '${words.join(" ")}'`

const fish = (program: Command) =>
  [
    fishLine("__fish_use_subcommand", [...program.commands.map(({ name }) => name), ...following(program)]),
    ...program.commands.map((command) => fishLine(`__fish_seen_subcommand_from ${command.name}`, following(command))),
    ...parameterWords
      .filter(({ words }) => words.length > 0)
      .map(({ tool, words }) =>
        fishLine(`__fish_seen_subcommand_from call; and __fish_seen_subcommand_from ${tool}`, words)
      )
  ].join("\n")

const scripts = { bash, zsh, fish }

/** The script by which a shell completes commands, flags, tools and parameters. */
export const completion = (shell: Shell, program: Command): string => scripts[shell](program)
