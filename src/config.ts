import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** The command-line flag that overrides a setting. Without `value`, the placeholder of its value, it is a switch. */
export interface SettingFlag {
  readonly name: string
  readonly value?: string
  readonly help: string
}

/** What people read about a setting. */
export interface SettingInfo {
  readonly env: string
  readonly flag?: SettingFlag
  /** The default as a person would write it. */
  readonly defaultText: string
  readonly doc: string
}

/** Makes the Config of a variable or flag by its name, which the error sentence begins with. */
type Read<A> = (name: string) => Config.Config<A>

/** Fails with what the value must be, as the end of a sentence without its full stop. Never repeats the value. */
type Parse<A> = (value: string) => Either.Either<A, string>

/** Makes a Config that reads the variable `env`. */
const setting = <A, const Info extends SettingInfo>(info: Info, read: Read<A>): Config.Config<A> & Info =>
  Object.assign(read(info.env), info)

/** Reads a value without the spaces around it, blank where it is not set. */
const word: Read<string> = (name) => Config.map(Config.withDefault(Config.string(name), ""), (value) => value.trim())

/** Reads a value; blank counts as not set. */
export const parsed =
  <A>(defaultValue: A, parse: Parse<A>): Read<A> =>
  (name) =>
    Config.mapOrFail(word(name), (value) =>
      value === ""
        ? Either.right(defaultValue)
        : Either.mapLeft(parse(value), (problem) => ConfigError.InvalidData([name], problem))
    )

const optional = <A>(parse: Parse<A>): Read<Option.Option<A>> =>
  parsed(Option.none<A>(), (value) => Either.map(parse(value), Option.some))

/** Decimal digits only: no sign, exponent or fraction. */
export const wholeNumber =
  (min: number, max: number): Parse<number> =>
  (value) => {
    const number = Number(value)
    return /^\d+$/u.test(value) && number >= min && number <= max
      ? Either.right(number)
      : Either.left(`must be a whole number from ${min} to ${max}`)
  }

/** 1, true, yes or on; 0, false, no or off; in any case. */
export const parseBoolean: Parse<boolean> = (value) => {
  const word = value.trim().toLowerCase()
  if (["1", "true", "yes", "on"].includes(word)) return Either.right(true)
  if (["0", "false", "no", "off"].includes(word)) return Either.right(false)
  return Either.left("must be true or false")
}

/** The items of a list that is separated by commas, without blank ones. */
export const commaList = (value: string): ReadonlyArray<string> =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")

/** Whether a host name or address is of this machine only. An IPv6 address may stand in brackets, as in a URL. */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/u.test(host)

const names: Parse<ReadonlyArray<string>> = (value) => {
  const list = commaList(value)
  return list.length === 0 ? Either.left("must name at least one, separated by commas") : Either.right(list)
}

const url =
  (example: string): Parse<URL> =>
  (value) =>
    Either.try({ try: () => new URL(value), catch: () => `must be a URL such as ${example}` })

const apiUrl: Parse<URL> = (value) =>
  Either.flatMap(url("https://dashboard.sequentum.com")(value), (address) => {
    if (address.protocol !== "https:" && address.protocol !== "http:") return Either.left("must begin with https://")
    if (address.username !== "" || address.password !== "") {
      return Either.left("must not hold a user name or password")
    }
    if (address.search !== "" || address.hash !== "") return Either.left("must not hold a query or fragment")
    return address.protocol === "http:" && !isLoopback(address.hostname)
      ? Either.left("must use https, since http would send the key in the clear")
      : Either.right(address)
  })

const quotes = "\"'`\u2018\u2019\u201c\u201d"

const apiKey: Parse<Redacted.Redacted> = (value) => {
  if (quotes.includes(value.charAt(0)) || quotes.includes(value.charAt(value.length - 1))) {
    return Either.left("must not stand in quotes: they are part of the value here")
  }
  if (/^(?:\$\{.*\}|\$\(.*\)|\$\w+|%\w+%|\{\{.*\}\}|<.*>)$/u.test(value)) {
    return Either.left(
      "must be the key itself: this is a placeholder, which the program that starts this server did not replace"
    )
  }
  return /^[\x21-\x7e]+$/u.test(value)
    ? Either.right(Redacted.make(value))
    : Either.left("must be printable characters without spaces")
}

export const oneOf =
  <const Words extends ReadonlyArray<string>>(...words: Words): Parse<Words[number]> =>
  (value) => {
    const word = words.find((candidate) => candidate === value.toLowerCase())
    return word === undefined ? Either.left(`must be ${words.join(" or ")}`) : Either.right(word)
  }

const isHttpOrigin = (value: string) =>
  /^https?:/u.test(value) && URL.canParse(value) && new URL(value).origin === value

const origins: Parse<ReadonlyArray<string>> = (value) => {
  const list = commaList(value)
  return list.every(isHttpOrigin)
    ? Either.right(list)
    : Either.left("must be origins such as https://app.example.com, separated by commas, without a path")
}

const hosts: Parse<ReadonlyArray<string>> = (value) => {
  const list = commaList(value.toLowerCase())
  return list.every((name) => /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?$/u.test(name))
    ? Either.right(list)
    : Either.left("must be host names such as mcp.example.com, separated by commas")
}

const downloadHosts: Parse<ReadonlyArray<string>> = (value) => {
  const list = commaList(value.toLowerCase())
  return list.every((name) => /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/u.test(name) && URL.canParse(`https://${name}`))
    ? Either.right(list.map((name) => new URL(`https://${name}`).hostname))
    : Either.left("must be host names such as files.example.com, without a port, separated by commas")
}

/** Source: draft-ietf-oauth-client-id-metadata-document, section 3. */
const clientDocument: Parse<URL> = (value) =>
  Either.flatMap(url("https://example.com/sequentum-mcp.json")(value), (address) =>
    address.protocol === "https:" &&
    address.pathname !== "/" &&
    address.href === value &&
    `${address.username}${address.password}${address.hash}` === ""
      ? Either.right(address)
      : Either.left("must be an https:// address with a path, as it stands in the document")
  )

const plainUrl =
  (example: string): Parse<URL> =>
  (value) =>
    Either.filterOrLeft(
      url(example)(value),
      ({ hash, password, protocol, search, username }) =>
        /^https?:$/u.test(protocol) && [username, password, search, hash].every((part) => part === ""),
      () => "must be an http or https URL without user name, password, query or fragment"
    )

const notProxy = "must be the address of an HTTP proxy, such as http://proxy.example.com:3128"

/** The address of a proxy, which may hold a password. Without a scheme it is http, as for other programs. */
const proxy: Parse<Redacted.Redacted<URL>> = (value) =>
  Either.filterOrLeft(
    Either.mapBoth(url("")(/^[a-z][a-z0-9+.-]*:\/\//iu.test(value) ? value : `http://${value}`), {
      onLeft: () => notProxy,
      onRight: (address) => Redacted.make(address)
    }),
    (address) => /^https?:$/u.test(Redacted.value(address).protocol),
    () => notProxy
  )

/** Reads a variable under its name or, if that is not set, under its name in lower case. */
const inEitherCase =
  <A>(parse: Parse<A>): Read<Option.Option<A>> =>
  (name) =>
    Config.zipWith(optional(parse)(name), optional(parse)(name.toLowerCase()), (upper, lower) =>
      Option.orElse(upper, () => lower)
    )

/** 32 bytes in base64, of either alphabet. */
const stateKey: Parse<Redacted.Redacted<Uint8Array>> = (value) =>
  /^[\w+/-]{43}=?$/u.test(value)
    ? Either.right(Redacted.make(Buffer.from(value, "base64")))
    : Either.left("must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")

/** Seconds, or with a unit: `30 minutes`, `1 hour`. */
const duration: Parse<Duration.Duration> = (value) => {
  const match = /^(\d{1,9})\s*(s|seconds?|m|minutes?|h|hours?)?$/u.exec(value)
  const amount = Number(match?.[1])
  if (match === null || amount < 1) return Either.left("must be a time such as 90 seconds, 30 minutes or 1 hour")
  const unit = match[2]?.charAt(0)
  return Either.right(
    unit === "h" ? Duration.hours(amount) : unit === "m" ? Duration.minutes(amount) : Duration.seconds(amount)
  )
}

const noEffect = "No effect: the server keeps no sessions. Accepted, so that older configurations start."

/** Every setting. The page of settings, the flags and their help are made from this. */
export const settings = {
  apiKey: setting(
    {
      env: "SEQUENTUM_API_KEY",
      defaultText: "none",
      doc: "API key of a Sequentum user. Needed over stdio, unless the sandbox or a sign-in is used."
    },
    optional(apiKey)
  ),
  apiUrl: setting(
    {
      env: "SEQUENTUM_API_URL",
      defaultText: "https://dashboard.sequentum.com",
      doc: "Address of the Sequentum host. http:// is accepted for loopback hosts only."
    },
    parsed(new URL("https://dashboard.sequentum.com"), apiUrl)
  ),
  clientDocument: setting(
    {
      env: "SEQUENTUM_CLIENT_METADATA_URL",
      defaultText: "none",
      doc: "Address of an OAuth client metadata document, which `login` gives as its client id where Sequentum accepts one. Otherwise it registers itself."
    },
    optional(clientDocument)
  ),
  requestTimeout: setting(
    {
      env: "SEQUENTUM_REQUEST_TIMEOUT",
      defaultText: "30",
      doc: "Max seconds for one attempt of a request to Sequentum, and for a pause in a file download. A call as a whole ends within 50 seconds; a synchronous run has its own timeout."
    },
    parsed(Duration.seconds(30), (value) => Either.map(wholeNumber(1, 600)(value), Duration.seconds))
  ),
  httpsProxy: setting(
    {
      env: "HTTPS_PROXY",
      defaultText: "none",
      doc: "Proxy for requests to Sequentum and for its files, as http://name:password@host:port. Also read as https_proxy. Loopback addresses are always reached directly."
    },
    inEitherCase(proxy)
  ),
  httpProxy: setting(
    {
      env: "HTTP_PROXY",
      defaultText: "none",
      doc: "The same for http:// addresses. Also read as http_proxy."
    },
    inEitherCase(proxy)
  ),
  noProxy: setting(
    {
      env: "NO_PROXY",
      defaultText: "none",
      doc: "Hosts that are reached without a proxy, separated by commas: names (with all names below), addresses, networks such as 10.0.0.0/8, or *. Also read as no_proxy."
    },
    (name) =>
      Config.map(
        inEitherCase<ReadonlyArray<string>>((value) =>
          Either.right(value.split(/[\s,]+/u).filter((entry) => entry !== ""))
        )(name),
        Option.getOrElse((): ReadonlyArray<string> => [])
      )
  ),
  allowedDownloadHosts: setting(
    {
      env: "ALLOWED_DOWNLOAD_HOSTS",
      defaultText: "none",
      doc: "Hosts of files that may have an address that is not public, separated by commas. The Sequentum host itself always may."
    },
    parsed<ReadonlyArray<string>>([], downloadHosts)
  ),
  maxResultBytes: setting(
    {
      env: "MAX_RESULT_BYTES",
      defaultText: "40000",
      doc: "Max bytes of JSON in one tool result. Longer results are truncated, and say so."
    },
    parsed(40_000, wholeNumber(1000, 10_000_000))
  ),
  debug: setting(
    {
      env: "DEBUG",
      defaultText: "0",
      doc: "1 turns on debug logs, on stderr: requests without texts, tokens and session ids. Over HTTP it also allows web pages on localhost."
    },
    // Not `parseBoolean`: other programs put their own patterns in this variable, which are no errors here.
    (name) => Config.map(word(name), (value) => value === "1" || value === "true")
  ),
  transport: setting(
    {
      env: "TRANSPORT_MODE",
      defaultText: "stdio",
      doc: "stdio or http: what the program serves when it is started without a command."
    },
    parsed("stdio", oneOf("stdio", "http"))
  ),
  host: setting(
    {
      env: "HOST",
      flag: { name: "--host", value: "address", help: "Address to listen on" },
      defaultText: "127.0.0.1",
      doc: "Address to listen on over HTTP. The container image sets 0.0.0.0."
    },
    parsed("127.0.0.1", Either.right)
  ),
  port: setting(
    {
      env: "PORT",
      flag: { name: "--port", value: "n", help: "Port to listen on; 0 picks any free one" },
      defaultText: "3000",
      doc: "Port to listen on over HTTP; 0 picks any free one."
    },
    parsed(3000, wholeNumber(0, 65_535))
  ),
  publicUrl: setting(
    {
      env: "PUBLIC_URL",
      defaultText: "the listening address",
      doc: "Address at which clients reach the server, for OAuth metadata. Set it behind a proxy. It may have a path."
    },
    optional(plainUrl("https://mcp.example.com"))
  ),
  requireAuth: setting(
    {
      env: "REQUIRE_AUTH",
      defaultText: "true",
      doc: "Require a bearer token over HTTP. If false, requests without one use SEQUENTUM_API_KEY; only on a loopback address, unless ALLOW_UNAUTHENTICATED is set."
    },
    parsed(true, parseBoolean)
  ),
  tokenCheck: setting(
    {
      env: "TOKEN_CHECK",
      defaultText: "auto",
      doc: "auto proves a bearer token over HTTP, by the keys of the Sequentum host or by one request to it, before anything is answered; off leaves that to each call."
    },
    parsed("auto", oneOf("auto", "off"))
  ),
  allowUnauthenticated: setting(
    {
      env: "ALLOW_UNAUTHENTICATED",
      defaultText: "false",
      doc: "Allow REQUIRE_AUTH=false where others can reach the server. Everyone who can then acts with SEQUENTUM_API_KEY."
    },
    parsed(false, parseBoolean)
  ),
  trustProxy: setting(
    {
      env: "TRUST_PROXY",
      defaultText: "false",
      doc: "Trust X-Forwarded-For, -Proto and -Host. Set it only behind a proxy that sets them itself, together with PUBLIC_URL or ALLOWED_HOSTS."
    },
    parsed(false, parseBoolean)
  ),
  allowedOrigins: setting(
    {
      env: "ALLOWED_ORIGINS",
      defaultText: "none",
      doc: "Browser origins to allow besides the built-in ones, exact, separated by commas. With ALLOW_UNAUTHENTICATED, the only ones."
    },
    parsed<ReadonlyArray<string>>([], origins)
  ),
  allowedHosts: setting(
    {
      env: "ALLOWED_HOSTS",
      defaultText: "loopback names when listening on loopback, else any",
      doc: "Host header values to allow, separated by commas. One without a port allows any port. Without PUBLIC_URL, also the hosts that a trusted proxy may name for OAuth metadata."
    },
    parsed<ReadonlyArray<string>>([], hosts)
  ),
  stateKey: setting(
    {
      env: "STATE_KEY",
      defaultText: "random, anew at each start",
      doc: "Key that seals session ids, task ids and questions to the user: 32 bytes in base64, from `openssl rand -base64 32`. Replicas share it."
    },
    optional(stateKey)
  ),
  maxInFlight: setting(
    {
      env: "MAX_IN_FLIGHT",
      defaultText: "500",
      doc: "Max requests to /mcp under way at the same time. More get 503."
    },
    parsed(500, wholeNumber(1, 1_000_000))
  ),
  sessions: setting({ env: "SESSIONS", defaultText: "none", doc: noEffect }, optional(Either.right)),
  maxSessions: setting({ env: "MAX_SESSIONS", defaultText: "none", doc: noEffect }, optional(Either.right)),
  sessionIdle: setting({ env: "SESSION_IDLE", defaultText: "none", doc: noEffect }, optional(Either.right)),
  drain: setting(
    {
      env: "DRAIN",
      defaultText: "10 seconds",
      doc: "How long calls under way may go on once the server stops, or once a client over stdio closes its input."
    },
    parsed(Duration.seconds(10), duration)
  ),
  rateLimit: setting(
    {
      env: "RATE_LIMIT_PER_MINUTE",
      defaultText: "100",
      doc: "Max requests in 60 seconds with one proven token, and from one client address without one; 0 sets no limit."
    },
    parsed(100, wholeNumber(0, 1_000_000))
  ),
  metricsPort: setting(
    {
      env: "METRICS_PORT",
      defaultText: "none",
      doc: "Port of /metrics, on the address of HOST; 0 picks any free one. Without it there are no metrics over HTTP."
    },
    optional(wholeNumber(0, 65_535))
  ),
  otlpEndpoint: setting(
    {
      env: "OTEL_EXPORTER_OTLP_ENDPOINT",
      defaultText: "none",
      doc: "Base URL of an OTLP collector over HTTP, such as http://localhost:4318, for traces and metrics."
    },
    optional(plainUrl("http://collector.example.com:4318"))
  ),
  toolsets: setting(
    {
      env: "SEQUENTUM_TOOLSETS",
      flag: { name: "--toolsets", value: "a,b", help: "Offer only these toolsets" },
      defaultText: "all",
      doc: "Toolsets to offer, separated by commas."
    },
    optional(names)
  ),
  tools: setting(
    {
      env: "SEQUENTUM_TOOLS",
      flag: { name: "--tools", value: "x,y", help: "Offer these tools, in addition to the toolsets" },
      defaultText: "none",
      doc: "Single tools to offer, separated by commas, in addition to the toolsets."
    },
    optional(names)
  ),
  excludeTools: setting(
    {
      env: "SEQUENTUM_EXCLUDE_TOOLS",
      flag: { name: "--exclude-tools", value: "z", help: "Do not offer these tools" },
      defaultText: "none",
      doc: "Tools not to offer, separated by commas. Exclusions win over inclusions."
    },
    optional(names)
  ),
  readOnly: setting(
    {
      env: "SEQUENTUM_READ_ONLY",
      flag: { name: "--read-only", help: "Offer only tools that change nothing" },
      defaultText: "false",
      doc: "Offer only tools that change nothing. Overrides every other selection."
    },
    parsed(false, parseBoolean)
  ),
  confirm: setting(
    {
      env: "SEQUENTUM_CONFIRM",
      defaultText: "auto",
      doc: "Whether the user is asked before a call that can't be undone or spends much: auto asks where the client can ask, always refuses such calls where it can't, never does not ask."
    },
    parsed("auto", oneOf("auto", "always", "never"))
  ),
  confirmSkip: setting(
    {
      env: "SEQUENTUM_CONFIRM_SKIP",
      defaultText: "none",
      doc: "Tools for which the user is not asked, separated by commas."
    },
    parsed<ReadonlyArray<string>>([], names)
  ),
  maxStartsPerMinute: setting(
    {
      env: "SEQUENTUM_MAX_STARTS_PER_MINUTE",
      defaultText: "30",
      doc: "Max runs and builds that one caller may start in a minute; 0 sets no limit."
    },
    parsed(30, wholeNumber(0, 100_000))
  )
} as const

/** The value of every setting. */
export type Settings = { readonly [Name in keyof typeof settings]: Config.Config.Success<(typeof settings)[Name]> }

/** Invalid settings: one sentence for each problem. */
export class InvalidSettings extends Data.TaggedError("InvalidSettings")<{
  readonly problems: ReadonlyArray<string>
}> {}

/** One sentence for each problem that reading a Config found. */
export const configProblems = (error: ConfigError.ConfigError): ReadonlyArray<string> =>
  ConfigError.reduceWithContext<undefined, ReadonlyArray<string>>(error, undefined, {
    andCase: (_, left, right) => [...left, ...right],
    orCase: (_, left, right) => [...left, ...right],
    invalidDataCase: (_, path, message) => [`${path.join(".")} ${message}.`],
    missingDataCase: (_, path) => [`${path.join(".")} is not set.`],
    sourceUnavailableCase: (_, path) => [`${path.join(".")} can't be read.`],
    unsupportedCase: (_, path) => [`${path.join(".")} can't be read.`]
  })

/** The variables that are set and have no effect. */
export const withoutEffect = (values: Settings): ReadonlyArray<string> =>
  (["sessions", "maxSessions", "sessionIdle"] as const).flatMap((name) =>
    Option.isSome(values[name]) ? [settings[name].env] : []
  )

/** Values that override the environment, by the name of the variable. */
export type Overrides = ReadonlyMap<string, string>

/**
 * Reads every setting from `overrides`, else from the environment. Fails with InvalidSettings, which lists every
 * problem.
 */
export const loadSettings = (overrides: Overrides = new Map()): Effect.Effect<Settings, InvalidSettings> => {
  const environment = ConfigProvider.fromEnv()
  // One provider where that is enough, and no `Config.all`: 6 ms of a start in place of 12.
  return Effect.all(settings, { mode: "validate" }).pipe(
    Effect.withConfigProvider(
      overrides.size === 0
        ? environment
        : ConfigProvider.orElse(ConfigProvider.fromMap(new Map(overrides)), () => environment)
    ),
    Effect.mapError(
      (errors) =>
        new InvalidSettings({
          problems: Object.values(errors).flatMap(Option.match({ onNone: () => [], onSome: configProblems }))
        })
    )
  )
}
