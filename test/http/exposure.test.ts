import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { endpoint, initialize, legacy, message, modern, openSession } from "../support/endpoint.ts"
import { callTool, send } from "../support/wire.ts"

const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" }

describe("/metrics on the public port", () => {
  it.scopedLive("is not found, in any spelling", () =>
    Effect.gen(function* () {
      const { metricsUrl, url } = yield* endpoint()
      for (const path of [
        "/metrics",
        "/METRICS",
        "/Metrics",
        "//metrics",
        "/metrics/",
        "/metrics//",
        "/./metrics",
        "/%6detrics",
        "/metrics?x=1",
        "/mcp/../metrics"
      ]) {
        const { body, headers, status } = yield* send(`${url}/health`.replace("/health", path))
        assert.strictEqual(status, 404, path)
        assert.notInclude(body, "mcp_", path)
        assert.strictEqual(headers["cache-control"], "no-store")
        assert.strictEqual(headers["x-content-type-options"], "nosniff")
      }
      assert.strictEqual((yield* send(metricsUrl)).status, 200)
      assert.notStrictEqual(new URL(metricsUrl).port, new URL(url).port)
      assert.strictEqual(new URL(metricsUrl).hostname, new URL(url).hostname)
    })
  )

  it.scopedLive("the port of the metrics serves nothing else", () =>
    Effect.gen(function* () {
      const { metricsUrl } = yield* endpoint()
      for (const path of ["/", "/mcp", "/health", "/.well-known/oauth-protected-resource"]) {
        assert.strictEqual((yield* send(metricsUrl.replace("/metrics", path))).status, 404, path)
      }
    })
  )

  it.scopedLive("is nowhere without METRICS_PORT", () =>
    Effect.gen(function* () {
      const { metricsUrl, url } = yield* endpoint({ METRICS_PORT: "" })
      assert.strictEqual(metricsUrl, "")
      assert.strictEqual((yield* send(`${url}/metrics`)).status, 404)
    })
  )
})

describe("every answer", () => {
  it.scopedLive("says what it is; those with a caller's data, refusals and errors may not be kept", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const session = yield* openSession(mcp)
      const answers: ReadonlyArray<readonly [string, Response]> = [
        ["list", yield* modern(mcp, "tools/list", {})],
        ["call", yield* callTool.modern(mcp, "list_spaces", {})],
        [
          "stream",
          yield* callTool.modern(mcp, "wait_for_run", { agentId: 4101, runId: 1_204_482 }, {}, { progressToken: 1 })
        ],
        ["legacy call", yield* callTool.legacy(mcp, "list_spaces", {}, { session })],
        ["initialize", yield* initialize(mcp)],
        ["401", yield* initialize(mcp, { token: undefined })],
        ["403", yield* initialize(mcp, { headers: { origin: "https://evil.com" } })],
        ["400", yield* legacy(mcp, "tools/list", {}, { headers: { "x-mcp-toolsets": "none" } })],
        ["404", yield* Effect.promise(() => fetch(`${url}/nothing`))]
      ]
      for (const [what, response] of answers) {
        yield* Effect.promise(() => response.text())
        assert.strictEqual(response.headers.get("cache-control"), "no-store", what)
        assert.strictEqual(response.headers.get("x-content-type-options"), "nosniff", what)
      }
      for (const path of [
        "/health",
        "/ready",
        "/",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server"
      ]) {
        assert.strictEqual((yield* send(`${url}${path}`)).headers["x-content-type-options"], "nosniff", path)
      }
    })
  )
})

describe("GET /", () => {
  it.scopedLive("is a small page in a browser, and text elsewhere, that say what this is and how to connect", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({ PUBLIC_URL: "https://mcp.example.com" })
      const page = yield* send(`${url}/`, { headers: browser })
      assert.strictEqual(page.status, 200)
      assert.match(page.headers["content-type"] ?? "", /^text\/html/u)
      assert.match(String(page.headers["content-security-policy"]), /default-src 'none'/u)
      assert.include(page.body, "https://mcp.example.com/mcp")
      assert.notInclude(page.body, "<script")
      assert.isBelow(page.body.length, 3000)
      const text = yield* send(`${url}/`)
      assert.match(text.headers["content-type"] ?? "", /^text\/plain/u)
      for (const { body } of [page, text]) {
        assert.match(body, /Model Context Protocol.*To connect, add https:\/\/mcp\.example\.com\/mcp/su)
        assert.notMatch(body, /sandbox/iu)
      }
    })
  )
})

const Started = Schema.Struct({
  result: Schema.Struct({
    serverInfo: Schema.Struct({ title: Schema.String }),
    instructions: Schema.String
  })
})

describe("a sandbox", () => {
  for (const isSandbox of [true, false]) {
    it.scopedLive(`is ${isSandbox ? "marked where others can reach it" : "not marked where there is none"}`, () =>
      Effect.gen(function* () {
        const { mcp, url } = yield* endpoint({}, 600, { isSandbox })
        const { body } = yield* send(`${url}/health`)
        assert.strictEqual(body.includes('"sandbox":true'), isSandbox)
        const { result } = yield* Effect.flatMap(message(yield* initialize(mcp)), Schema.decodeUnknown(Started))
        assert.strictEqual(result.serverInfo.title, isSandbox ? "Sequentum (sandbox)" : "Sequentum")
        assert.strictEqual(/^This server uses a sandbox/u.test(result.instructions), isSandbox)
        const discovered = yield* Effect.flatMap(modern(mcp, "server/discover", {}), message)
        assert.strictEqual(JSON.stringify(discovered).includes("This server uses a sandbox"), isSandbox)
        assert.strictEqual(/sandbox/u.test((yield* send(`${url}/`)).body), isSandbox)
      })
    )
  }
})

describe("a PUBLIC_URL with a path", () => {
  it.scopedLive("is served whether a proxy keeps the path or strips it", () =>
    Effect.gen(function* () {
      const base = "https://example.com/apps/sequentum"
      const { url } = yield* endpoint({ PUBLIC_URL: `${base}/` })
      for (const prefix of ["", "/apps/sequentum"]) {
        const at = `${url}${prefix}`
        assert.strictEqual((yield* modern(`${at}/mcp`, "tools/list", {})).status, 200, at)
        assert.strictEqual((yield* callTool.modern(`${at}/mcp`, "list_spaces", {})).status, 200, at)
        assert.strictEqual((yield* send(`${at}/health`)).status, 200, at)
        assert.include((yield* send(`${at}/`)).body, `${base}/mcp`)
        const refused = yield* send(`${at}/mcp`, { method: "POST" })
        assert.strictEqual(refused.status, 401)
        const metadata = /resource_metadata="([^"]*)"/u.exec(refused.headers["www-authenticate"] ?? "")?.[1] ?? ""
        assert.isTrue(metadata.startsWith(base), metadata)
        const path = metadata.slice(base.length)
        assert.include((yield* send(`${at}${path}`)).body, `"resource":"${base}/mcp"`)
      }
      // As RFC 9728, section 3.1, makes it of the resource.
      const constructed = yield* send(`${url}/.well-known/oauth-protected-resource/apps/sequentum/mcp`)
      assert.include(constructed.body, `"resource":"${base}/mcp"`)
      assert.strictEqual((yield* send(`${url}/apps/sequentum`)).status, 200)
      for (const path of ["/apps/sequentum2/mcp", "/apps/mcp", "/apps/sequentum/metrics", "/other/mcp"]) {
        assert.strictEqual((yield* send(`${url}${path}`, { method: "POST" })).status, 404, path)
      }
    })
  )
})
