import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { readCommandLine } from "../../src/cli/commandLine.ts"
import { program } from "../../src/cli/commands.ts"
import { loadSettings } from "../../src/config.ts"
import { errorText } from "../../src/mcp/results.ts"
import {
  Conflict,
  ConnectionFailed,
  DownloadRefused,
  Forbidden,
  NotFound,
  RateLimited,
  Rejected,
  RequestTimeout,
  ServerFailure,
  Unauthorized,
  Unavailable,
  UnexpectedResponse,
  type SequentumError
} from "../../src/sequentum/errors.ts"
import { keyCredentials } from "../../src/serve/caller.ts"
import { exposureProblems } from "../../src/serve/hosting.ts"
import { http } from "../../src/serve/http.ts"
import { operatorSelection } from "../../src/serve/layers.ts"
import { fitResult } from "../../src/tools/bounds.ts"
import { endpoint, initialize, legacy, post } from "../support/endpoint.ts"
import {
  callTool,
  eventually,
  refusing,
  rpcErrorIn,
  rpcErrorOf,
  send,
  startRun,
  upstreamCalls
} from "../support/wire.ts"
import { account } from "../support/account.ts"
import type { Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

const page = readFileSync(fileURLToPath(new URL("../../docs/troubleshooting.md", import.meta.url)), "utf8")
const headings = [...page.matchAll(/^### `(.+)`$/gmu)].map(([, heading = ""]) => heading)

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&")

/** Whether a message holds a heading as whole sentences. `…` stands for any text, and at the end for the rest. */
const says = (message: string, heading: string): boolean =>
  new RegExp(
    `(?:^|(?<=[.!?] ))${heading.split("…").map(escaped).join(".+?")}${heading.endsWith("…") ? "" : "(?= |$)"}`,
    "u"
  ).test(message)

const request = { method: "POST", path: "/agent/7/start", resource: "agent" } as const

const upstreamErrors: ReadonlyArray<SequentumError> = [
  new Unauthorized(request),
  new Forbidden(request),
  new Forbidden({ ...request, requiredScope: "agents:write" }),
  new NotFound(request),
  new Conflict(request),
  new Rejected({ ...request, status: 402 }),
  new RateLimited(request),
  new ServerFailure({ ...request, status: 503 }),
  new RequestTimeout({ ...request, seconds: 30 }),
  new ConnectionFailed({ ...request, reached: true, code: "ECONNRESET" }),
  new ConnectionFailed({ ...request, reached: false, code: "ENOTFOUND" }),
  new RateLimited({ ...request, sent: false, retryAfterSeconds: 50 }),
  new ServerFailure({ ...request, status: 501 }),
  new ServerFailure({ ...request, status: 521 }),
  new ServerFailure({ ...request, status: 524 }),
  new RequestTimeout({ ...request, seconds: 0, sent: false }),
  ...[
    "SELF_SIGNED_CERT_IN_CHAIN",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "TLS_ALERT",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "HTTPS_PORT",
    "PROXY_407",
    "PROXY_403"
  ].map((code) => new ConnectionFailed({ ...request, reached: false, code })),
  new Unavailable({ ...request, retryAfterSeconds: 8 }),
  new DownloadRefused({ ...request, reason: "status 403" }),
  new UnexpectedResponse({ ...request, status: 200, at: "", problem: "an HTML page where JSON was expected" })
]

const textOf = (error: Parameters<typeof errorText>[0]) => errorText(error, () => true)

/** The problems that these settings stop the start with. */
const settingProblems = (settings: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.flip(
      Effect.flatMap(loadSettings(new Map(Object.entries(settings))), (loaded) =>
        Effect.zipRight(operatorSelection(loaded), keyCredentials(loaded))
      )
    ),
    ({ problems }) => problems
  )

const startProblems = Effect.map(
  Effect.forEach(
    [
      { SEQUENTUM_API_KEY: "" },
      { SEQUENTUM_API_KEY: "a b", MAX_RESULT_BYTES: "few", SEQUENTUM_READ_ONLY: "perhaps" },
      { SEQUENTUM_API_URL: "http://sequentum.example" },
      { SEQUENTUM_API_URL: "sequentum" },
      { SEQUENTUM_TOOLSETS: "nope" }
    ],
    settingProblems
  ),
  (problems) => problems.flat()
)

/** What stops a server that strangers could use. */
const exposed = exposureProblems({
  allowedHosts: [],
  allowUnauthenticated: false,
  host: "0.0.0.0",
  metricsPort: Option.some(3000),
  port: 3000,
  publicUrl: Option.none(),
  requireAuth: false,
  trustProxy: true
})

const commandLineProblems = [["--bogus"], ["call", "get_agent", "--sandbox-speed", "60"], ["call", "--port", "1"]].map(
  (words) => Either.match(readCommandLine(program, words), { onLeft: (problem) => problem, onRight: () => "" })
)

/** What tools say of calls that they refuse or can't carry out. */
const failedCalls = Effect.gen(function* () {
  const { call } = yield* toolsOver((sent) =>
    sent.path === "/agent/7/run/90/files" ? { body: [{ id: 5, name: "books.xlsx" }] } : account(sent)
  )
  const schedule = { agentId: 7, name: "x" }
  const errors = yield* Effect.forEach(
    [
      call("get_agent", {}),
      call("get_agent", { agentId: 7, agent: 1 }),
      call("create_agent_schedule", { ...schedule, scheduleType: 1, startTime: "1970-01-01T00:00:01Z" }),
      call("create_agent_schedule", { ...schedule, cronExpression: "0 2 * * *", timezone: "+02:00" }),
      call("update_agent_schedule", { agentId: 7, scheduleId: 31, cronExpression: "0 2 * * *", runEveryCount: 1 }),
      call("start_agent", { agentId: 7, isRunSynchronously: true, parallelism: 2 }),
      call("preview_run_file", { agentId: 7, runId: 90, fileId: 5 }),
      call("preview_run_file", { agentId: 7, runId: 90, fileId: 6 }),
      Effect.flatMap(
        toolsOver(() => "silence"),
        ({ call }) => call("wait_for_run", { agentId: 7, runId: 90, timeoutSeconds: 1 })
      )
    ],
    Effect.flip,
    { concurrency: "unbounded" }
  )
  return errors.map((error) => (error._tag === "UnknownTool" ? "" : textOf(error)))
})

/** A Sequentum that loses the answer to a start, fails once to tell a state, and has a row that can't be read. */
const lapses = (): Respond => {
  let reads = 0
  const now = new Date()
  return ({ method, path }) => {
    if (method === "POST") return { status: 202 }
    if (path.endsWith("/status")) {
      reads += 1
      return reads === 1 ? { status: 503 } : { body: { id: 90, status: 10 } }
    }
    const run = { id: 91, status: 4, created: now.toISOString() }
    return { headers: { date: now.toUTCString() }, body: [run, null] }
  }
}

/** What results say beside their data. */
const notices = Effect.gen(function* () {
  const { call } = yield* toolsOver((sent) =>
    sent.path === "/agent-builder/s/status" ? { body: { status: "error", error: "Boom" } } : account(sent)
  )
  const build = yield* call("get_agent_build_status", { sessionId: "s" })
  const preview = yield* call("preview_run_file", { agentId: 7, runId: 90, fileId: 5, maxRows: 1 })
  const cut = fitResult(
    { rows: Array.from({ length: 99 }, () => "row") },
    { bound: { list: "rows", advice: "Ask less." }, maxBytes: 200 }
  )
  const schedule = { agentId: 7, name: "x", timezone: "Europe/Berlin" }
  const mixed = yield* call("create_agent_schedule", {
    ...schedule,
    cronExpression: "0 2 * * *",
    startTime: "2099-01-01"
  })
  const repeated = yield* call("create_agent_schedule", { ...schedule, startTime: "2099-10-25T02:30:00" })
  const spoilt = yield* toolsOver(lapses())
  const started = yield* spoilt.call("start_agent", { agentId: 7 })
  const waited = yield* spoilt.call("wait_for_run", { agentId: 7, runId: 90 })
  const listed = yield* spoilt.call("get_agent_runs", { agentId: 7 })
  return [
    build["problem"],
    ...[preview, cut.value, mixed, repeated, started, waited, listed].map(({ notice }) => notice)
  ].map(String)
})

/** What the endpoint says of requests that it refuses. */
const refusals = Effect.gen(function* () {
  const { mcp } = yield* endpoint()
  const busy = yield* endpoint({ MAX_IN_FLIGHT: "1" }, 1)
  const ids = yield* startRun(busy)
  const before = yield* upstreamCalls(busy)
  yield* Effect.forkScoped(Effect.exit(callTool.modern(busy.mcp, "wait_for_run", ids)))
  yield* eventually(Effect.map(upstreamCalls(busy), (count) => count > before))
  const limited = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1" })
  const upstream = yield* refusing(401, {})
  const signedOut = yield* endpoint({ SEQUENTUM_API_URL: upstream })
  const flooded = yield* endpoint({ SEQUENTUM_API_URL: upstream, TOKEN_CHECK: "auto" })
  const bodies = yield* Effect.forEach(
    [
      send(mcp, { method: "POST" }),
      send(mcp, { method: "POST", headers: { origin: "https://evil.test" } }),
      send(mcp, { method: "POST", headers: { host: "evil.test" } }),
      // Of three requests at least two fall into the same minute.
      send(limited.mcp),
      send(limited.mcp),
      send(limited.mcp)
    ],
    Effect.flatMap(({ body }) => rpcErrorIn(body))
  )
  yield* Effect.forEach(Array.from({ length: 20 }), (_, index) => initialize(flooded.mcp, { token: `junk-${index}` }))
  const responses = yield* Effect.forEach(
    [
      legacy(busy.mcp, "ping", {}),
      initialize(flooded.mcp, { token: "junk-20" }),
      post(mcp, "x".repeat(2_000_000)),
      callTool.modern(signedOut.mcp, "get_agent", { agentId: 7 })
    ],
    Effect.flatMap(rpcErrorOf)
  )
  return [...bodies, ...responses].map(({ message }) => message)
})

/** What serving says when its port is taken. */
const listenProblems = Effect.gen(function* () {
  const { url } = yield* endpoint()
  const settings = yield* loadSettings(new Map([["PORT", new URL(url).port]]))
  const error = yield* Effect.flip(http(settings))
  return error._tag === "Stop" ? error.lines : error.problems
})

describe("troubleshooting", () => {
  it.scopedLive("has only headings that the program says", () =>
    Effect.gen(function* () {
      const messages = [
        ...(yield* startProblems),
        ...exposed,
        ...commandLineProblems,
        ...upstreamErrors.map(textOf),
        ...(yield* failedCalls),
        ...(yield* notices),
        ...(yield* refusals),
        ...(yield* listenProblems)
      ]
      const isSaid = (heading: string) => messages.some((message) => says(message, heading))
      assert.isAtLeast(headings.length, 30)
      assert.deepStrictEqual(
        headings.filter((heading) => !isSaid(heading)),
        []
      )
      for (const wrong of ["Sequentum refused the bananas (…", "refused the credentials (401): …", "must be true"]) {
        assert.isFalse(isSaid(wrong), wrong)
      }
    })
  )

  it.each(upstreamErrors.map((error) => [error._tag, textOf(error)] as const))(
    "has a heading for %s: %s",
    (_, text) => {
      assert.isTrue(headings.some((heading) => says(text, heading)))
    }
  )
})
