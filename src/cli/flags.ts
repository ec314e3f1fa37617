import * as Config from "effect/Config"
import * as Either from "effect/Either"
import { oneOf, parseBoolean, parsed, settings, wholeNumber, type SettingFlag, type SettingInfo } from "../config.ts"
import type { FieldSet } from "../sandbox/state.ts"

/** What people read about a flag. Without `value`, the placeholder of its value, it is a switch. */
export interface FlagInfo {
  readonly flag: string
  readonly value?: string | undefined
  readonly help: string
  /** The variable that it overrides. */
  readonly env?: string
  /** It shapes a sandbox, so it is refused where --sandbox is possible but not given. */
  readonly needsSandbox?: boolean
}

/** A flag is a Config that reads the value given for `flag`, such as `--port`. */
export type Flag<A> = Config.Config<A> & FlagInfo

const make = <A>(info: FlagInfo, read: (name: string) => Config.Config<A>): Flag<A> =>
  Object.assign(read(info.flag), info)

const toggle = (flag: string, help: string) => make({ flag, help }, parsed(false, parseBoolean))

const number = (
  { help, ...info }: FlagInfo,
  defaultValue: number,
  parse: (value: string) => Either.Either<number, string>
) => make({ ...info, value: "n", help: `${help} (default ${defaultValue})` }, parsed(defaultValue, parse))

/** Leaves checking the value to the settings, which report all their problems at once. */
const overriding = ({ defaultText, env, flag }: SettingInfo & { readonly flag: SettingFlag }) =>
  make(
    {
      flag: flag.name,
      value: flag.value,
      help: flag.value === undefined ? flag.help : `${flag.help} (default ${defaultText})`,
      env
    },
    (name) => Config.option(Config.string(name))
  )

const maxSpeed = 100_000

const speed = (value: string) => {
  const factor = Number(value)
  return /^\d+(?:\.\d+)?$/u.test(value) && factor > 0 && factor <= maxSpeed
    ? Either.right(factor)
    : Either.left(`must be a number above 0 and at most ${maxSpeed}`)
}

/** Output as JSON. */
export const json = toggle("--json", "Print JSON for a program")

/** A wait for a run that fails is a failure. */
export const failOnFailure = toggle("--fail-on-failure", "Exit with 1 if what was waited for did not end with success")

/** Answers the question of a call that asks first. */
export const yes = toggle("--yes", "Go ahead where a call would ask first")

const optionalText = (flag: string, value: string, help: string) =>
  make({ flag, value, help }, (name) => Config.option(Config.string(name)))

/** What `install` adds, and where. */
export const installation = {
  remote: optionalText("--remote", "url", "Add a hosted endpoint instead of this program"),
  login: toggle("--login", "Use a sign-in in place of a key; signs in first where nobody is"),
  file: optionalText("--file", "path", "The client's file, if it is not where it usually is"),
  write: toggle("--write", "Change the client's file; the one before is kept beside it"),
  remove: toggle("--remove", "Take the server out of the client's file"),
  dryRun: toggle("--dry-run", "Say what --write or --remove would change, and change nothing")
}

/** What a sandbox is like. */
export const sandboxShape = {
  speed: number(
    { flag: "--sandbox-speed", help: `Speed-up factor of simulated runs, up to ${maxSpeed}`, needsSandbox: true },
    1,
    speed
  ),
  rateLimit: number(
    { flag: "--sandbox-rate-limit", help: "Requests a minute that it accepts from one key", needsSandbox: true },
    100,
    wholeNumber(1, 1_000_000)
  ),
  fields: make(
    {
      flag: "--sandbox-fields",
      value: "production|qa",
      help: "Deployment whose fields it returns (default production)",
      needsSandbox: true
    },
    parsed<FieldSet>("production", oneOf("production", "qa"))
  ),
  agents: number(
    { flag: "--sandbox-agents", help: "Agents that it has in addition to its own, up to 5000", needsSandbox: true },
    0,
    wholeNumber(0, 5000)
  ),
  tokenLife: number(
    { flag: "--sandbox-token-life", help: "Seconds until its access tokens expire", needsSandbox: true },
    3600,
    wholeNumber(1, 86_400)
  ),
  keyLife: number(
    { flag: "--sandbox-key-life", help: "Seconds until it signs tokens with a new key", needsSandbox: true },
    86_400,
    wholeNumber(1, 31_536_000)
  )
}

/** For a machine without a browser. */
export const noBrowser = toggle("--no-browser", "Only print the address to open")

/** A client's server that changes nothing. */
export const readOnlyServer = toggle("--read-only", "Let the client use only tools that change nothing")

/** A client's server with a sandbox. */
export const sandboxServer = toggle("--sandbox", "Let the client use a sandbox; no key needed")

/** Puts a sandbox in the place of Sequentum. */
export const sandbox = {
  sandbox: toggle("--sandbox", "Use an embedded Sequentum instead of the cloud; no key needed"),
  ...sandboxShape
}

/** Where the sandbox listens when it is served alone. */
export const sandboxPort = number(
  { flag: "--port", help: "Port to listen on; 0 picks any free one" },
  4010,
  wholeNumber(0, 65_535)
)

/** Which tools are offered. */
export const selection = {
  toolsets: overriding(settings.toolsets),
  tools: overriding(settings.tools),
  excludeTools: overriding(settings.excludeTools),
  readOnly: overriding(settings.readOnly)
}

/** Where MCP is served over HTTP. */
export const address = { host: overriding(settings.host), port: overriding(settings.port) }
