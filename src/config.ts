import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** One setting: where it comes from, what it means, and how it is read. */
export interface Setting<out A> {
  readonly env: string
  /** The command-line flag that overrides the variable, where there is one. */
  readonly flag?: string
  /** The default as a person would write it. */
  readonly fallback: string
  readonly doc: string
  readonly config: Config.Config<A>
}

const setting = <A>(definition: Setting<A>): Setting<A> => definition

const nonBlank = (name: string) =>
  Config.option(Config.string(name)).pipe(
    Config.map(Option.filter((value) => value.trim() !== "")),
    Config.map(Option.map((value) => value.trim()))
  )

const parsed = <A>(name: string, fallback: A, parse: (value: string) => Either.Either<A, string>) =>
  nonBlank(name).pipe(
    Config.mapOrFail(
      Option.match({
        onNone: () => Either.right(fallback),
        onSome: (value) => Either.mapLeft(parse(value), (problem) => ConfigError.InvalidData([name], problem))
      })
    )
  )

const wholeNumber = (min: number, max: number) => (value: string) => {
  const number = Number(value)
  return /^\d+$/u.test(value) && number >= min && number <= max
    ? Either.right(number)
    : Either.left(`must be a whole number from ${min} to ${max}`)
}

const boolean = (value: string) => {
  const lower = value.toLowerCase()
  if (["1", "true", "yes", "on"].includes(lower)) return Either.right(true)
  if (["0", "false", "no", "off"].includes(lower)) return Either.right(false)
  return Either.left("must be true or false")
}

const list = (value: string): Either.Either<Option.Option<ReadonlyArray<string>>, string> => {
  const names = value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
  return names.length === 0
    ? Either.left("must name at least one, separated by commas")
    : Either.right(Option.some(names))
}

const loopback = (host: string) => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u.test(host)

const apiUrl = (value: string): Either.Either<URL, string> =>
  Either.flatMap(
    Either.try({ try: () => new URL(value), catch: () => "must be a URL such as https://dashboard.sequentum.com" }),
    (url) => {
      if (url.protocol !== "https:" && url.protocol !== "http:") return Either.left("must begin with https://")
      if (url.username !== "" || url.password !== "") return Either.left("must not hold a user name or password")
      if (url.search !== "" || url.hash !== "") return Either.left("must not hold a query or fragment")
      return url.protocol === "http:" && !loopback(url.hostname)
        ? Either.left("must use https, since http would send the key in the clear")
        : Either.right(url)
    }
  )

const apiKey = (value: string): Either.Either<Option.Option<Redacted.Redacted>, string> =>
  /^[\x21-\x7e]+$/u.test(value)
    ? Either.right(Option.some(Redacted.make(value)))
    : Either.left("must be printable characters without spaces")

const names = (env: string) => parsed<Option.Option<ReadonlyArray<string>>>(env, Option.none(), list)

/** Every setting. The settings table of the documentation is made from this. */
export const settings = {
  apiKey: setting({
    env: "SEQUENTUM_API_KEY",
    fallback: "none",
    doc: "API key of a Sequentum user. Needed over stdio, unless the sandbox is used.",
    config: parsed<Option.Option<Redacted.Redacted>>("SEQUENTUM_API_KEY", Option.none(), apiKey)
  }),
  apiUrl: setting({
    env: "SEQUENTUM_API_URL",
    fallback: "https://dashboard.sequentum.com",
    doc: "Address of the Sequentum host. Plain http is taken for loopback hosts only.",
    config: parsed("SEQUENTUM_API_URL", new URL("https://dashboard.sequentum.com"), apiUrl)
  }),
  requestTimeout: setting({
    env: "SEQUENTUM_REQUEST_TIMEOUT",
    fallback: "30",
    doc: "Seconds that one try of one request to Sequentum may take. A synchronous run waits for its own timeout.",
    config: Config.map(parsed("SEQUENTUM_REQUEST_TIMEOUT", 30, wholeNumber(1, 600)), Duration.seconds)
  }),
  maxResultBytes: setting({
    env: "MAX_RESULT_BYTES",
    fallback: "40000",
    doc: "The most JSON that one tool result may hold, in bytes. A longer list is cut, with words that say so.",
    config: parsed("MAX_RESULT_BYTES", 40_000, wholeNumber(1000, 10_000_000))
  }),
  debug: setting({
    env: "DEBUG",
    fallback: "0",
    doc: "1 logs more, to stderr.",
    // Other programs put their own patterns in this variable; those mean nothing here.
    config: Config.map(nonBlank("DEBUG"), (value) => Option.exists(value, (text) => text === "1" || text === "true"))
  }),
  toolsets: setting({
    env: "SEQUENTUM_TOOLSETS",
    flag: "--toolsets",
    fallback: "all",
    doc: "Toolsets to offer, separated by commas.",
    config: names("SEQUENTUM_TOOLSETS")
  }),
  tools: setting({
    env: "SEQUENTUM_TOOLS",
    flag: "--tools",
    fallback: "all",
    doc: "Single tools to offer, separated by commas, in addition to the toolsets.",
    config: names("SEQUENTUM_TOOLS")
  }),
  excludeTools: setting({
    env: "SEQUENTUM_EXCLUDE_TOOLS",
    flag: "--exclude-tools",
    fallback: "none",
    doc: "Tools not to offer, separated by commas. Exclusion beats inclusion.",
    config: names("SEQUENTUM_EXCLUDE_TOOLS")
  }),
  readOnly: setting({
    env: "SEQUENTUM_READ_ONLY",
    flag: "--read-only",
    fallback: "false",
    doc: "Offer only tools that change nothing. Beats everything else.",
    config: parsed("SEQUENTUM_READ_ONLY", false, boolean)
  })
} as const

/** What the settings amount to once read. */
export type Settings = {
  readonly [Name in keyof typeof settings]: Config.Config.Success<(typeof settings)[Name]["config"]>
}

/** Settings that can't be used: one sentence each. */
export class InvalidSettings extends Data.TaggedError("InvalidSettings")<{
  readonly problems: ReadonlyArray<string>
}> {}

const problems = (error: ConfigError.ConfigError): ReadonlyArray<string> =>
  ConfigError.reduceWithContext<undefined, ReadonlyArray<string>>(error, undefined, {
    andCase: (_, left, right) => [...left, ...right],
    orCase: (_, left, right) => [...left, ...right],
    invalidDataCase: (_, path, message) => [`${path.join(".")} ${message}.`],
    missingDataCase: (_, path) => [`${path.join(".")} is not set.`],
    sourceUnavailableCase: (_, path) => [`${path.join(".")} can't be read.`],
    unsupportedCase: (_, path) => [`${path.join(".")} can't be read.`]
  })

/**
 * Reads every setting from the environment, `overrides` (by variable name, as flags give them) taking precedence.
 * Fails with InvalidSettings, which holds a sentence for each value that can't be used.
 */
export const loadSettings = (
  overrides: ReadonlyMap<string, string> = new Map()
): Effect.Effect<Settings, InvalidSettings> =>
  Config.all({
    apiKey: settings.apiKey.config,
    apiUrl: settings.apiUrl.config,
    requestTimeout: settings.requestTimeout.config,
    maxResultBytes: settings.maxResultBytes.config,
    debug: settings.debug.config,
    toolsets: settings.toolsets.config,
    tools: settings.tools.config,
    excludeTools: settings.excludeTools.config,
    readOnly: settings.readOnly.config
  }).pipe(
    Effect.withConfigProvider(
      ConfigProvider.orElse(ConfigProvider.fromMap(new Map(overrides)), () => ConfigProvider.fromEnv())
    ),
    Effect.mapError((error) => new InvalidSettings({ problems: problems(error) }))
  )
