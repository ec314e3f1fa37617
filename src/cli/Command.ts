import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { configProblems, type InvalidSettings, type Overrides } from "../config.ts"
import { Stop } from "../serve/runMain.ts"
import type { Flag, FlagInfo } from "./flags.ts"

/** What people read about an argument. */
export interface ArgumentInfo {
  readonly argument: string
  readonly isOptional: boolean
  /** It takes all words that are left. */
  readonly isRest?: boolean
  /** How help shows it. */
  readonly usage: string
  /** Words that a shell can complete. */
  readonly words?: ReadonlyArray<string>
}

/** An argument is a Config that reads the word given for `argument`. */
export type Argument<A> = Config.Config<A> & ArgumentInfo

/** An argument that must be given. */
export const required = (argument: string, words: ReadonlyArray<string> = []): Argument<string> =>
  Object.assign(Config.string(argument), { argument, isOptional: false, usage: `<${argument}>`, words })

/** An argument that may be left out. */
export const optional = (argument: string, words: ReadonlyArray<string> = []): Argument<Option.Option<string>> =>
  Object.assign(Config.option(Config.string(argument)), {
    argument,
    isOptional: true,
    usage: `[${argument}]`,
    words
  })

/** The words of a `rest` argument as one text. No word of a command line can hold the separator. */
export const joinWords = (words: ReadonlyArray<string>): string => words.map((word) => `\0${word}`).join("")

/** An argument for all words that are left, of which there may be none. */
export const rest = (argument: string, usage: string): Argument<ReadonlyArray<string>> =>
  Object.assign(
    Config.map(Config.withDefault(Config.string(argument), ""), (words) => words.split("\0").slice(1)),
    { argument, isOptional: true, isRest: true, usage: `[${usage}]` }
  )

/** The words of a command line, by the flag or argument that they are given for. */
export type Given = ReadonlyMap<string, string>

/** All that help and the command line reader know about a command. The program itself has the name "". */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly args: ReadonlyArray<ArgumentInfo>
  readonly flags: ReadonlyArray<FlagInfo>
  readonly examples: ReadonlyArray<string>
  readonly commands: ReadonlyArray<Command>
  /** It runs until it is stopped. */
  readonly isServer: boolean
  /** Longer help for the words after the command; undefined if there is none for them. */
  readonly details?: (words: ReadonlyArray<string>) => Effect.Effect<void, Stop> | undefined
  readonly run: (given: Given) => Effect.Effect<void, InvalidSettings | Stop>
}

/** Stops with one sentence about the command line. */
export const usageError = (problem: string) =>
  new Stop({ lines: [`${problem} See sequentum-mcp --help.`], problem: "usage" })

type Flags = Readonly<Record<string, Flag<unknown>>>
type Arguments = ReadonlyArray<Argument<unknown>>

/** The flags' values by their keys, and the arguments' values in order. */
type Values<F extends Flags, A extends Arguments> = Config.Config.Success<
  ReturnType<typeof Config.all<F & { readonly args: ReturnType<typeof Config.all<A>> }>>
>

const overrides = (flags: ReadonlyArray<FlagInfo>, given: Given): Overrides =>
  new Map(
    flags.flatMap(({ env, flag }): ReadonlyArray<readonly [string, string]> => {
      const value = given.get(flag)
      return env === undefined || value === undefined ? [] : [[env, value]]
    })
  )

interface Definition<F extends Flags, A extends Arguments> {
  readonly name: string
  readonly summary: string
  readonly args: A
  readonly flags: F
  readonly examples: ReadonlyArray<string>
  readonly commands?: ReadonlyArray<Command>
  readonly isServer?: boolean
  readonly details?: (words: ReadonlyArray<string>) => Effect.Effect<void, Stop> | undefined
  readonly run: (values: Values<F, A>, overrides: Overrides) => Effect.Effect<void, InvalidSettings | Stop>
}

/** Makes a command whose `run` gets the values of its flags and arguments. An invalid value is a usage error. */
export const make = <const F extends Flags, const A extends Arguments>({
  args,
  commands = [],
  flags,
  isServer = false,
  run,
  ...info
}: Definition<F, A>): Command => {
  const flagList: ReadonlyArray<FlagInfo> = Object.values(flags)
  const values = Config.all({ ...flags, args: Config.all<A>(args) })
  return {
    ...info,
    args,
    flags: flagList,
    commands,
    isServer,
    run: (given) =>
      Effect.withConfigProvider(values, ConfigProvider.fromMap(new Map(given))).pipe(
        Effect.mapError((error) => usageError(configProblems(error).join(" "))),
        Effect.flatMap((all) => run(all, overrides(flagList, given)))
      )
  }
}
