/** Flags that stand alone; every other one takes the word behind it. */
const standalone: ReadonlySet<string> = new Set(["--sandbox", "--read-only", "--json", "--help", "-h", "--version"])

const withValue: ReadonlySet<string> = new Set([
  "--sandbox-speed",
  "--sandbox-rate-limit",
  "--toolsets",
  "--tools",
  "--exclude-tools",
  "--host",
  "--port",
  "--completions",
  "--log-level"
])

const commands: ReadonlySet<string> = new Set(["http", "sandbox", "tools", "call", "demo"])

interface Words {
  readonly flags: ReadonlyArray<string>
  readonly others: ReadonlyArray<string>
  /** The first flag that no command knows. */
  readonly unknown: string | undefined
}

const sort = (words: ReadonlyArray<string>): Words => {
  const flags: Array<string> = []
  const others: Array<string> = []
  let unknown: string | undefined
  let takesNext = false
  for (const word of words) {
    if (takesNext) {
      flags.push(word)
      takesNext = false
    } else if (word.startsWith("-") && word.length > 1) {
      const [name = word, value] = word.split("=", 2)
      if (!standalone.has(name) && !withValue.has(name)) unknown ??= name
      flags.push(word)
      takesNext = value === undefined && withValue.has(name)
    } else others.push(word)
  }
  return { flags, others, unknown }
}

/** The first flag on the command line that no command knows. */
export const unknownFlag = (argv: ReadonlyArray<string>): string | undefined => sort(argv.slice(2)).unknown

/** Puts a command's flags before its arguments, where the parser expects them, so that they may be written behind. */
export const optionsFirst = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [runtime = "", script = "", command, ...rest] = argv
  if (command === undefined || !commands.has(command)) return argv
  const { flags, others } = sort(rest)
  return [runtime, script, command, ...flags, ...others]
}
