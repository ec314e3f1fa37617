import * as Either from "effect/Either"
import { commandUsages, rootUsage, type Flag, type Usage } from "./flags.ts"

/** What a command line asks for. `argv` has the command first, then its flags, then its arguments. */
export type Request =
  | { readonly _tag: "Help"; readonly usage: Usage }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly argv: ReadonlyArray<string> }

interface Given {
  readonly name: string
  readonly value: string | undefined
}

interface Words {
  readonly given: ReadonlyArray<Given>
  readonly others: ReadonlyArray<string>
}

const valued = new Map(
  [rootUsage, ...commandUsages]
    .flatMap(({ flags }) => flags)
    .flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]))
)
const known = new Set([rootUsage, ...commandUsages].flatMap(({ flags }) => flags.map(({ name }) => `--${name}`)))

/** Flags of every command; the short one keeps its dash. */
const always: ReadonlySet<string> = new Set(["help", "-h", "version"])

/** Tells flags, wherever they stand, from the other words; a flag that takes a value takes the word behind it. */
const sort = (words: ReadonlyArray<string>): Words => {
  const given: Array<Given> = []
  const others: Array<string> = []
  let rest = words
  for (let [word, ...behind] = rest; word !== undefined; [word, ...behind] = rest) {
    rest = behind
    if (!word.startsWith("-") || word === "-") {
      others.push(word)
      continue
    }
    const equals = word.indexOf("=")
    const name = (equals === -1 ? word : word.slice(0, equals)).replace(/^--(?=.)/u, "")
    const [next] = behind
    if (equals !== -1) given.push({ name, value: word.slice(equals + 1) })
    else if (valued.has(name) && next !== undefined && !next.startsWith("--")) {
      given.push({ name, value: next })
      rest = behind.slice(1)
    } else given.push({ name, value: undefined })
  }
  return { given, others }
}

const spelled = (name: string) => (name.startsWith("-") ? name : `--${name}`)

const isSandboxShape = (name: string) => name === "sandbox-speed" || name === "sandbox-rate-limit"

const flagWords = (usage: Usage, { name, value }: Given): Either.Either<ReadonlyArray<string>, string> => {
  const flag: Flag | undefined = usage.flags.find((one) => one.name === name)
  if (flag === undefined) {
    return Either.left(`--${name} does not go with ${usage.name === "" ? "serving over stdio" : usage.name}.`)
  }
  if (flag.value === undefined) {
    if (value === undefined || value === "true") return Either.right([`--${name}`])
    return value === "false" ? Either.right([]) : Either.left(`--${name} takes no value but true or false.`)
  }
  return value === undefined || value.trim() === ""
    ? Either.left(`--${name} needs a value: --${name} ${flag.value}.`)
    : Either.right([`--${name}`, value])
}

const repeated = (given: ReadonlyArray<Given>) =>
  given.find(({ name }, index) => given.findIndex((other) => other.name === name) !== index)

const runs = (usage: Usage, given: ReadonlyArray<Given>, args: ReadonlyArray<string>): Either.Either<Request, string> =>
  Either.flatMap(Either.all(given.map((one) => flagWords(usage, one))), (words) => {
    const twice = repeated(given)
    if (twice !== undefined) return Either.left(`--${twice.name} is given twice.`)
    const shape = given.find(({ name }) => isSandboxShape(name))
    // Without --sandbox the call would go to the real account, which whoever shapes a sandbox does not expect.
    return shape !== undefined && usage.name !== "sandbox" && !words.flat().includes("--sandbox")
      ? Either.left(`--${shape.name} is for the sandbox: add --sandbox.`)
      : Either.right({ _tag: "Run", argv: [...(usage.name === "" ? [] : [usage.name]), ...words.flat(), ...args] })
  })

/**
 * Reads the words behind the program's name. Flags may stand anywhere, before the command too: none is ever dropped.
 * Fails with one sentence on what is wrong.
 */
export const readCommandLine = (words: ReadonlyArray<string>): Either.Either<Request, string> => {
  const { given, others } = sort(words)
  const unknown = given.find(({ name }) => !known.has(`--${name}`) && !always.has(name))
  if (unknown !== undefined) return Either.left(`Unknown flag: ${spelled(unknown.name)}.`)
  const [command, ...args] = others
  const usage = command === undefined ? rootUsage : commandUsages.find(({ name }) => name === command)
  if (usage === undefined) {
    const names = commandUsages.map(({ name }) => name).join(", ")
    return Either.left(`Unknown command: ${JSON.stringify(command)}. The commands are ${names}.`)
  }
  if (given.some(({ name }) => name === "help" || name === "-h")) return Either.right({ _tag: "Help", usage })
  if (given.some(({ name }) => name === "version")) return Either.right({ _tag: "Version" })
  return runs(usage, given, args)
}
