import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { start, until } from "../support/program.ts"
import { collector } from "../support/collector.ts"
import { signIn } from "../support/signIn.ts"
import { jwt, send } from "../support/wire.ts"
import { clients, connected, type Speaker } from "../support/speakers.ts"
import { mainJob, outcome } from "./story.ts"

/** The main job, and calls that fail with errors that quote the request. */
const story = (speaker: Speaker) =>
  Effect.gen(function* () {
    yield* mainJob(speaker)
    assert.isTrue((yield* outcome(speaker, "get_agent", { agentId: 99 })).isError)
    assert.isTrue((yield* outcome(speaker, "get_agent", { agentId: "seven" })).isError)
    assert.isTrue((yield* outcome(speaker, "stop_agent", { agentId: 4101, runId: 1 })).isError)
  })

/** Every part of a token that reveals something: plain, as in a URL and in base64. */
const tracesOf = (token: string) =>
  [token, ...token.split(".")].flatMap((part) => [part, encodeURIComponent(part), Buffer.from(part).toString("base64")])

const address = /http:\/\/127\.0\.0\.1:\d+/u

describe("with DEBUG on and a telemetry collector", () => {
  it.scopedLive("the endpoint puts no client's token into its output, logs, traces or metrics", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector
      const { child, exited, written } = yield* start(
        ["http", "--port", "0", "--sandbox", "--sandbox-speed", "600", "--sandbox-rate-limit", "100000"],
        { env: { DEBUG: "1", OTEL_EXPORTER_OTLP_ENDPOINT: url.href, RATE_LIMIT_PER_MINUTE: "0", METRICS_PORT: "0" } }
      )
      yield* until(child.stderr, () => address.test(written.stderr))
      const at = address.exec(written.stderr)?.[0] ?? ""
      // One client signs in; the others have tokens that only Sequentum can tell.
      const { body: metadata } = yield* send(`${at}/.well-known/oauth-authorization-server`)
      const { accessToken } = yield* signIn(/"issuer":"([^"]+)"/u.exec(metadata)?.[1] ?? "")
      const tokens = clients.map((_, index) => (index === 0 ? accessToken : `t0p-s3cret-${index}.${"x".repeat(40)}`))
      yield* Effect.forEach(
        clients,
        ([, connect], index) =>
          Effect.flatMap(connected(connect, { url: `${at}/mcp`, token: tokens[index] ?? "" }), story),
        { concurrency: "unbounded" }
      )
      const expired = jwt({ sub: "late", exp: 1, jti: "t0p-s3cret-late" })
      const refused = yield* send(`${at}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${expired}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream"
        },
        body: "{"
      })
      assert.strictEqual(refused.status, 401)
      const metrics = yield* send(/metrics: (http:\S+\/metrics)/u.exec(written.stderr)?.[1] ?? "")
      child.kill("SIGTERM")
      yield* Effect.promise(() => exited)

      const exports = received.map(({ path, body }) => `${path} ${body}`).join("\n")
      assert.match(exports, /\/v1\/traces .*wait_for_run/u)
      assert.match(exports, /\/v1\/metrics .*mcp_tool_calls/u)
      assert.match(written.stderr, /message=request .*wait_for_run/u)
      assert.match(metrics.body, /mcp_tool_calls_total\{tool="wait_for_run",era="modern",outcome="ok"\} 1/u)
      const everything = [written.stdout, written.stderr, exports, metrics.body, refused.body].join("\n")
      for (const token of [...tokens, expired]) {
        for (const trace of tracesOf(token)) {
          if (!token.startsWith("ey") || trace !== token.split(".")[0]) assert.notInclude(everything, trace)
        }
      }
      assert.notInclude(everything, "t0p-s3cret")
    })
  )

  it.scopedLive("the stdio server puts the API key into no output", () =>
    Effect.gen(function* () {
      const sandbox = yield* start(["sandbox", "--port", "0", "--sandbox-speed", "600"])
      yield* until(sandbox.child.stdout, () => address.test(sandbox.written.stdout))
      const key = "sk-t0p-s3cret"
      const { child, exited, written } = yield* start([], {
        env: {
          DEBUG: "1",
          SEQUENTUM_API_URL: address.exec(sandbox.written.stdout)?.[0] ?? "",
          SEQUENTUM_API_KEY: key
        }
      })
      const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      const answered = (count: number) => until(child.stdout, () => written.stdout.split("\n").length > count)
      say({
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } }
      })
      yield* answered(1)
      for (const [index, [name, args]] of Object.entries({
        search_agents: { query: "books" },
        get_agent: { agentId: 99 },
        start_agent: { agentId: "seven" }
      }).entries()) {
        say({ id: index + 2, method: "tools/call", params: { name, arguments: args } })
        yield* answered(index + 2)
      }
      child.stdin.end()
      yield* Effect.promise(() => exited)
      assert.match(written.stdout, /Books catalogue/u)
      const lines = yield* Schema.decodeUnknown(Schema.Array(Schema.parseJson(Schema.Unknown)))(
        written.stdout.trim().split("\n")
      )
      assert.strictEqual(lines.length, 4)
      assert.notInclude(written.stdout + written.stderr, "t0p-s3cret")
      assert.match(written.stderr, /message=request .*initialize/u)
      assert.match(written.stderr, /message=request .*get_agent.*99/u)
      assert.match(written.stderr, /message=request .*search_agents.*query.*\[masked\]/u)
      assert.notMatch(written.stderr, /books|seven/u)
    })
  )
})
