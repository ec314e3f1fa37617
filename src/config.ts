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

const oneOf =
  <const Words extends ReadonlyArray<string>>(...words: Words) =>
  (value: string): Either.Either<Words[number], string> => {
    const word = words.find((candidate) => candidate === value.toLowerCase())
    return word === undefined ? Either.left(`must be ${words.join(" or ")}`) : Either.right(word)
  }

const httpOrigin = (value: string): Either.Either<string, string> =>
  Either.flatMap(Either.try({ try: () => new URL(value), catch: () => "" }), (url) =>
    /^https?:$/u.test(url.protocol) && url.origin === value ? Either.right(value) : Either.left("")
  )

const origins = (value: string): Either.Either<ReadonlyArray<string>, string> =>
  Either.mapLeft(
    Either.all(
      value
        .split(",")
        .map((origin) => origin.trim())
        .filter((origin) => origin !== "")
        .map(httpOrigin)
    ),
    () => "must be origins such as https://app.example.com, separated by commas, without a path"
  )

const hosts = (value: string): Either.Either<ReadonlyArray<string>, string> => {
  const names = value
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "")
  return names.every((name) => /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?$/u.test(name))
    ? Either.right(names)
    : Either.left("must be host names such as mcp.example.com, separated by commas")
}

const publicUrl = (value: string): Either.Either<Option.Option<URL>, string> =>
  Either.flatMap(
    Either.try({ try: () => new URL(value), catch: () => "must be a URL such as https://mcp.example.com" }),
    (url) =>
      /^https?:$/u.test(url.protocol) &&
      url.username === "" &&
      url.password === "" &&
      url.search === "" &&
      url.hash === ""
        ? Either.right(Option.some(url))
        : Either.left("must be an http or https URL without user name, password, query or fragment")
  )

/** Seconds, or with a unit: `30 minutes`, `1 hour`. */
const duration = (value: string): Either.Either<Duration.Duration, string> => {
  const match = /^(\d{1,9})\s*(s|seconds?|m|minutes?|h|hours?)?$/u.exec(value)
  const amount = Number(match?.[1])
  if (match === null || amount < 1) return Either.left("must be a time such as 90 seconds, 30 minutes or 1 hour")
  const unit = match[2]?.charAt(0)
  return Either.right(
    unit === "h" ? Duration.hours(amount) : unit === "m" ? Duration.minutes(amount) : Duration.seconds(amount)
  )
}

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
    doc: "Seconds that one try of one request to Sequentum may take, or that a file being read may send nothing. A synchronous run waits for its own timeout.",
    config: Config.map(parsed("SEQUENTUM_REQUEST_TIMEOUT", 30, wholeNumber(1, 600)), Duration.seconds)
  }),
  maxResultBytes: setting({
    env: "MAX_RESULT_BYTES",
    fallback: "40000",
    doc: "The most JSON that one tool result may hold, in bytes. What is longer is cut, with words that say so.",
    config: parsed("MAX_RESULT_BYTES", 40_000, wholeNumber(1000, 10_000_000))
  }),
  debug: setting({
    env: "DEBUG",
    fallback: "0",
    doc: "1 logs more, to stderr.",
    // Other programs put their own patterns in this variable; those mean nothing here.
    config: Config.map(nonBlank("DEBUG"), (value) => Option.exists(value, (text) => text === "1" || text === "true"))
  }),
  transport: setting({
    env: "TRANSPORT_MODE",
    fallback: "stdio",
    doc: "stdio or http: what the program serves when it is started without a command.",
    config: parsed("TRANSPORT_MODE", "stdio", oneOf("stdio", "http"))
  }),
  host: setting({
    env: "HOST",
    flag: "--host",
    fallback: "127.0.0.1",
    doc: "Address to listen on over HTTP. The container image sets 0.0.0.0.",
    config: Config.map(
      nonBlank("HOST"),
      Option.getOrElse(() => "127.0.0.1")
    )
  }),
  port: setting({
    env: "PORT",
    flag: "--port",
    fallback: "3000",
    doc: "Port to listen on over HTTP; 0 takes any free one.",
    config: parsed("PORT", 3000, wholeNumber(0, 65_535))
  }),
  publicUrl: setting({
    env: "PUBLIC_URL",
    fallback: "the listening address",
    doc: "Address at which clients reach the server, as told in OAuth metadata. Set it behind a proxy.",
    config: parsed<Option.Option<URL>>("PUBLIC_URL", Option.none(), publicUrl)
  }),
  requireAuth: setting({
    env: "REQUIRE_AUTH",
    fallback: "true",
    doc: "Whether requests over HTTP need a bearer token. Without one SEQUENTUM_API_KEY is used for every caller.",
    config: parsed("REQUIRE_AUTH", true, boolean)
  }),
  trustProxy: setting({
    env: "TRUST_PROXY",
    fallback: "false",
    doc: "Whether X-Forwarded-For, -Proto and -Host are believed. Set it only behind a proxy that sets them itself.",
    config: parsed("TRUST_PROXY", false, boolean)
  }),
  allowedOrigins: setting({
    env: "ALLOWED_ORIGINS",
    fallback: "none",
    doc: "Browser origins to allow beside the built-in ones, exact, separated by commas.",
    config: parsed<ReadonlyArray<string>>("ALLOWED_ORIGINS", [], origins)
  }),
  allowedHosts: setting({
    env: "ALLOWED_HOSTS",
    fallback: "loopback names when listening on loopback, else any",
    doc: "Host header values to allow, separated by commas; without a port, any port.",
    config: parsed<ReadonlyArray<string>>("ALLOWED_HOSTS", [], hosts)
  }),
  sessions: setting({
    env: "SESSIONS",
    fallback: "on",
    doc: "on keeps a session for each client of protocol revision 2025-11-25 or older; off keeps none.",
    config: parsed("SESSIONS", "on", oneOf("on", "off"))
  }),
  maxSessions: setting({
    env: "MAX_SESSIONS",
    fallback: "1000",
    doc: "How many sessions there may be at a time.",
    config: parsed("MAX_SESSIONS", 1000, wholeNumber(1, 1_000_000))
  }),
  sessionIdle: setting({
    env: "SESSION_IDLE",
    fallback: "1 hour",
    doc: "How long a session may be idle before it ends.",
    config: parsed("SESSION_IDLE", Duration.hours(1), duration)
  }),
  rateLimit: setting({
    env: "RATE_LIMIT_PER_MINUTE",
    fallback: "100",
    doc: "Requests to /mcp that one client address may make in a minute; 0 sets no limit.",
    config: parsed("RATE_LIMIT_PER_MINUTE", 100, wholeNumber(0, 1_000_000))
  }),
  otlpEndpoint: setting({
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    fallback: "none",
    doc: "Base URL of an OTLP collector over HTTP, such as http://localhost:4318; traces and metrics go there.",
    config: parsed<Option.Option<URL>>("OTEL_EXPORTER_OTLP_ENDPOINT", Option.none(), publicUrl)
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
    transport: settings.transport.config,
    host: settings.host.config,
    port: settings.port.config,
    publicUrl: settings.publicUrl.config,
    requireAuth: settings.requireAuth.config,
    trustProxy: settings.trustProxy.config,
    allowedOrigins: settings.allowedOrigins.config,
    allowedHosts: settings.allowedHosts.config,
    sessions: settings.sessions.config,
    maxSessions: settings.maxSessions.config,
    sessionIdle: settings.sessionIdle.config,
    rateLimit: settings.rateLimit.config,
    otlpEndpoint: settings.otlpEndpoint.config,
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
