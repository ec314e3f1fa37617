import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { loadSettings, settings as allSettings, type Overrides, type Settings } from "../../config.ts"
import { engines, version } from "../../runtime/version.ts"
import { proxyFor } from "../../sequentum/client/proxies.ts"
import { SequentumClient } from "../../sequentum/client/SequentumClient.ts"
import { Upstream } from "../../sequentum/client/Upstream.ts"
import { layerHttpClient } from "../../sequentum/client/upstreamHttpClient.ts"
import { Credentials } from "../../sequentum/Credentials.ts"
import { meaningOf, type SequentumError } from "../../sequentum/errors.ts"
import { services } from "../../sequentum/services.ts"
import { ownCredentials, logToStderr } from "../../serve/caller.ts"
import { httpClientFor } from "../../serve/layers.ts"
import { Stop, type Problem } from "../../serve/runMain.ts"
import { out, screenWidth, stdoutStyle, wrap, type Style } from "../print.ts"
import { comparingClient, isOffline, readAll, type Collected, type Reading } from "./readings.ts"

type Result = "pass" | "note" | "fail" | "skipped"

/** One line of the report. `todo` says what to do, unless all is well. */
export interface Check {
  readonly name: string
  readonly result: Result
  readonly found: string
  readonly todo?: string
}

/** Headers of the answers. */
interface Heard {
  /** How far this machine's clock is ahead of Sequentum's, in milliseconds. */
  skew: number | undefined
  limit: string | undefined
  window: string | undefined
  answers: number
}

const listening = (heard: Heard): Layer.Layer<Upstream, never, Upstream> =>
  Layer.effect(
    Upstream,
    Effect.map(Upstream, ({ send }) => ({
      send: (request) =>
        Effect.tap(send(request), ({ header }) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            heard.answers += 1
            heard.limit ??= header("x-ratelimit-limit")
            heard.window ??= header("x-ratelimit-window-seconds")
            const date = Date.parse(header("date") ?? "")
            if (!Number.isNaN(date)) heard.skew ??= now - date
          })
        )
    }))
  )

const pass = (name: string, found: string): Check => ({ name, result: "pass", found })
const fail = (name: string, found: string, todo: string): Check => ({ name, result: "fail", found, todo })
const remark = (name: string, found: string, todo: string): Check => ({ name, result: "note", found, todo })

const minNode = Number(/\d+/u.exec(engines.node)?.[0])

const nodeCheck = () => {
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`
  return Number.parseInt(process.versions.node, 10) >= minNode
    ? pass("Node.js", found)
    : fail("Node.js", found, `Install Node.js ${minNode} or newer.`)
}

/** The settings that the environment or a flag sets, by name. Values are shown of none but the address. */
const settingsCheck = (settings: Settings, overrides: Overrides) =>
  Effect.gen(function* () {
    const names = yield* Effect.filter(
      Object.values(allSettings).map(({ env }) => env),
      (env) =>
        Effect.map(
          Effect.option(Config.string(env)),
          (value) => overrides.has(env) || Option.exists(value, (text) => text.trim() !== "")
        )
    )
    const set = names.length === 0 ? "none is set" : `set: ${names.join(", ")}`
    return pass("Settings", `${set}; the host is ${settings.apiUrl.host}`)
  })

const proxyCheck = (settings: Settings) =>
  Option.match(proxyFor(settings, settings.apiUrl), {
    onNone: () => pass("Proxy", "none for this host"),
    onSome: (proxy) => pass("Proxy", Redacted.value(proxy).host)
  })

const maxSkew = 60_000

const clockCheck = ({ skew }: Heard) => {
  if (skew === undefined) return remark("Clock", "Sequentum sent no time", "Compare this machine's clock by yourself.")
  const seconds = Math.round(Math.abs(skew) / 1000)
  return Math.abs(skew) <= maxSkew
    ? pass("Clock", "right, to within a minute")
    : fail("Clock", `${seconds} seconds ${skew > 0 ? "ahead of" : "behind"} Sequentum's`, "Set this machine's clock.")
}

const isTlsCode = (code: string) => /CERT|SSL|TLS|EPROTO|UNABLE_TO|SELF_SIGNED/u.test(code)

/** Whether Sequentum answers, and over TLS. Without an answer there is nothing more to check. */
const networkChecks = ({ apiUrl }: Settings, first: Reading | undefined, { answers }: Heard): ReadonlyArray<Check> => {
  const failure = first?.outcome === "failed" && isOffline(first.error) ? first.error : undefined
  const tls = apiUrl.protocol === "https:" ? pass("TLS", "trusted") : pass("TLS", "not used: the address is http")
  if (failure === undefined || answers > 0) return [pass("Network", `${apiUrl.host} answers`), tls]
  // Its words are for an assistant; here the user reads them.
  const todo = meaningOf(failure).text.replace("ask the user to ", "").replace(", and to start", ", and start")
  return failure._tag === "ConnectionFailed" && isTlsCode(failure.code)
    ? [pass("Network", `${apiUrl.host} is reached`), fail("TLS", failure.code, todo)]
    : [fail("Network", failure._tag === "ConnectionFailed" ? failure.code : "no answer in time", todo)]
}

const rateCheck = ({ limit, window }: Heard) =>
  limit === undefined
    ? remark("Rate limit", "Sequentum announces none", "Nothing to do: 429 is waited out in any case.")
    : pass("Rate limit", `${limit} requests in ${window ?? "60"} seconds`)

const credentialsCheck = (readings: ReadonlyArray<Reading>): Check => {
  const errors = readings.flatMap((one) => (one.outcome === "failed" ? [one.error] : []))
  if (errors.some(({ _tag }) => _tag === "Unauthorized")) {
    return fail(
      "Credentials",
      "refused (401)",
      "Check SEQUENTUM_API_KEY, which is wrong, expired or revoked, or sign in again: sequentum-mcp login."
    )
  }
  const forbidden = readings.flatMap((one) =>
    one.outcome === "failed" && one.error._tag === "Forbidden"
      ? [{ endpoint: one.endpoint, scope: one.error.requiredScope ?? "" }]
      : []
  )
  const scopes = [...new Set(forbidden.flatMap(({ scope }) => (scope === "" ? [] : [scope])))]
  if (forbidden.length > 0) {
    return fail(
      "Credentials",
      `accepted, but not for ${scopes.length > 0 ? `the scopes ${scopes.join(", ")}` : forbidden.map(({ endpoint }) => endpoint).join(", ")}`,
      "Ask an administrator for access, or sign in again and grant it."
    )
  }
  return readings.some(({ outcome }) => outcome === "read")
    ? pass("Credentials", "accepted for all that was read; whether they allow changes was not tried")
    : remark("Credentials", "not known", "See the lines below.")
}

/** What a failure was, without anything that the account or Sequentum says. */
const failureText = (error: SequentumError): string => {
  switch (error._tag) {
    case "Rejected":
    case "ServerFailure":
      return `refused with status ${error.status}`
    case "UnexpectedResponse":
      return `${error.problem}${error.at === "" ? "" : ` at ${error.at.replaceAll(/\[\d+\]/gu, "[]")}`} (status ${error.status})`
    case "ConnectionFailed":
      return error.code
    default:
      return error._tag
  }
}

/** Differences that tolerant decoding passes over. */
const harmless = new Set(["unknown field", "unknown value", "number as text"])

const report = "Please report this line: the field is not as this program expects."
const imitated = "Nothing to do: Sequentum sends this too, and the sandbox imitates it."

const readingCheck = (reading: Reading, isSandbox: boolean): Check => {
  const { endpoint: name } = reading
  switch (reading.outcome) {
    case "skipped":
      return { name, result: "skipped", found: reading.why }
    case "failed":
      return reading.error._tag === "NotFound"
        ? remark(name, "nothing there (404)", "If this account has such things, please report this line.")
        : fail(name, failureText(reading.error), "See the lines above; if they pass, please report this line.")
    case "read": {
      if (reading.differences.length === 0) return pass(name, "as expected")
      const found = reading.differences
        .map(({ code, field, kind }) => `${kind} ${field}${code === undefined ? "" : ` (${code})`}`)
        .join(", ")
      return reading.differences.every(({ kind }) => harmless.has(kind))
        ? remark(name, found, isSandbox ? imitated : report)
        : fail(name, found, report)
    }
  }
}

const marks: Readonly<Record<Result, string>> = { pass: "✓", note: "!", fail: "✗", skipped: "-" }

const shown = ({ found, name, result, todo }: Check, width: number, { bad, bold, dim, good }: Style) => {
  const mark = result === "pass" ? good(marks.pass) : result === "fail" ? bad(marks.fail) : dim(marks[result])
  const [first = "", ...more] = wrap(`${name}: ${found}`, width - 4)
  const lines = [`${mark} ${bold(name)}${first.slice(name.length)}`, ...more.map((line) => `    ${line}`)]
  return [...lines, ...(todo === undefined ? [] : wrap(`→ ${todo}`, width - 4).map((line) => `    ${line}`))].join("\n")
}

/** All checks that need an answer of Sequentum. */
const examineApi = (settings: Settings) =>
  Effect.gen(function* () {
    const heard: Heard = { skew: undefined, limit: undefined, window: undefined, answers: 0 }
    const collected: Collected = { comparisons: new Map() }
    const credentials = yield* ownCredentials(settings)
    const upstream = Layer.provide(listening(heard), layerHttpClient(settings.apiUrl))
    const readings = yield* readAll(collected).pipe(
      Effect.provide(
        services.pipe(
          Layer.provide(comparingClient(collected)),
          Layer.provide(SequentumClient.layer(settings)),
          Layer.provide(upstream),
          Layer.provide(httpClientFor(settings))
        )
      ),
      Effect.provideService(Credentials, credentials),
      logToStderr(settings)
    )
    const network = networkChecks(settings, readings[0], heard)
    if (network.some(({ result }) => result === "fail")) return { machine: network, readings: [] }
    return { machine: [...network, clockCheck(heard), credentialsCheck(readings), rateCheck(heard)], readings }
  })

const problemIn = (machine: ReadonlyArray<Check>): Problem => {
  const failed = new Set(machine.flatMap(({ name, result }) => (result === "fail" ? [name] : [])))
  if (failed.has("Settings")) return "usage"
  if (failed.has("Network") || failed.has("TLS")) return "network"
  return failed.has("Credentials") ? "refused" : "failed"
}

/**
 * Checks this machine, the settings, the way to Sequentum and what its API answers, and prints a line for each. Reads
 * only. Fails with Stop if a check failed. The report holds no value that an account has.
 */
export const doctor = (asJson: boolean, overrides: Overrides, isSandbox: boolean) =>
  Effect.gen(function* () {
    const loaded = yield* Effect.either(loadSettings(overrides))
    const { machine, readings } = yield* Either.match(loaded, {
      onLeft: ({ problems }) =>
        Effect.succeed({
          machine: problems.map((problem) => fail("Settings", problem, "See docs/settings.md.")),
          readings: []
        }),
      onRight: (settings) =>
        Effect.gen(function* () {
          const before = [yield* settingsCheck(settings, overrides), proxyCheck(settings)]
          const api = yield* Effect.either(examineApi(settings))
          return Either.match(api, {
            onLeft: ({ problems }) => ({
              machine: [...before, ...problems.map((problem) => fail("Settings", problem, "See docs/settings.md."))],
              readings: []
            }),
            onRight: (found) => ({ machine: [...before, ...found.machine], readings: found.readings })
          })
        })
    })
    const checks = [nodeCheck(), ...machine]
    const contract = readings.map((reading) => readingCheck(reading, isSandbox))
    const failed = [...checks, ...contract].filter(({ result }) => result === "fail")
    const neverSent = readings.flatMap((one) =>
      one.outcome === "read" && one.neverSent.length > 0 ? [{ endpoint: one.endpoint, fields: one.neverSent }] : []
    )
    if (asJson)
      yield* out(JSON.stringify({ version, checks, contract, differences: differencesOf(readings), neverSent }))
    else yield* printReport(checks, contract, neverSent)
    if (failed.length > 0) return yield* new Stop({ lines: [], problem: problemIn(checks) })
  })

const differencesOf = (readings: ReadonlyArray<Reading>) =>
  readings.flatMap((one) =>
    one.outcome === "read" ? one.differences.map((difference) => ({ endpoint: one.endpoint, ...difference })) : []
  )

const printReport = (
  checks: ReadonlyArray<Check>,
  contract: ReadonlyArray<Check>,
  neverSent: ReadonlyArray<{ readonly endpoint: string; readonly fields: ReadonlyArray<string> }>
) =>
  Effect.gen(function* () {
    const style = yield* stdoutStyle
    const width = Math.min(screenWidth(), 100)
    const lines = [
      ...checks.map((check) => shown(check, width, style)),
      ...(contract.length === 0 ? [] : ["", style.bold("The API's answers")]),
      ...contract.map((check) => shown(check, width, style)),
      ...(neverSent.length === 0 ? [] : ["", style.bold("Optional fields that no answer had")]),
      ...neverSent.flatMap(({ endpoint, fields }) => wrap(`- ${endpoint}: ${fields.join(", ")}`, width - 2))
    ]
    const all = [...checks, ...contract]
    const failed = all.filter(({ result }) => result === "fail").length
    const notes = all.filter(({ result }) => result === "note").length
    const end =
      failed > 0
        ? `${failed} ${failed === 1 ? "check" : "checks"} failed: follow the arrows.`
        : notes > 0
          ? "No check failed. The server works in spite of the lines with an exclamation mark."
          : "All checks passed."
    yield* out([...lines, "", end].join("\n"))
  })
