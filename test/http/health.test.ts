import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerUndici } from "../../src/sequentum/client/upstreamUndici.ts"
import { loadSettings } from "../../src/config.ts"
import { serveHttp } from "../../src/http/server.ts"
import { operatorSelection, serverLayer } from "../../src/serve/layers.ts"
import { version } from "../../src/runtime/version.ts"
import { endpoint, initialize, modern } from "../support/endpoint.ts"
import { callTool, metric, send } from "../support/wire.ts"

describe("/health and /ready", () => {
  it.scopedLive("answer every origin, without asking Sequentum", () =>
    Effect.gen(function* () {
      // Nobody listens there.
      const { url } = yield* endpoint({ SEQUENTUM_API_URL: "http://127.0.0.1:1" })
      const health = yield* send(`${url}/health`, { headers: { origin: "https://evil.com" } })
      assert.strictEqual(health.status, 200)
      assert.deepStrictEqual(JSON.parse(health.body), { status: "ok", version, transport: "streamable-http" })
      const ready = yield* send(`${url}/ready`)
      assert.strictEqual(ready.status, 200)
      assert.strictEqual((yield* send(`${url}/health`, { method: "POST" })).status, 404)
    })
  )
})

const sample =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? ([+-]?(?:\d[\d.e+-]*|Inf)|NaN)$/u

describe("/metrics", () => {
  it.scopedLive("is Prometheus text with this program's own metrics", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      yield* callTool.modern(mcp, "list_spaces", {})
      yield* callTool.modern(mcp, "get_agent", { agentId: 999_999 })
      yield* callTool.modern(mcp, 'no"such\\tool', {})
      const { body, headers, status } = yield* send(`${url}/metrics`)
      assert.strictEqual(status, 200)
      assert.match(headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/u)
      assert.isTrue(body.endsWith("\n"))
      const types = new Map<string, string>()
      const values = new Map<string, number>()
      for (const line of body.trimEnd().split("\n")) {
        const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/u.exec(line) ?? []
        if (kind === "TYPE" && name !== undefined && rest !== undefined) {
          assert.isFalse(types.has(name), `${name} has two types`)
          types.set(name, rest)
        }
        if (kind !== undefined) continue
        const [, series = "malformed", labels = "", value = ""] = sample.exec(line) ?? []
        const family = series.replace(/_(?:bucket|sum|count)$/u, "")
        assert.isTrue(types.has(series) || types.get(family) === "histogram", line)
        assert.isFalse(values.has(`${series}{${labels}}`), `${line} appears twice`)
        values.set(`${series}{${labels}}`, Number(value.replace("Inf", "Infinity")))
      }
      assert.deepStrictEqual(
        [...types].sort(([left], [right]) => (left < right ? -1 : 1)),
        [
          ["mcp_http_requests_total", "counter"],
          ["mcp_tool_call_seconds", "histogram"],
          ["mcp_tool_calls_total", "counter"],
          ["sequentum_breaker_open", "gauge"],
          ["sequentum_requests_total", "counter"]
        ]
      )
      assert.isAtLeast(values.get('mcp_tool_calls_total{tool="get_agent",era="modern",outcome="NotFound"}') ?? 0, 1)
      assert.isAtLeast(values.get('mcp_tool_calls_total{tool="unknown",era="modern",outcome="UnknownTool"}') ?? 0, 1)
      const buckets = [...values].filter(([name]) => name.startsWith('mcp_tool_call_seconds_bucket{tool="list_spaces"'))
      const counts = buckets.map(([, count]) => count)
      assert.deepStrictEqual(
        counts,
        [...counts].sort((left, right) => left - right)
      )
      assert.include(buckets.at(-1)?.[0], 'le="+Inf"')
      assert.strictEqual(counts.at(-1), values.get('mcp_tool_call_seconds_count{tool="list_spaces"}'))
      assert.notInclude(body, "999999")
      assert.notInclude(body, 'no\\"such')
    })
  )

  it.scopedLive("has the requests by method and status", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const refused = 'mcp_http_requests_total{method="POST",status="401"}'
      const made = 'mcp_http_requests_total{method="other",status="405"}'
      const [before, madeBefore] = [yield* metric(url, refused), yield* metric(url, made)]
      yield* send(mcp, { method: "POST" })
      yield* send(mcp, { method: "PROPFIND", headers: { authorization: "Bearer alice" } })
      assert.strictEqual(yield* metric(url, refused), before + 1)
      assert.strictEqual(yield* metric(url, made), madeBefore + 1)
    })
  )
})

describe("failures", () => {
  it.scopedLive("an address that is in use is reported in one sentence", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const { port } = new URL(url)
      const settings = yield* loadSettings(new Map([["PORT", port]]))
      const selection = yield* operatorSelection(settings)
      const failed = yield* serveHttp({ settings, selection, anonymous: Option.none() }, () => Effect.void).pipe(
        Effect.provide(serverLayer(settings, layerUndici(settings.apiUrl))),
        Effect.flip
      )
      assert.strictEqual(failed.problem, `Can't listen on 127.0.0.1:${port}.`)
    })
  )

  it.scopedLive("an unreachable upstream does not keep the endpoint from starting", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: "http://127.0.0.1:1" })
      assert.strictEqual((yield* initialize(mcp)).status, 200)
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
    })
  )
})
