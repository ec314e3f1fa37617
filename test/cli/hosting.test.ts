import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run, start, until } from "../support/program.ts"
import { send } from "../support/wire.ts"

const key = { SEQUENTUM_API_KEY: "sk-operator-key", SEQUENTUM_API_URL: "http://127.0.0.1:1" }

const serving = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const { child, written } = yield* start(["http", "--port", "0", ...args], { env })
    yield* until(child.stderr, () => written.stderr.includes("Serving MCP"))
    const line = written.stderr.split("\n").find((text) => text.includes("Serving MCP")) ?? ""
    const port = /Serving MCP at http:\/\/[^:]+:(\d+)\/mcp/u.exec(line)?.[1] ?? ""
    return { line, stderr: written.stderr, url: `http://127.0.0.1:${port}` }
  })

describe("settings that are dangerous or impossible together", () => {
  for (const [what, env, problem, port = "0"] of [
    [
      "REQUIRE_AUTH=false on all addresses",
      { ...key, REQUIRE_AUTH: "false", HOST: "0.0.0.0" },
      /^REQUIRE_AUTH=false is refused.*ALLOW_UNAUTHENTICATED=true/u
    ],
    [
      "REQUIRE_AUTH=false on an IPv6 address",
      { ...key, REQUIRE_AUTH: "false", HOST: "::" },
      /^REQUIRE_AUTH=false is refused/u
    ],
    ["TRUST_PROXY without PUBLIC_URL", { TRUST_PROXY: "true" }, /^TRUST_PROXY=true needs PUBLIC_URL or ALLOWED_HOSTS/u],
    ["the same on all addresses", { TRUST_PROXY: "true", HOST: "0.0.0.0" }, /^TRUST_PROXY=true needs/u],
    [
      "METRICS_PORT on the port of the endpoint",
      { METRICS_PORT: "3990" },
      /^METRICS_PORT must not be the port/u,
      "3990"
    ]
  ] as const) {
    it.effect(`stop the start: ${what}`, () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(["http", "--port", port], { env })
        assert.strictEqual(code, 2)
        assert.match(stderr, problem)
        assert.strictEqual(stderr.trim().split("\n").length, 1)
        assert.strictEqual(stdout, "")
      })
    )
  }

  it.effect("are all told at once", () =>
    Effect.gen(function* () {
      const { stderr } = yield* run(["http", "--port", "0"], {
        env: { ...key, REQUIRE_AUTH: "false", HOST: "0.0.0.0", TRUST_PROXY: "true" }
      })
      assert.strictEqual(stderr.trim().split("\n").length, 2)
    })
  )

  it.scopedLive("are allowed where the operator says so, with a warning for a server without authorization", () =>
    Effect.gen(function* () {
      const open = yield* serving([], { ...key, REQUIRE_AUTH: "false", HOST: "0.0.0.0", ALLOW_UNAUTHENTICATED: "true" })
      assert.match(open.stderr, /level=WARN.*everyone who can reach this server/u)
      assert.notInclude(open.stderr, "sk-operator-key")
      for (const env of [
        { TRUST_PROXY: "true", ALLOWED_HOSTS: "mcp.example.com" },
        { TRUST_PROXY: "true", PUBLIC_URL: "https://mcp.example.com", HOST: "0.0.0.0" },
        { ...key, REQUIRE_AUTH: "false" }
      ]) {
        assert.notMatch((yield* serving([], env)).stderr, /WARN/u)
      }
      assert.include(open.line, "authorization: none, the key of SEQUENTUM_API_KEY")
    })
  )
})

describe("settings of kept sessions", () => {
  it.scopedLive("are accepted, with one line that names those that are set and have no effect", () =>
    Effect.gen(function* () {
      const lines = (stderr: string) => stderr.split("\n").filter((line) => line.includes("Without effect"))
      const all = yield* serving([], { MAX_SESSIONS: "10", SESSION_IDLE: "5 minutes", SESSIONS: "off" })
      assert.strictEqual(lines(all.stderr).length, 1)
      assert.match(all.stderr, /level=WARN .*keeps no sessions: SESSIONS, MAX_SESSIONS, SESSION_IDLE"/u)
      const some = yield* serving([], { MAX_SESSIONS: "10" })
      assert.match(some.stderr, /keeps no sessions: MAX_SESSIONS"/u)
      assert.deepStrictEqual(lines((yield* serving([], {})).stderr), [])
    })
  )
})

describe("the start line", () => {
  it.scopedLive("says address, revisions, authorization, upstream, limits and metrics", () =>
    Effect.gen(function* () {
      const { line, url } = yield* serving([], { METRICS_PORT: "0", RATE_LIMIT_PER_MINUTE: "70" })
      for (const part of [
        `Serving MCP at ${url}/mcp`,
        "2026-07-28",
        "2025-11-25 and older",
        "authorization: bearer token",
        "upstream: https://dashboard.sequentum.com",
        "70 requests a minute, 500 requests under way, 1 MiB a request"
      ]) {
        assert.include(line, part)
      }
      const metricsUrl = /metrics: (http:\/\/127\.0\.0\.1:\d+\/metrics)/u.exec(line)?.[1] ?? ""
      assert.strictEqual((yield* send(metricsUrl)).status, 200)
    })
  )

  it.scopedLive("marks a sandbox, and so does /health where others can reach it", () =>
    Effect.gen(function* () {
      const reachable = yield* serving(["--sandbox"], { HOST: "0.0.0.0" })
      assert.match(reachable.line, /upstream: a SANDBOX/u)
      assert.include((yield* send(`${reachable.url}/health`)).body, '"sandbox":true')
      const own = yield* serving(["--sandbox"], {})
      assert.match(own.line, /upstream: a SANDBOX/u)
      assert.notInclude((yield* send(`${own.url}/health`)).body, "sandbox")
    })
  )
})
