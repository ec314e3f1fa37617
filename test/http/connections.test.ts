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
