import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { ServerExtension } from "../../src/mcp/server.ts"
import { endpoint, initialize, legacy, legacyBody, message, modern, openSession, post } from "../support/endpoint.ts"
import {
  callTool,
  eventually,
  jwt,
  postBytes,
  resultOf,
  rpcErrorOf,
  send,
  startRun,
  upstreamCalls,
  wire
} from "../support/wire.ts"

const status = (response: Response) =>
  Effect.promise(async () => {
    await response.text()
    return response.status
  })

const newKey = () => randomBytes(32).toString("base64")

/** A tool list that holds what the server knows of its client. */
const showsClient: ServerExtension = {
  register: (server) => {
    server.setRequestHandler("tools/list", () => {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the older revisions have no other way
      const about = { capabilities: server.getClientCapabilities(), info: server.getClientVersion() }
      return { tools: [{ name: JSON.stringify(about), inputSchema: { type: "object" as const } }] }
    })
  }
}

const Shown = Schema.Struct({ result: Schema.Struct({ tools: Schema.Tuple(Schema.Struct({ name: Schema.String })) }) })

const shown = (response: Response) =>
  Effect.flatMap(message(response), (body) =>
    Effect.map(Schema.decodeUnknown(Shown)(body), ({ result }) => result.tools[0].name)
  )

const hello = (capabilities: unknown, clientInfo: unknown = { name: "t", version: "1" }) =>
  legacyBody("initialize", { protocolVersion: "2025-11-25", capabilities, clientInfo })

/** Opens a session for a client that says this of itself. */
const openAs = (mcp: string, ...about: Parameters<typeof hello>) =>
  Effect.flatMap(post(mcp, hello(...about)), (response) =>
    Effect.as(status(response), response.headers.get("mcp-session-id") ?? "")
  )

describe("a session id", () => {
  it.scopedLive("is visible ASCII, new each time, and small however much the client says of itself", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const long = "n".repeat(30_000)
      const ids = [
        yield* openSession(mcp),
        yield* openSession(mcp),
        yield* openAs(mcp, {}, { name: long, version: long })
      ]
      assert.strictEqual(new Set(ids).size, 3)
      for (const id of ids) {
        assert.match(id, /^[\x21-\x7e]+$/u)
        assert.isAtMost(id.length, 512)
      }
      const notified = yield* post(mcp, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }), {
        session: ids[0]
      })
      assert.strictEqual(notified.status, 202)
      assert.strictEqual(yield* Effect.promise(() => notified.text()), "")
    })
  )

  it.scopedLive("is served whatever it is: another key's, another user's, garbage, or none", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const elsewhere = yield* Effect.flatMap(endpoint(), (other) => openSession(other.mcp))
      const session = yield* openSession(mcp)
      for (const id of [
        session,
        elsewhere,
        "unknown",
        "../..",
        "__proto__",
        session.toUpperCase(),
        "x".repeat(4000),
        undefined
      ]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session: id }), status), 200, id)
        const listed = yield* callTool.legacy(mcp, "list_spaces", {}, { session: id })
        assert.notStrictEqual((yield* resultOf(listed)).isError, true)
      }
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session, token: "bob" }), status), 200)
    })
  )

  it.scopedLive("says to every process with the same STATE_KEY what its client said, and to no other", () =>
    Effect.gen(function* () {
      const STATE_KEY = newKey()
      const first = yield* endpoint({ STATE_KEY }, 600, { extension: showsClient })
      const session = yield* openAs(first.mcp, { roots: { listChanged: true }, elicitation: { form: {}, url: {} } })
      const second = yield* endpoint({ STATE_KEY }, 600, { extension: showsClient })
      const stranger = yield* endpoint({ STATE_KEY: newKey() }, 600, { extension: showsClient })
      const asked = (mcp: string) => Effect.flatMap(legacy(mcp, "tools/list", {}, { session }), shown)
      const said =
        '{"capabilities":{"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}},"info":{"name":"t","version":"1"}}'
      assert.strictEqual(yield* asked(first.mcp), said)
      assert.strictEqual(yield* asked(second.mcp), said)
      assert.strictEqual(yield* asked(stranger.mcp), "{}")
    })
  )

  it.scoped("never expires", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: showsClient })
      const session = yield* openAs(mcp, { elicitation: {} })
      yield* TestClock.adjust("40 days")
      assert.include(yield* Effect.flatMap(legacy(mcp, "tools/list", {}, { session }), shown), "elicitation")
    })
  )

  it.scopedLive("is the same for a client whose token was refreshed; each call uses its own token", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const [first, second] = [1, 2].map((jti) => jwt({ sub: "alice", jti }))
      const session = yield* openSession(at.mcp, { token: first })
      const call = (token: string | undefined) => callTool.legacy(at.mcp, "list_spaces", {}, { session, token })
      assert.notStrictEqual((yield* Effect.flatMap(call(second), resultOf)).isError, true)
      assert.strictEqual(yield* upstreamCalls(at, second), 1)
      assert.strictEqual(yield* upstreamCalls(at, first), 0)
    })
  )

  it.scopedLive("is not given for an initialize that is malformed; in a session, initialize gives another", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const params of [{}, { protocolVersion: 1 }, null, [], { protocolVersion: "2025-11-25", capabilities: 5 }]) {
        const refused = yield* legacy(mcp, "initialize", params)
        assert.isNull(refused.headers.get("mcp-session-id"))
        assert.strictEqual(typeof (yield* rpcErrorOf(refused)).code, "number")
      }
      const notification = yield* post(mcp, JSON.stringify({ jsonrpc: "2.0", method: "initialize" }))
      assert.isNull(notification.headers.get("mcp-session-id"))
      const session = yield* openSession(mcp)
      const again = yield* initialize(mcp, { session })
      assert.strictEqual(again.status, 200)
      assert.notInclude(["", session, null], again.headers.get("mcp-session-id"))
    })
  )

  it.scopedLive("is ignored by the modern era, which gives none", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const answer = yield* modern(mcp, "tools/list", {}, { session: "anything" })
      assert.strictEqual(answer.status, 200)
      assert.isNull(answer.headers.get("mcp-session-id"))
    })
  )
})

describe("what a client can do", () => {
  const wide = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`c${index}`, { deep: {} }]))

  it.scopedLive("reaches the server only as far as the protocol knows it: legacy", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: showsClient })
      const session = yield* openAs(mcp, { ...wide, sampling: { tools: {}, more: {} }, experimental: { a: {} } })
      assert.include(
        yield* Effect.flatMap(legacy(mcp, "tools/list", {}, { session }), shown),
        '{"capabilities":{"sampling":{"tools":{}}},"info":'
      )
    })
  )

  it.scopedLive("reaches the server only as far as the protocol knows it: modern", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: showsClient })
      const declared = {
        ...wide,
        elicitation: { form: {} },
        extensions: { "io.modelcontextprotocol/tasks": { any: {} }, "com.example/other": {} }
      }
      const answer = yield* modern(
        mcp,
        "tools/list",
        {},
        {},
        { "io.modelcontextprotocol/clientCapabilities": declared }
      )
      assert.include(
        yield* shown(answer),
        '{"capabilities":{"elicitation":{"form":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}},"info":'
      )
    })
  )
})

describe("GET and DELETE", () => {
  it.scopedLive("get 405 in both eras, after the token was asked for", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      for (const method of ["GET", "DELETE"]) {
        for (const version of ["2025-11-25", "2026-07-28"]) {
          const headers = { accept: "text/event-stream", "mcp-session-id": session, "mcp-protocol-version": version }
          const refused = yield* send(mcp, { method, headers: { ...headers, authorization: "Bearer alice" } })
          assert.deepStrictEqual([refused.status, refused.headers["allow"]], [405, "POST"])
          assert.strictEqual((yield* send(mcp, { method, headers })).status, 401)
        }
      }
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session }), status), 200)
    })
  )
})

describe("MCP-Protocol-Version", () => {
  it.scopedLive("gets 400 where it is not supported; an absent one is accepted", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const versioned = (version: string) => ({ session, headers: { "mcp-protocol-version": version } })
      for (const version of ["1999-01-01", "latest", "2025-11-26"]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, versioned(version)), status), 400)
      }
      for (const version of ["2025-03-26", "2025-06-18", "2025-11-25"]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, versioned(version)), status), 200)
      }
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session }), status), 200)
    })
  )
})

describe("Accept", () => {
  const typeOf = (mcp: string, accept: string | undefined, call: typeof callTool.legacy) =>
    Effect.gen(function* () {
      // Unlike fetch, Node's own client sends no Accept header by itself.
      const seen = yield* call(mcp, "list_spaces", {}, { headers: accept === undefined ? {} : { accept } })
      assert.notStrictEqual((yield* resultOf(seen.clone())).isError, true)
      return seen.headers.get("content-type")
    })

  for (const [accept, expectedLegacy, expectedModern] of [
    ["application/json, text/event-stream", "text/event-stream", "application/json"],
    ["*/*", "text/event-stream", "application/json"],
    ["text/event-stream;q=0.5, */*;q=0.1", "text/event-stream", "application/json"],
    ["application/json", "application/json", "application/json"],
    ["application/json, text/event-stream;q=0", "application/json", "application/json"],
    ["TEXT/Event-Stream", "text/event-stream", "text/event-stream"]
  ] as const) {
    it.scopedLive(`${accept} gets ${expectedLegacy} in the older era, ${expectedModern} in the newer`, () =>
      Effect.gen(function* () {
        const { mcp } = yield* endpoint()
        assert.strictEqual(yield* typeOf(mcp, accept, callTool.legacy), expectedLegacy)
        assert.strictEqual(yield* typeOf(mcp, accept, callTool.modern), expectedModern)
      })
    )
  }

  it.scopedLive("may be absent; what is neither kind of body gets 406", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const body = legacyBody("ping", {})
      const headers = { authorization: "Bearer alice", "content-type": "application/json" }
      const served = yield* send(mcp, { method: "POST", headers, body })
      assert.deepStrictEqual([served.status, served.headers["content-type"]], [200, "text/event-stream"])
      assert.strictEqual(
        (yield* send(mcp, { method: "POST", headers: { ...headers, accept: "text/html" }, body })).status,
        406
      )
    })
  )

  it.scopedLive("of JSON alone leaves out progress, in both eras", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      for (const era of ["legacy", "modern"] as const) {
        const ids = yield* startRun(at)
        const ask = { headers: { accept: "application/json" } }
        const call = callTool[era](at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 20 }, ask, { progressToken: 1 })
        const answer = yield* call
        assert.strictEqual(answer.headers.get("content-type"), "application/json")
        const body: unknown = yield* Effect.promise(() => answer.json())
        assert.nestedProperty(body, "result.structuredContent.isFinal")
      }
    })
  )
})

/** The head of a POST of a session, whose body comes in chunks. */
const chunkedHead = (session: string) =>
  postBytes("", { "mcp-session-id": session, "transfer-encoding": "chunked" }).replace("content-length: 0\r\n", "")

describe("requests under way", () => {
  it.scopedLive("are at most MAX_IN_FLIGHT; more get 503, and a cancel makes room", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ MAX_IN_FLIGHT: "2" }, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      yield* Effect.forkScoped(callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, { session }))
      yield* Effect.forkScoped(Effect.exit(callTool.modern(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 })))
      yield* eventually(Effect.map(upstreamCalls(at), (count) => count >= before + 2))
      for (const full of [
        yield* legacy(at.mcp, "ping", {}, { session }),
        yield* modern(at.mcp, "tools/list", {}),
        // Too long to be a cancel or an answer, so it is not even read.
        yield* post(at.mcp, "x".repeat(20_000), { session })
      ]) {
        assert.deepStrictEqual(
          [full.status, full.headers.get("retry-after"), full.headers.get("vary")],
          [503, "5", "Origin"]
        )
        assert.strictEqual((yield* rpcErrorOf(full)).code, -32000)
      }
      const endless = yield* wire(at.url)
      endless.write(`${chunkedHead(session)}10000\r\n${"x".repeat(0x10000)}`)
      assert.match(yield* endless.until("\r\n\r\n"), /^HTTP\/1\.1 503 /u)
      const cancel = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } })
      assert.strictEqual((yield* post(at.mcp, cancel, { session })).status, 202)
      yield* eventually(
        Effect.map(Effect.flatMap(legacy(at.mcp, "ping", {}, { session }), status), (answered) => answered === 200)
      )
    })
  )

  it.scopedLive("let a cancel through whose length is not announced", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ MAX_IN_FLIGHT: "1" }, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      yield* Effect.forkScoped(callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, { session }))
      yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
      const cancel = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } })
      const client = yield* wire(at.url)
      client.write(`${chunkedHead(session)}${cancel.length.toString(16)}\r\n${cancel}\r\n0\r\n\r\n`)
      assert.match(yield* client.until("\r\n\r\n"), /^HTTP\/1\.1 202 /u)
      yield* eventually(
        Effect.map(Effect.flatMap(legacy(at.mcp, "ping", {}, { session }), status), (answered) => answered === 200)
      )
    })
  )
})
