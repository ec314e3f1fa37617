import { parseArgs } from "node:util"
import * as Either from "effect/Either"
import { parseBoolean } from "../config.ts"
import type { Command, Given } from "./Command.ts"
import { sandbox } from "./flags.ts"

/** What a command line asks for. */
export type Request =
  | { readonly _tag: "Help"; readonly command: Command }
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
    return Either.left(`${command.name === "" ? "Serving over stdio" : command.name} does not accept ${flag}.`)
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
  const extra = words[args.length]
  if (extra !== undefined) return Either.left(`Unknown argument: ${JSON.stringify(extra.slice(0, 100))}.`)
  return Either.right(
    words.flatMap((word, index) => args.slice(index, index + 1).map(({ argument }) => [argument, word]))
  )
}

const repeated = (given: ReadonlyArray<GivenFlag>) =>
  given.find(({ flag }, index) => given.findIndex((other) => other.flag === flag) !== index)

/** A flag that shapes a sandbox where none was asked for: the call would go to the real account. */
const withoutSandbox = ({ flags }: Command, given: Given) =>
  flags.some(({ flag }) => flag === sandbox.sandbox.flag) && given.get(sandbox.sandbox.flag) !== "true"
    ? flags.find(({ flag, needsSandbox }) => needsSandbox === true && given.has(flag))
    : undefined

/**
 * Reads the words after the program's name. Flags may stand anywhere, before the command too, and none is dropped.
 * Fails with one sentence about the first problem.
 */
export const readCommandLine = (program: Command, words: ReadonlyArray<string>): Either.Either<Request, string> =>
  Either.gen(function* () {
    const { given: flags, others, unknown } = separate(program, words)
    if (unknown !== undefined) return yield* Either.left(`Unknown flag: ${unknown.flag}.`)
    const [name, ...args] = others
    const command = name === undefined ? program : program.commands.find((one) => one.name === name)
    if (command === undefined) {
      const names = program.commands.map((one) => one.name).join(", ")
      return yield* Either.left(`Unknown command: ${JSON.stringify(name)}. The commands are ${names}.`)
    }
    if (flags.some(({ flag }) => flag === "--help")) return { _tag: "Help", command }
    if (flags.some(({ flag }) => flag === "--version")) return { _tag: "Version" }
    const flagEntries = yield* Either.all(flags.map((flag) => flagEntry(command, flag)))
    const twice = repeated(flags)
    if (twice !== undefined) return yield* Either.left(`${twice.flag} is given twice.`)
    const given = new Map([...flagEntries, ...(yield* argumentEntries(command, args))])
    const shape = withoutSandbox(command, given)
    if (shape !== undefined) return yield* Either.left(`${shape.flag} is for the sandbox: add --sandbox.`)
    return { _tag: "Run", command, given }
  })
