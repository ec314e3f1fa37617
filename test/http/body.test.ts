import { once } from "node:events"
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { readBody, type BadBody } from "../../src/http/admission/body.ts"
import { endpoint, legacy, modern, modernBody, modernHeaders, openSession, post } from "../support/endpoint.ts"
import {
  callTool,
  eventually,
  metric,
  modernBytes,
  postBytes,
  resultOf,
  rpcErrorIn,
  rpcErrorOf,
  send,
  startRun,
  upstreamCalls,
  wire
} from "../support/wire.ts"

const listTools = modernBody("tools/list")
const listHeaders = modernHeaders("tools/list")

describe("body", () => {
  const mebibyte = 1024 * 1024

  const padded = (size: number, method = "tools/call") => {
    const frame = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { name: "list_spaces", pad: "" } })
    return frame.replace('""', `"${"x".repeat(size - frame.length)}"`)
  }

  it.scopedLive("1 MiB is accepted and one byte more is not, with or without a Content-Length", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      assert.strictEqual((yield* post(mcp, padded(mebibyte), { session })).status, 200)
      const refused = yield* post(mcp, padded(mebibyte + 1), { session })
      assert.strictEqual(refused.status, 413)
      assert.strictEqual(refused.headers.get("vary"), "Origin")
      assert.strictEqual((yield* rpcErrorOf(refused)).code, -32600)
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

  it.scopedLive("of any other method than a call may have 64 KiB", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const method of ["ping", "initialize", "notifications/cancelled", "no/such", "tools/calls"]) {
        assert.isBelow((yield* post(mcp, padded(64 * 1024, method))).status, 413, method)
        const refused = yield* post(mcp, padded(64 * 1024 + 1, method))
        assert.strictEqual(refused.status, 413, method)
        assert.strictEqual((yield* rpcErrorOf(refused)).code, -32600)
      }
      const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { pad: "x".repeat(64 * 1024) } })
      assert.strictEqual((yield* post(mcp, answer)).status, 413)
    })
  )

  it.scopedLive("is bounded as a whole in values and levels, in both eras", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const wide = (values: number) =>
        Object.fromEntries(Array.from({ length: values }, (_, index) => [`k${index}`, 1]))
      const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
      const call = { name: "list_spaces", arguments: {} }
      const metaOf = (meta: Readonly<Record<string, unknown>>) => ({
        call: callTool.legacy(mcp, "list_spaces", {}, { session }, meta),
        modernCall: callTool.modern(mcp, "list_spaces", {}, {}, meta),
        list: legacy(mcp, "tools/list", { _meta: meta }, { session }),
        modernList: modern(mcp, "tools/list", {}, {}, meta)
      })
      const initializing = (values: number) =>
        legacy(mcp, "initialize", {
          protocolVersion: "2025-11-25",
          capabilities: wide(values),
          clientInfo: { name: "t", version: "1" }
        })
      for (const [name, request, expected] of [
        ["a wide call", metaOf(wide(9900)).call, 200],
        ["a wider call", metaOf(wide(10_000)).call, 413],
        ["a wide modern call", metaOf(wide(9900)).modernCall, 200],
        ["a wider modern call", metaOf(wide(10_000)).modernCall, 413],
        ["a wide list", metaOf(wide(1900)).list, 200],
        ["a wider list", metaOf(wide(2000)).list, 413],
        ["a wide modern list", metaOf(wide(1900)).modernList, 200],
        ["a wider modern list", metaOf(wide(2000)).modernList, 413],
        ["a wide client", initializing(1900), 200],
        ["a wider client", initializing(2000), 413],
        // The message, params and _meta are three levels.
        ["a deep call", metaOf({ deep: deep(13) }).call, 200],
        ["a deeper call", metaOf({ deep: deep(14) }).call, 413],
        ["a deep list", metaOf({ deep: deep(13) }).modernList, 200],
        ["a deeper list", metaOf({ deep: deep(14) }).modernList, 413],
        ["a call with wide arguments", legacy(mcp, "tools/call", { ...call, arguments: wide(10_000) }), 413]
      ] as const) {
        const answer = yield* request
        assert.strictEqual(answer.status, expected, name)
        if (expected === 413) assert.strictEqual((yield* rpcErrorOf(answer)).code, -32600, name)
        else yield* Effect.promise(() => answer.text())
      }
    })
  )

  it.scopedLive("null means absent, and a byte order mark is skipped", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const listed = yield* post(mcp, '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}', { session })
      assert.strictEqual(listed.status, 200)
      const call = { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "list_spaces", arguments: null } }
      const called = yield* post(mcp, `\ufeff${JSON.stringify(call)}`, { session })
      assert.notStrictEqual((yield* resultOf(called)).isError, true)
    })
  )

  it.scopedLive("a Content-Length over the limit is refused before any of the body arrives", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(postBytes("", { "content-length": String(10 * mebibyte) }))
      assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 413 /u)
    })
  )

  it.scopedLive("an endless body gets 413 when it is too large, and is cut off after the request timeout", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({}, 600, {
        timeouts: { request: Duration.millis(300), headers: Duration.millis(200), check: Duration.millis(50) }
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

  it.scopedLive("the Content-Type must be JSON, and may have parameters", () =>
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
          body: listTools
        })
        assert.strictEqual(answer.status, 415, type)
        assert.strictEqual((yield* rpcErrorIn(answer.body)).code, -32000)
      }
      const accepted = yield* post(mcp, listTools, {
        headers: { ...listHeaders, "content-type": "application/json; charset=utf-8" }
      })
      assert.strictEqual(accepted.status, 200)
    })
  )

  it.scopedLive("a compressed body is refused in words", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const coding of ["gzip", "x-gzip", "br", "GZIP, deflate"]) {
        const answer = yield* post(mcp, listTools, { headers: { ...listHeaders, "content-encoding": coding } })
        assert.strictEqual(answer.status, 415, coding)
        assert.match((yield* rpcErrorOf(answer)).message, /compressed/u)
      }
      for (const coding of ["identity", "utf-8"]) {
        const answer = yield* post(mcp, listTools, { headers: { ...listHeaders, "content-encoding": coding } })
        assert.strictEqual(answer.status, 200, coding)
      }
    })
  )

  it.scopedLive("a body that is not JSON, or not one message, is refused", () =>
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
        [`[${listTools}]`, -32600],
        [`[${listTools},${listTools}]`, -32600],
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
        assert.strictEqual((yield* post(mcp, body, { headers: listHeaders })).status, 400, body)
        assert.strictEqual((yield* post(mcp, body)).status, 400, body)
      }
    })
  )

  it.scopedLive("a deeply nested body does no harm", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ DEBUG: "1" }, 600, { logs: [] })
      const session = yield* openSession(mcp)
      const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_spaces","arguments":${deep}}}`
      for (const ask of [
        { session },
        { headers: { ...listHeaders, "mcp-method": "tools/call", "mcp-name": "list_spaces" } }
      ]) {
        const answer = yield* post(mcp, body, ask)
        assert.isBelow(answer.status, 500)
        yield* Effect.promise(() => answer.text())
      }
      assert.strictEqual((yield* legacy(mcp, "ping", {}, { session })).status, 200)
    })
  )

  it.scopedLive(
    "a modern request with an unknown version, or with headers that differ from it, gets its own error code",
    () =>
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

  it.scopedLive("a client that leaves in the middle of its body ends its request", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const closed = metric(url, 'mcp_http_requests_total{method="POST",status="499"}')
      const before = yield* closed
      const partial = (headers: Readonly<Record<string, string>> = {}) =>
        postBytes("{", { "content-length": "100", ...headers })
      for (let count = 0; count < 5; count++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = yield* wire(url)
            client.write(partial({ expect: "100-continue" }))
            // The server has the request now.
            yield* client.until("100 Continue")
          })
        )
      }
      const halfClosed = yield* wire(url)
      halfClosed.socket.end(partial())
      assert.match(yield* halfClosed.closed, /^HTTP\/1\.1 400 /u)
      yield* eventually(Effect.map(closed, (count) => count === before + 6))
      assert.strictEqual((yield* modern(mcp, "tools/list", {})).status, 200)
    })
  )

  it.scopedLive("so does one whose request is pipelined, and has no connection of its own yet", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const incomplete = metric(at.url, 'mcp_http_requests_total{method="POST",status="400"}')
      const before = yield* incomplete
      const ids = yield* startRun(at)
      const wait = { name: "wait_for_run", arguments: { ...ids, timeoutSeconds: 45 } }
      const sent = yield* upstreamCalls(at)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* wire(at.url)
          client.write(`${modernBytes("tools/call", wait)}${postBytes("{", { "content-length": "100" })}`)
          // Both came in one chunk, so the server has the second when it works on the first.
          yield* eventually(Effect.map(upstreamCalls(at), (count) => count > sent))
        })
      )
      yield* eventually(Effect.map(incomplete, (count) => count === before + 1))
    })
  )
})

describe("readBody", () => {
  it.scopedLive("fails when the connection was closed before", () =>
    Effect.gen(function* () {
      const outcome = yield* Deferred.make<unknown, BadBody>()
      const server = yield* NodeHttpServer.make(() => createServer(), { port: 0, host: "127.0.0.1" })
      yield* server.serve(
        // The platform interrupts the fiber when the connection closes.
        Effect.uninterruptible(
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            const incoming = NodeHttpServerRequest.toIncomingMessage(request)
            yield* Effect.promise(() => once(incoming.destroy(), "close"))
            yield* Effect.intoDeferred(readBody(request), outcome)
            return HttpServerResponse.empty()
          })
        )
      )
      const port = server.address._tag === "TcpAddress" ? server.address.port : 0
      const client = yield* wire(`http://127.0.0.1:${port}`)
      client.write(postBytes("{", { "content-length": "100" }))
      assert.strictEqual((yield* Effect.flip(Deferred.await(outcome))).status, 400)
    })
  )
})
