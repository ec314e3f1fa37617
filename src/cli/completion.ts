import { allTools } from "../tools/catalog/all.ts"
import type { Command } from "./Command.ts"
import { propertiesOf } from "./toolHelp.ts"

/** The shells that completion is for. */
export const shells = ["bash", "zsh", "fish"] as const
export type Shell = (typeof shells)[number]

type Words = ReadonlyArray<string>

const always = ["--help", "--version"]

const flagsOf = ({ flags }: Command): Words => [...flags.map(({ flag }) => flag), ...always]

const allCommands = (program: Command) => [program, ...program.commands]

/** Flags after which a value comes. */
const valueFlags = (program: Command): Words => [
  ...new Set(
    allCommands(program).flatMap(({ flags }) => flags.flatMap(({ flag, value }) => (value === undefined ? [] : [flag])))
  )
]

/** What can follow a command. */
interface Following {
  readonly command: string
  /** As long as there is no argument yet. */
  readonly first: Words
  /** After an argument. */
  readonly after: ReadonlyArray<readonly [argument: string, words: Words]>
  readonly flags: Words
}

const toolNames = allTools.map(({ name }) => name)

const parameters = allTools.map(
  (tool) => [tool.name, [...propertiesOf(tool).keys()].map((name) => `${name}=`)] as const
)

const following = (program: Command): ReadonlyArray<Following> =>
  allCommands(program).map((command) => {
    const { args, name } = command
    const flags = flagsOf(command)
    switch (name) {
      case "":
        return { command: name, first: program.commands.map((one) => one.name), after: [], flags }
      case "call":
        return { command: name, first: toolNames, after: parameters, flags }
      case "help":
        return {
          command: name,
          first: program.commands.map((one) => one.name),
          after: [
            ["call", toolNames],
            ["tools", toolNames]
          ],
          flags
        }
      default:
        return { command: name, first: args[0]?.words ?? [], after: [], flags }
    }
  })

const posixWords = (list: Words) => `echo ${list.join(" ")}`

const posixBranch = ({ after, command, first, flags }: Following) => [
  `    ${command === "" ? '""' : command})`,
  '      case "$argument" in',
  ...[["", first] as const, ...after]
    .filter(([, words]) => words.length > 0)
    .map(([argument, words]) => `        ${argument === "" ? '""' : argument}) ${posixWords(words)} ;;`),
  "      esac",
  `      ${posixWords(flags)} ;;`
]

/**
 * A function for bash and zsh that gets the words before the present one, and prints those that can follow. bash makes
 * three words of `name=value`.
 */
const posix = (program: Command) =>
  [
    "_sequentum_mcp_words() {",
    "  local word command= argument= skip=",
    '  for word in "$@"; do',
    '    case "$skip$word" in',
    "      1=|=) skip=1 ;;",
    "      1*) skip= ;;",
    `      ${valueFlags(program).join("|")}) skip=1 ;;`,
    "      -*) ;;",
    '      *) if [ -z "$command" ]; then command="$word"; elif [ -z "$argument" ]; then argument="$word"; fi ;;',
    "    esac",
    "  done",
    '  [ -z "$skip" ] || return 0',
    '  case "$command" in',
    ...following(program).flatMap(posixBranch),
    "  esac",
    "}"
  ].join("\n")

// The bash of macOS, 3.2, has no compopt.
const bash = (program: Command) => `${posix(program)}
_sequentum_mcp() {
  local cur="\${COMP_WORDS[COMP_CWORD]}"
  if [ "\${COMP_WORDS[COMP_CWORD-1]}" = --file ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
    return
  fi
  COMPREPLY=($(compgen -W "$(_sequentum_mcp_words "\${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$cur"))
  case "\${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _sequentum_mcp sequentum-mcp`

// Sourced, it only says which function completes; as a file in $fpath it is the body of that function.
const zsh = (program: Command) => `#compdef sequentum-mcp
${posix(program)}
_sequentum_mcp() {
  if [ "$words[CURRENT-1]" = --file ]; then _files; return; fi
  local -a list
  list=(\${=$(_sequentum_mcp_words "\${(@)words[2,CURRENT-1]}")})
  compadd -S '' -- \${(M)list:#*=}
  compadd -- \${list:#*=}
}
if [ "$funcstack[1]" = _sequentum-mcp ]; then _sequentum_mcp "$@"; else compdef _sequentum_mcp sequentum-mcp; fi`

const fishWords = (list: Words) => `printf '%s\\n' ${list.join(" ")}`

const fishBranch = ({ after, command, first, flags }: Following) => [
  `    case '${command}'`,
  `      switch "$argument"`,
  "        case ''",
  `          ${fishWords([...first, ...flags])}`,
  ...after.flatMap(([argument, words]) => [`        case ${argument}`, `          ${fishWords([...words, ...flags])}`]),
  "        case '*'",
  `          ${fishWords(flags)}`,
  "      end"
]

const fish = (program: Command) =>
  [
    "function __sequentum_mcp_words",
    "  set -l command",
    "  set -l argument",
    "  set -l skip",
    "  set -l given (commandline -opc)",
    "  for word in $given[2..]",
    '    if test -n "$skip"',
    "      set skip",
    "      continue",
    "    end",
    "    switch $word",
    `      case ${valueFlags(program).join(" ")}`,
    "        set skip 1",
    "      case '-*'",
    "      case '*'",
    '        if test -z "$command"',
    "          set command $word",
    '        else if test -z "$argument"',
    "          set argument $word",
    "        end",
    "    end",
    "  end",
    '  test -z "$skip"; or return',
    '  switch "$command"',
    ...following(program).flatMap(fishBranch),
    "  end",
    "end",
    "complete -c sequentum-mcp -f -a '(__sequentum_mcp_words)'",
    "complete -c sequentum-mcp -n '__fish_seen_subcommand_from install' -l file -r -F"
  ].join("\n")

const scripts = { bash, zsh, fish }

/** The script by which a shell completes commands, flags, tools and parameters. */
export const completion = (shell: Shell, program: Command): string => scripts[shell](program)
