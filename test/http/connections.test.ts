import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { endpoint, modern } from "../support/endpoint.ts"
import { eventually, metric, modernBytes, postBytes, send, startRun, upstreamCalls, wire } from "../support/wire.ts"

const listTools = modernBytes("tools/list")

describe("methods", () => {
  it.scopedLive("other than POST get 405", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const method of ["GET", "DELETE", "PUT", "PATCH", "HEAD", "TRACE", "PROPFIND"]) {
        const { headers, status } = yield* send(mcp, { method, headers: { authorization: "Bearer alice" } })
        assert.strictEqual(status, 405, method)
        assert.strictEqual(headers.allow, "POST")
      }
    })
  )
})

describe("headers that come twice", () => {
  it.scopedLive("are no valid Host, token, type or version", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      for (const [header, second, status] of [
        ["host", "evil.example", 403],
        ["authorization", "Bearer eve", 401],
        ["content-type", "application/json", 415],
        ["mcp-protocol-version", "2026-07-28", 400]
      ] as const) {
        const client = yield* wire(url)
        client.write(listTools.replace("\r\n\r\n", `\r\n${header}: ${second}\r\n\r\n`))
        assert.match(yield* client.until("\r\n\r\n"), new RegExp(`^HTTP/1\\.1 ${status} `, "u"), header)
      }
    })
  )

  it.scopedLive("are one list where lists are allowed", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      const twice = "accept: application/json\r\naccept: text/event-stream"
      client.write(listTools.replace("accept: application/json, text/event-stream", twice))
      assert.match(yield* client.until('"tools"'), /^HTTP\/1\.1 200 /u)
    })
  )
})

describe("connections", () => {
  const quick = {
    timeouts: { request: Duration.millis(300), headers: Duration.millis(200), check: Duration.millis(50) }
  }

  it.scopedLive("slow headers and slow bodies are cut off", () =>
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

  it.scopedLive("so is a body that arrives byte by byte", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({}, 600, quick)
      const client = yield* wire(url)
      client.write(postBytes("", { "content-length": "100000" }))
      const drip = setInterval(() => client.write(" "), 20)
      yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(drip)))
      assert.match(yield* client.closed, /^HTTP\/1\.1 408 /u)
    })
  )

  it.scopedLive("a client that closes its side after the request still gets its response", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.socket.end(listTools)
      assert.match(yield* client.closed, /^HTTP\/1\.1 200 [^]*"tools"/u)
    })
  )

  it.scopedLive("every pipelined request is answered, and garbage after them closes the connection", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(`${listTools.repeat(15)}\u0016\u0003\u0001garbage\r\n\r\n`)
      assert.notMatch(yield* client.closed, /HTTP\/1\.1 5/u)
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
      const orderly = yield* wire(url)
      orderly.write(listTools.repeat(15))
      yield* orderly.until("HTTP/1.1 200 ", 15)
    })
  )

  it.scopedLive("ambiguous lengths are refused, so that no request can be smuggled", () =>
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

  it.scopedLive("a request for a tunnel is refused in words", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write("CONNECT internal.example:443 HTTP/1.1\r\nhost: internal.example\r\n\r\n")
      assert.match(yield* client.closed, /^HTTP\/1\.1 405 /u)
    })
  )

  it.scopedLive("one that is reset before its refusal does no harm", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      for (let count = 0; count < 50; count++) {
        const client = yield* wire(url)
        client.write(`CONNECT internal.example:443 HTTP/1.1\r\nhost: a\r\n\r\n${"x".repeat(1_000_000)}`)
        yield* Effect.sleep(`${count % 3} millis`)
        client.socket.resetAndDestroy()
      }
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
    })
  )

  it.scopedLive("an offer to upgrade is ignored, as HTTP allows", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(
        modernBytes(
          "tools/list",
          {},
          { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" }
        )
      )
      assert.match(yield* client.until('"tools"'), /^HTTP\/1\.1 200 /u)
      const socket = yield* wire(url)
      socket.write(
        "GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      )
      assert.match(yield* socket.until("\r\n\r\n"), /^HTTP\/1\.1 401 /u)
    })
  )

  it.scopedLive("on the port of the metrics too, where a reset does no harm", () =>
    Effect.gen(function* () {
      const { metricsUrl } = yield* endpoint()
      const offer = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
      for (let count = 0; count < 50; count++) {
        const client = yield* wire(metricsUrl)
        client.write(`${offer}${"x".repeat(1_000_000)}`)
        yield* Effect.sleep(`${count % 3} millis`)
        client.socket.resetAndDestroy()
      }
      const client = yield* wire(metricsUrl)
      client.write(offer)
      assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 200 /u)
    })
  )

  it.scopedLive("a closed connection cancels its calls, pipelined ones too", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const interrupted = metric(at.url, 'mcp_tool_calls_total{tool="wait_for_run",era="modern",outcome="Interrupted"}')
      const before = yield* interrupted
      const ids = yield* startRun(at)
      const wait = { name: "wait_for_run", arguments: { ...ids, timeoutSeconds: 45 } }
      const sent = yield* upstreamCalls(at)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* wire(at.url)
          client.write(modernBytes("tools/call", wait).repeat(3))
          yield* eventually(Effect.map(upstreamCalls(at), (count) => count >= sent + 3))
        })
      )
      yield* eventually(Effect.map(interrupted, (count) => count === before + 3))
    })
  )
})
