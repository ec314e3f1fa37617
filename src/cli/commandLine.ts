import { parseArgs } from "node:util"
import * as Either from "effect/Either"
import { parseBoolean } from "../config.ts"
import { joinWords, type Command, type Given } from "./Command.ts"
import { sandbox } from "./flags.ts"
import { didYouMean } from "./nearest.ts"

/** What a command line asks for. */
export type Request =
  | { readonly _tag: "Help"; readonly command: Command; readonly words: ReadonlyArray<string> }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly command: Command; readonly given: Given }

interface GivenFlag {
  readonly flag: string
  readonly value: string | undefined
}

type Entry = readonly [name: string, value: string]

/** Separates the flags, wherever they stand, from the other words. A flag with a value takes the next word. */
const separate = (program: Command, words: ReadonlyArray<string>) => {
  const flags = [program, ...program.commands].flatMap((command) => command.flags)
  const types = flags.map(
    ({ flag, value }) => [flag.slice(2), { type: value === undefined ? "boolean" : "string" } as const] as const
  )
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(types),
      help: { type: "boolean", short: "h" },
      version: { type: "boolean" }
    },
    allowPositionals: true,
    strict: false,
    tokens: true
  })
  const given = tokens.flatMap((token): ReadonlyArray<GivenFlag> => {
    if (token.kind !== "option") return []
    const isNextFlag = token.inlineValue === false && token.value.startsWith("--")
    const flag = token.rawName === "-h" ? "--help" : token.rawName
    return [{ flag, value: isNextFlag ? undefined : token.value }]
  })
  const known = new Set(["--help", "--version", ...flags.map(({ flag }) => flag)])
  return {
    given,
    unknown: given.find(({ flag }) => !known.has(flag)),
    others: tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []))
  }
}

const flagEntry = (command: Command, { flag, value }: GivenFlag): Either.Either<Entry, string> => {
  const info = command.flags.find((one) => one.flag === flag)
  if (info === undefined) {
    const close = didYouMean(
      flag,
      command.flags.map((one) => one.flag)
    )
    return Either.left(`${command.name === "" ? "Serving over stdio" : command.name} does not accept ${flag}.${close}`)
  }
  if (info.value === undefined) {
    return Either.mapBoth(parseBoolean(value ?? "true"), {
      onLeft: (problem) => `${flag} ${problem}.`,
      onRight: (isOn): Entry => [flag, String(isOn)]
    })
  }
  return value === undefined || value.trim() === ""
    ? Either.left(`${flag} needs a value: ${flag} ${info.value}.`)
    : Either.right([flag, value])
}

const argumentEntries = (
  { args }: Command,
  words: ReadonlyArray<string>
): Either.Either<ReadonlyArray<Entry>, string> => {
  const missing = args.slice(words.length).find(({ isOptional }) => !isOptional)
  if (missing !== undefined) return Either.left(`Missing argument ${missing.usage}.`)
  const rest = args.find(({ isRest }) => isRest === true)
  const single = rest === undefined ? args : args.slice(0, -1)
  const extra = words[single.length]
  if (rest === undefined && extra !== undefined) {
    return Either.left(`Unknown argument: ${JSON.stringify(extra.slice(0, 100))}.`)
  }
  return Either.right([
    ...single.flatMap(({ argument }, index) => words.slice(index, index + 1).map((word): Entry => [argument, word])),
    ...(rest === undefined ? [] : [[rest.argument, joinWords(words.slice(single.length))] as const])
  ])
}

const repeated = (given: ReadonlyArray<GivenFlag>) =>
  given.find(({ flag }, index) => given.findIndex((other) => other.flag === flag) !== index)

/** A flag that shapes a sandbox where none was asked for: the call would go to the real account. */
const withoutSandbox = ({ flags }: Command, given: Given) =>
  flags.some(({ flag }) => flag === sandbox.sandbox.flag) && given.get(sandbox.sandbox.flag) !== "true"
    ? flags.find(({ flag, needsSandbox }) => needsSandbox === true && given.has(flag))
    : undefined

/** The command that shows help: `help call` is `call --help`. */
export const helpCommand = "help"

/**
 * Reads the words after the program's name. Flags may stand anywhere, before the command too, and none is dropped.
 * Fails with one sentence about the first problem.
 */
export const readCommandLine = (program: Command, words: ReadonlyArray<string>): Either.Either<Request, string> =>
  Either.gen(function* () {
    const { given: flags, others, unknown } = separate(program, words)
    const isHelp = others[0] === helpCommand
    const [name, ...args] = isHelp ? others.slice(1) : others
    const command = name === undefined ? program : program.commands.find((one) => one.name === name)
    if (unknown !== undefined) {
      const known = ["--help", "--version", ...(command ?? program).flags.map(({ flag }) => flag)]
      return yield* Either.left(`Unknown flag: ${unknown.flag}.${didYouMean(unknown.flag, known)}`)
    }
    if (command === undefined) {
      const names = program.commands.map((one) => one.name)
      return yield* Either.left(
        `Unknown command: ${JSON.stringify(name)}.${didYouMean(name ?? "", names)} The commands are ${names.join(", ")}.`
      )
    }
    if (isHelp || flags.some(({ flag }) => flag === "--help")) return { _tag: "Help", command, words: args }
    if (flags.some(({ flag }) => flag === "--version")) return { _tag: "Version" }
    const flagEntries = yield* Either.all(flags.map((flag) => flagEntry(command, flag)))
    const twice = repeated(flags)
    if (twice !== undefined) return yield* Either.left(`${twice.flag} is given twice.`)
    const given = new Map([...flagEntries, ...(yield* argumentEntries(command, args))])
    const shape = withoutSandbox(command, given)
    if (shape !== undefined) return yield* Either.left(`${shape.flag} is for the sandbox: add --sandbox.`)
    return { _tag: "Run", command, given }
  })
