import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import { endpoint, legacy, modern, openSession, post } from "./endpoint.ts"
import {
  callTool,
  eventually,
  metric,
  postBytes,
  rpcErrorIn,
  rpcErrorOf,
  send,
  startRun,
  upstreamCalls,
  wire
} from "./wire.ts"

const discover = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/list",
  params: {
    _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} }
  }
})

const modernHeaders = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" }

describe("rate limit", () => {
  it.scopedLive("what goes over it is refused with the time to wait, whatever the request", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "3" })
      const answers = yield* Effect.forEach([1, 2, 3, 4, 5], () => send(mcp, { method: "POST" }))
      // The minute of the clock may end in between, after which counting begins anew.
      const rolled = answers.filter(({ headers }) => headers["ratelimit-remaining"] === "2").length > 1
      for (const { headers } of answers) {
        assert.strictEqual(headers["ratelimit-limit"], "3")
        assert.isAtLeast(Number(headers["ratelimit-reset"]), 1)
        assert.isAtMost(Number(headers["ratelimit-reset"]), 60)
      }
      if (!rolled) {
        assert.deepStrictEqual(
          answers.map(({ headers, status }) => [status, headers["ratelimit-remaining"], "retry-after" in headers]),
          [
            [401, "2", false],
            [401, "1", false],
            [401, "0", false],
            [429, "0", true],
            [429, "0", true]
          ]
        )
        const last = answers[4]
        assert.strictEqual(last?.headers["retry-after"], last?.headers["ratelimit-reset"])
        assert.strictEqual((yield* rpcErrorIn(last?.body ?? "")).code, -32029)
      }
      for (const path of ["/health", "/ready", "/metrics", "/.well-known/oauth-protected-resource"]) {
        assert.strictEqual((yield* send(`${url}${path}`)).status, 200)
      }
    })
  )

  const standing = (mcp: string, forwarded: string) =>
    Effect.map(send(mcp, { method: "POST", headers: { "x-forwarded-for": forwarded } }), ({ headers }) =>
      Number(headers["ratelimit-remaining"])
    )

  it.scopedLive("a client can't choose whom it is counted as", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1000" })
      const left = yield* Effect.forEach(["1.1.1.1", "2.2.2.2", "3.3.3.3", "127.0.0.1"], (from) => standing(mcp, from))
      assert.isAtMost(Math.min(...left), 998)
      assert.strictEqual(new Set(left).size, 4)
    })
  )

  it.scopedLive("behind a trusted proxy each client counts by the address that the proxy saw", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1000", TRUST_PROXY: "true" })
      const first = yield* standing(mcp, "1.1.1.1")
      assert.strictEqual(first, 999)
      assert.strictEqual(yield* standing(mcp, "2.2.2.2"), 999)
      // What stands before the proxy's own entry came from the client.
      assert.isAtMost(yield* standing(mcp, "9.9.9.9, 2.2.2.2"), 999)
      assert.notStrictEqual(yield* standing(mcp, "8.8.8.8, 2.2.2.2"), 999)
    })
  )

  it("counts by the minute and forgets with it", () => {
    const limiter = makeRateLimiter(2)
    const at = (seconds: number) => limiter.take("a", seconds * 1000)
    assert.deepStrictEqual(at(0), { allowed: true, limit: 2, remaining: 1, reset: 60 })
    assert.deepStrictEqual(at(30.5), { allowed: true, limit: 2, remaining: 0, reset: 30 })
    assert.deepStrictEqual(at(59.999), { allowed: false, limit: 2, remaining: 0, reset: 1 })
    assert.isTrue(limiter.take("b", 59_999).allowed)
    assert.deepStrictEqual(at(60), { allowed: true, limit: 2, remaining: 1, reset: 60 })
  })
})

describe("body", () => {
  const mebibyte = 1024 * 1024

  const padded = (size: number) => {
    const frame = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping", params: { pad: "" } })
    return frame.replace('""', `"${"x".repeat(size - frame.length)}"`)
  }

  it.scopedLive("1 MiB is taken, a byte more is not, declared or not", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      assert.strictEqual((yield* post(mcp, padded(mebibyte), { session })).status, 200)
      const refused = yield* post(mcp, padded(mebibyte + 1), { session })
      assert.strictEqual(refused.status, 413)
      assert.strictEqual(refused.headers.get("vary"), "Origin")
      assert.strictEqual((yield* rpcErrorOf(refused)).code, -32000)
      const chunked = (size: number) =>
        Effect.promise(() =>
          fetch(mcp, {
            method: "POST",
            headers: {
              authorization: "Bearer alice",
              "content-type": "application/json",
              accept: "application/json, text/event-stream",
              "mcp-session-id": session
            },
            body: new Blob([padded(size)]).stream(),
            duplex: "half"
          })
        )
      assert.strictEqual((yield* chunked(mebibyte)).status, 200)
      assert.strictEqual((yield* chunked(mebibyte + 1)).status, 413)
      assert.strictEqual((yield* chunked(10 * mebibyte)).status, 413)
      assert.strictEqual((yield* post(mcp, padded(10 * mebibyte), { session })).status, 413)
    })
  )

  it.scopedLive("a declared length over the limit is refused before a byte of it has come", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(postBytes("", { "content-length": String(10 * mebibyte) }))
      assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 413 /u)
    })
  )

  it.scopedLive("an endless body is answered once it is too large, and cut off when its time is over", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({}, 600, {
        times: { request: Duration.millis(300), headers: Duration.millis(200), check: Duration.millis(50) }
      })
      const client = yield* wire(url)
      client.write(postBytes("", { "transfer-encoding": "chunked" }).replace("content-length: 0\r\n", ""))
      const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`
      const more = () => {
        if (!client.socket.destroyed) client.socket.write(chunk, more)
      }
      more()
      assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 413 /u)
      yield* client.closed
    })
  )

  it.scopedLive("must be JSON by its type, which may have parameters", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        ""
      ]) {
        const answer = yield* send(mcp, {
          method: "POST",
          headers: { authorization: "Bearer alice", ...(type === "" ? {} : { "content-type": type }) },
          body: discover
        })
        assert.strictEqual(answer.status, 415, type)
        assert.strictEqual((yield* rpcErrorIn(answer.body)).code, -32000)
      }
      const taken = yield* post(mcp, discover, {
        headers: { ...modernHeaders, "content-type": "application/json; charset=utf-8" }
      })
      assert.strictEqual(taken.status, 200)
    })
  )

  it.scopedLive("what is not JSON, or not one message, is told so", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      for (const [body, code] of [
        ["", -32700],
        ["{", -32700],
        ["nul", -32700],
        ["\u0000", -32700],
        ["{'a':1}", -32700],
        ["[]", -32600],
        [`[${discover}]`, -32600],
        [`[${discover},${discover}]`, -32600],
        ["[".repeat(50_000) + "]".repeat(50_000), -32600]
      ] as const) {
        const answer = yield* post(mcp, body, { session })
        assert.strictEqual(answer.status, 400, body.slice(0, 20))
        assert.strictEqual((yield* rpcErrorOf(answer)).code, code, body.slice(0, 20))
      }
      for (const body of [
        "null",
        "1",
        '"x"',
        "true",
        "{}",
        '{"jsonrpc":"1.0"}',
        '{"jsonrpc":"2.0","id":{},"method":"x"}'
      ]) {
        assert.strictEqual((yield* post(mcp, body, { session })).status, 400, body)
        assert.strictEqual((yield* post(mcp, body, { headers: modernHeaders })).status, 400, body)
        assert.strictEqual((yield* post(mcp, body)).status, 400, body)
      }
    })
  )

  it.scopedLive("however deep it is nested, it harms nothing", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ DEBUG: "1" }, 600, { logs: [] })
      const session = yield* openSession(mcp)
      const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_spaces","arguments":${deep}}}`
      for (const ask of [
        { session },
        { headers: { ...modernHeaders, "mcp-method": "tools/call", "mcp-name": "list_spaces" } }
      ]) {
        const answer = yield* post(mcp, body, ask)
        assert.isBelow(answer.status, 500)
        yield* Effect.promise(() => answer.text())
      }
      assert.strictEqual((yield* legacy(mcp, "ping", {}, { session })).status, 200)
    })
  )

  it.scopedLive("a modern request of an unknown version, or with headers that differ, is refused by its code", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const version = "io.modelcontextprotocol/protocolVersion"
      const unknown = yield* modern(
        mcp,
        "tools/list",
        {},
        { headers: { "mcp-protocol-version": "2099-01-01" } },
        { [version]: "2099-01-01" }
      )
      assert.strictEqual(unknown.status, 400)
      const { code, data } = yield* rpcErrorOf(unknown)
      assert.strictEqual(code, -32022)
      assert.deepStrictEqual(data, { supported: ["2026-07-28"], requested: "2099-01-01" })
      for (const headers of [
        { "mcp-protocol-version": "2025-11-25" },
        { "mcp-method": "tools/call" },
        { "mcp-method": "" }
      ]) {
        const differs = yield* modern(mcp, "tools/list", {}, { headers })
        assert.strictEqual(differs.status, 400)
        assert.strictEqual((yield* rpcErrorOf(differs)).code, -32020)
      }
      const other = yield* callTool.modern(mcp, "list_spaces", {}, { headers: { "mcp-name": "list_agents" } })
      assert.strictEqual((yield* rpcErrorOf(other)).code, -32020)
      const missing = yield* modern(mcp, "no/such", {})
      assert.strictEqual(missing.status, 404)
      assert.strictEqual((yield* rpcErrorOf(missing)).code, -32601)
    })
  )

  it.scopedLive("other methods are not allowed", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const method of ["PUT", "PATCH", "HEAD", "TRACE", "PROPFIND"]) {
        const { headers, status } = yield* send(mcp, { method, headers: { authorization: "Bearer alice" } })
        assert.strictEqual(status, 405, method)
        assert.strictEqual(headers.allow, "GET, POST, DELETE")
      }
    })
  )
})

describe("connections", () => {
  const quick = {
    times: { request: Duration.millis(300), headers: Duration.millis(200), check: Duration.millis(50) }
  }

  it.scopedLive("headers and bodies that come too slowly are cut off", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({}, 600, quick)
      const headers = yield* wire(url)
      headers.write("POST /mcp HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
      const body = yield* wire(url)
      body.write(postBytes("{", { "content-length": "100" }))
      const silent = yield* wire(url)
      assert.match(yield* headers.closed, /^HTTP\/1\.1 408 /u)
      assert.match(yield* body.closed, /^HTTP\/1\.1 408 /u)
      assert.match(yield* silent.closed, /^(?:HTTP\/1\.1 408 |$)/u)
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
    })
  )

  it.scopedLive("one that is drip-fed to stay alive is cut off too", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({}, 600, quick)
      const client = yield* wire(url)
      client.write(postBytes("", { "content-length": "100000" }))
      const drip = setInterval(() => client.write(" "), 20)
      yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(drip)))
      assert.match(yield* client.closed, /^HTTP\/1\.1 408 /u)
    })
  )

  it.scopedLive("a client that leaves in the middle of its body leaves nothing behind", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const before = yield* metric(at.url, 'mcp_http_requests_total{method="POST",status="400"}')
      for (let times = 0; times < 5; times++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = yield* wire(at.url)
            client.write(postBytes("{", { "content-length": "100" }))
            yield* Effect.yieldNow()
          })
        )
      }
      // One that ends its side early has not sent what it declared.
      const half = yield* wire(at.url)
      half.socket.end(postBytes("{", { "content-length": "100" }))
      assert.match(yield* half.closed, /^(?:HTTP\/1\.1 400 |$)/u)
      assert.isAtLeast(yield* metric(at.url, 'mcp_http_requests_total{method="POST",status="400"}'), before)
      assert.strictEqual((yield* modern(at.mcp, "tools/list", {})).status, 200)
    })
  )

  it.scopedLive("a client that ends its side after the request is answered all the same", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.socket.end(postBytes(discover, modernHeaders))
      assert.match(yield* client.closed, /^HTTP\/1\.1 200 [^]*"tools"/u)
    })
  )

  it.scopedLive("requests sent ahead are answered in turn, and garbage behind them ends the connection", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(`${postBytes(discover, modernHeaders).repeat(15)}\u0016\u0003\u0001garbage\r\n\r\n`)
      assert.notMatch(yield* client.closed, /HTTP\/1\.1 5/u)
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
      const orderly = yield* wire(url)
      orderly.write(postBytes(discover, modernHeaders).repeat(15))
      yield* orderly.until("HTTP/1.1 200 ", 15)
    })
  )

  it.scopedLive("ambiguous lengths are refused, so that nothing can be smuggled", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      for (const lines of [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "content-length: 2\r\ncontent-length: 3",
        "content-length: -1",
        "content-length: 0x2",
        "transfer-encoding: chunked, identity"
      ]) {
        const client = yield* wire(url)
        client.write(
          `POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer a\r\ncontent-type: application/json\r\n${lines}\r\n\r\n{}`
        )
        client.socket.end()
        assert.match(yield* client.closed, /^HTTP\/1\.1 400 /u, lines)
      }
    })
  )

  it.scopedLive("huge headers are refused", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(postBytes("{}", { "x-huge": "x".repeat(100_000) }))
      assert.match(yield* client.closed, /^HTTP\/1\.1 431 /u)
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
    })
  )

  it.scopedLive("an offer to upgrade is ignored, as HTTP has it", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(
        postBytes(discover, {
          ...modernHeaders,
          connection: "Upgrade, HTTP2-Settings",
          upgrade: "h2c",
          "http2-settings": "AAMAAABkAAQAAP__"
        })
      )
      assert.match(yield* client.until('"tools"'), /^HTTP\/1\.1 200 /u)
      const socket = yield* wire(url)
      socket.write(
        "GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      )
      assert.match(yield* socket.until("\r\n\r\n"), /^HTTP\/1\.1 401 /u)
    })
  )

  it.scopedLive("what a client that hung up had asked for is given up, sent ahead or not", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const interrupted = metric(at.url, 'mcp_tool_calls_total{tool="wait_for_run",era="modern",outcome="Interrupted"}')
      const before = yield* interrupted
      const ids = yield* startRun(at)
      const asked = yield* upstreamCalls(at)
      const wait = JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: {
          name: "wait_for_run",
          arguments: { ...ids, timeoutSeconds: 45 },
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}
          }
        }
      })
      const bytes = postBytes(wait, {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "wait_for_run"
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* wire(at.url)
          client.write(bytes.repeat(3))
          yield* eventually(Effect.map(upstreamCalls(at), (count) => count >= asked + 3))
        })
      )
      yield* eventually(Effect.map(interrupted, (count) => count === before + 3))
    })
  )
})
