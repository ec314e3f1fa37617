import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { endpoint } from "../support/endpoint.ts"
import { rpcErrorIn, send } from "../support/wire.ts"

const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })

const asked = (mcp: string, origin: string | undefined, method = "POST") =>
  send(mcp, {
    method,
    headers: {
      authorization: "Bearer alice",
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(origin === undefined ? {} : { origin })
    },
    ...(method === "POST" ? { body: ping } : {})
  })

const allowed = [
  "https://claude.ai",
  "https://claude.com",
  "https://chatgpt.com",
  "https://platform.openai.com",
  "https://dashboard.sequentum.com",
  "https://mcp.sequentum.com",
  "https://app.claude.ai",
  "https://a.b.c-1.claude.com",
  "https://deep.er.chatgpt.com"
]

const refused = [
  "https://claude.ai.evil.com",
  "https://notclaude.ai",
  "https://evil-claude.ai",
  "http://claude.ai",
  "https://chat.openai.com",
  "https://openai.com",
  "https://x.platform.openai.com",
  "https://x.mcp.sequentum.com",
  "https://sequentum.com",
  "null",
  "NULL",
  "https://CLAUDE.AI",
  "HTTPS://claude.ai",
  "https://App.claude.ai",
  "https://claude.ai:443",
  "https://claude.ai:8443",
  "https://claude.ai.",
  "https://app.claude.ai.",
  "https://.claude.ai",
  "https://a..claude.ai",
  "https://claude.ai/",
  "https://claude.ai@evil.com",
  "https://evil.com#.claude.ai",
  "https://evil.com/.claude.ai",
  "https://evil.com https://claude.ai",
  "https://claude.ai, https://evil.com",
  "https://claude.aí",
  "*",
  "",
  "file://",
  "http://localhost",
  "http://localhost:5173",
  "http://127.0.0.1:3000",
  "http://[::1]:3000"
].map((origin) => Buffer.from(origin).toString("latin1"))

const local = ["http://localhost", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000"]

const notLocal = [
  "https://localhost:5173",
  "http://localhost.evil.com",
  "http://127.0.0.1.evil.com:80",
  "http://localhost:",
  "http://localhost:80/",
  "http://127.0.0.2",
  "http://[::2]"
]

describe("origins", () => {
  it.scopedLive("built-in ones and their subdomains are allowed, and CORS headers say so", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const origin of allowed) {
        const { headers, status } = yield* asked(mcp, origin)
        assert.notStrictEqual(status, 403, origin)
        assert.strictEqual(headers["access-control-allow-origin"], origin)
        assert.strictEqual(headers.vary, "Origin")
        assert.match(headers["access-control-expose-headers"] ?? "", /mcp-session-id/u)
        assert.isUndefined(headers["access-control-allow-credentials"])
      }
    })
  )

  it.scopedLive("any other is refused, with every method", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const origin of refused) {
        const { body, headers, status } = yield* asked(mcp, origin)
        assert.strictEqual(status, 403, origin)
        assert.isUndefined(headers["access-control-allow-origin"], origin)
        assert.strictEqual(headers.vary, "Origin")
        assert.strictEqual((yield* rpcErrorIn(body)).code, -32000)
      }
      for (const method of ["GET", "DELETE", "OPTIONS", "PUT"]) {
        const { headers, status } = yield* asked(mcp, "https://evil.com", method)
        assert.strictEqual(status, 403, method)
        assert.strictEqual(headers.vary, "Origin")
        assert.isUndefined(headers["access-control-allow-methods"])
      }
    })
  )

  it.scopedLive("a request without an Origin is allowed", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const { headers, status } = yield* asked(mcp, undefined)
      assert.notStrictEqual(status, 403)
      assert.strictEqual(headers.vary, "Origin")
      assert.isUndefined(headers["access-control-allow-origin"])
    })
  )

  it.scopedLive("DEBUG allows localhost on any port, and nothing else", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ DEBUG: "1" }, 600, { logs: [] })
      for (const origin of local) assert.notStrictEqual((yield* asked(mcp, origin)).status, 403, origin)
      for (const origin of notLocal) assert.strictEqual((yield* asked(mcp, origin)).status, 403, origin)
    })
  )

  it.scopedLive("ALLOWED_ORIGINS adds exactly the origins that it names", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ ALLOWED_ORIGINS: "https://app.example.com, http://intra.example:8080" })
      for (const origin of ["https://app.example.com", "http://intra.example:8080", "https://claude.ai"]) {
        assert.strictEqual((yield* asked(mcp, origin)).headers["access-control-allow-origin"], origin)
      }
      for (const origin of [
        "https://example.com",
        "https://x.app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "http://intra.example",
        "https://App.example.com"
      ]) {
        assert.strictEqual((yield* asked(mcp, origin)).status, 403, origin)
      }
    })
  )

  it.scopedLive("the response to a preflight lists methods and headers, and needs no token", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1" })
      for (let times = 0; times < 3; times++) {
        const { headers, status } = yield* send(mcp, {
          method: "OPTIONS",
          headers: {
            origin: "https://claude.ai",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,mcp-session-id"
          }
        })
        assert.strictEqual(status, 204)
        assert.strictEqual(headers["access-control-allow-origin"], "https://claude.ai")
        assert.strictEqual(headers["access-control-allow-methods"], "GET, POST, DELETE, OPTIONS")
        for (const name of [
          "authorization",
          "content-type",
          "mcp-session-id",
          "mcp-protocol-version",
          "mcp-method",
          "mcp-name",
          "last-event-id",
          "x-mcp-toolsets",
          "x-mcp-tools",
          "x-mcp-exclude-tools",
          "x-mcp-readonly"
        ]) {
          assert.include((headers["access-control-allow-headers"] ?? "").split(", "), name)
        }
        assert.strictEqual(headers.vary, "Origin")
      }
    })
  )

  it.scopedLive("every refusal has Vary", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "6" })
      const auth = { authorization: "Bearer alice" }
      const json = { ...auth, "content-type": "application/json" }
      const answers = [
        yield* send(mcp, { method: "POST" }),
        yield* send(mcp, { method: "PUT", headers: auth }),
        yield* send(mcp, { method: "POST", headers: auth, body: "x" }),
        yield* send(mcp, { method: "POST", headers: json, body: "{" }),
        yield* send(mcp, { method: "GET", headers: auth }),
        yield* send(mcp, { method: "DELETE", headers: { ...auth, "mcp-session-id": "none" } }),
        yield* send(mcp, { method: "POST", headers: json, body: "{}" })
      ]
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [401, 405, 415, 400, 405, 405, 429]
      )
      for (const { headers, status } of answers) assert.strictEqual(headers.vary, "Origin", String(status))
    })
  )
})
