import { assert, describe, it } from "@effect/vitest"
import { Server } from "@modelcontextprotocol/server"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { makeSessions } from "../../src/http/sessions.ts"
import { endpoint, initialize, legacy, modern, openSession, post } from "../support/endpoint.ts"
import { callTool, eventually, metric, postBytes, rpcErrorOf, startRun, upstreamCalls, wire } from "../support/wire.ts"

const handshake = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } }
}

const hello = JSON.stringify(handshake)

const remove = (mcp: string, session: string, token = "alice") =>
  Effect.promise(() =>
    fetch(mcp, { method: "DELETE", headers: { authorization: `Bearer ${token}`, "mcp-session-id": session } })
  )

const listen = (mcp: string, session: string, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal) =>
  Effect.promise(() =>
    fetch(mcp, {
      ...(signal === undefined ? {} : { signal }),
      headers: {
        authorization: "Bearer alice",
        accept: "text/event-stream",
        "mcp-session-id": session,
        ...headers
      }
    })
  )

const status = (response: Response) =>
  Effect.promise(async () => {
    await response.text()
    return response.status
  })

describe("sessions over the wire", () => {
  it.scopedLive("initialize opens one, DELETE closes it, and then its id is unknown", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      assert.match(session, /^[\x21-\x7e]{36}$/u)
      const notified = yield* post(mcp, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }), {
        session
      })
      assert.strictEqual(notified.status, 202)
      assert.strictEqual(yield* Effect.promise(() => notified.text()), "")
      assert.strictEqual((yield* legacy(mcp, "tools/list", {}, { session })).status, 200)
      assert.strictEqual((yield* remove(mcp, session)).status, 200)
      for (const response of [
        yield* legacy(mcp, "tools/list", {}, { session }),
        yield* listen(mcp, session),
        yield* remove(mcp, session)
      ]) {
        assert.strictEqual(response.status, 404)
        assert.strictEqual(response.headers.get("vary"), "Origin")
        assert.strictEqual((yield* rpcErrorOf(response)).code, -32001)
      }
    })
  )

  it.scopedLive("an unknown id gets 404, as does the id of another user; a missing one gets 400", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp, { token: "alice" })
      for (const id of ["unknown", "../..", "__proto__", "constructor", session.toUpperCase()]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session: id }), status), 404, id)
      }
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}), status), 400)
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session, token: "bob" }), status), 404)
      assert.strictEqual(yield* Effect.flatMap(remove(mcp, session, "bob"), status), 404)
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session }), status), 200)
    })
  )

  it.scopedLive("initialize is refused when it is malformed, or sent in a session", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ MAX_SESSIONS: "1" })
      for (const params of [{}, { protocolVersion: 1 }, null, []]) {
        assert.notStrictEqual(yield* Effect.flatMap(legacy(mcp, "initialize", params), status), 200)
      }
      assert.strictEqual(
        yield* Effect.flatMap(post(mcp, JSON.stringify({ jsonrpc: "2.0", method: "initialize" })), status),
        400
      )
      const refused = yield* initialize(mcp, { headers: { accept: "application/json" } })
      assert.strictEqual(yield* status(refused), 406)
      // The only place is still free.
      assert.strictEqual(yield* metric(url, "mcp_sessions"), 0)
      const session = yield* openSession(mcp)
      assert.notStrictEqual(session, "")
      assert.strictEqual(yield* Effect.flatMap(initialize(mcp, { session }), status), 400)
    })
  )

  it.scopedLive("a burst of 2,000 opens at most 50, whose places become free again", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ MAX_SESSIONS: "50" })
      const heads = yield* Effect.forEach(
        Array.from({ length: 50 }),
        () =>
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* wire(url)
              client.write(postBytes(hello).repeat(40))
              return yield* client.until("HTTP/1.1 ", 40)
            })
          ),
        { concurrency: "unbounded" }
      )
      const text = heads.join("")
      const opened = [...text.matchAll(/^mcp-session-id: (.*)$/gmu)].map(([, id]) => id ?? "")
      assert.strictEqual(opened.length, 50)
      assert.strictEqual(new Set(opened).size, 50)
      assert.strictEqual([...text.matchAll(/HTTP\/1\.1 503 /gu)].length, 1950)
      assert.include(text, '"code":-32000')
      assert.strictEqual(yield* metric(url, "mcp_sessions"), 50)
      yield* Effect.forEach(opened, (session) => remove(mcp, session), { concurrency: 10 })
      assert.strictEqual(yield* metric(url, "mcp_sessions"), 0)
      assert.strictEqual((yield* initialize(mcp)).status, 200)
    })
  )

  it.scopedLive("a burst of clients that leave blocks no place for ever", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ MAX_SESSIONS: "20" })
      yield* Effect.forEach(
        Array.from({ length: 100 }),
        (_, index) =>
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* wire(url)
              client.write(postBytes(hello))
              // Some leave at once, some during the response, some after it.
              if (index % 3 === 1) yield* Effect.yieldNow()
              if (index % 3 === 2) yield* client.until("HTTP/1.1 ")
            })
          ),
        { concurrency: 20 }
      )
      const open = yield* metric(url, "mcp_sessions")
      assert.isAtMost(open, 20)
      const free = yield* Effect.forEach(Array.from({ length: 20 - open }), () => openSession(mcp))
      assert.strictEqual(free.filter((id) => id !== "").length, 20 - open)
    })
  )

  it.scopedLive("with SESSIONS=off there are none, and an id is ignored", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ SESSIONS: "off" })
      const opened = yield* initialize(mcp)
      assert.strictEqual(opened.status, 200)
      assert.isNull(opened.headers.get("mcp-session-id"))
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "tools/list", {}), status), 200)
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "tools/list", {}, { session: "any" }), status), 200)
      for (const method of ["GET", "DELETE"]) {
        const answer = yield* Effect.promise(() =>
          fetch(mcp, { method, headers: { authorization: "Bearer alice", accept: "text/event-stream" } })
        )
        assert.strictEqual(answer.status, 405)
        assert.strictEqual(answer.headers.get("allow"), "POST")
      }
      assert.strictEqual(yield* metric(url, "mcp_sessions"), 0)
    })
  )

  it.scopedLive("the modern era has none, ignores an id, and has no GET or DELETE", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint()
      const answer = yield* modern(mcp, "tools/list", {}, { session: "anything" })
      assert.strictEqual(answer.status, 200)
      assert.isNull(answer.headers.get("mcp-session-id"))
      assert.strictEqual(yield* metric(url, "mcp_sessions"), 0)
      for (const method of ["GET", "DELETE"]) {
        const refused = yield* Effect.promise(() =>
          fetch(mcp, {
            method,
            headers: {
              authorization: "Bearer alice",
              accept: "text/event-stream",
              "mcp-protocol-version": "2026-07-28"
            }
          })
        )
        assert.strictEqual(refused.status, 405)
      }
    })
  )

  it.scopedLive("a GET stream begins at once, is the only one of its session, and ends with it", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const stream = yield* listen(mcp, session, { origin: "https://claude.ai" })
      assert.strictEqual(stream.status, 200)
      assert.strictEqual(stream.headers.get("content-type"), "text/event-stream")
      assert.strictEqual(stream.headers.get("vary"), "Origin")
      assert.strictEqual(stream.headers.get("access-control-allow-origin"), "https://claude.ai")
      assert.strictEqual(stream.headers.get("x-accel-buffering"), "no")
      assert.strictEqual(yield* Effect.flatMap(listen(mcp, session), status), 409)
      assert.strictEqual(yield* Effect.flatMap(listen(mcp, session, { accept: "application/json" }), status), 406)
      yield* remove(mcp, session)
      assert.strictEqual(yield* status(stream), 200)
    })
  )

  it.scopedLive("a client that left its GET stream can open another", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const controller = new AbortController()
      yield* listen(mcp, session, {}, controller.signal)
      controller.abort()
      yield* eventually(
        Effect.gen(function* () {
          const next = new AbortController()
          const { status: is } = yield* listen(mcp, session, {}, next.signal)
          next.abort()
          return is === 200
        })
      )
    })
  )

  it.scopedLive("an unsupported MCP-Protocol-Version gets 400, for GET too; an absent one is accepted", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp)
      const versioned = (version: string) => ({ session, headers: { "mcp-protocol-version": version } })
      for (const version of ["1999-01-01", "latest", "2025-11-26"]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, versioned(version)), status), 400)
        const stream = yield* listen(mcp, session, { "mcp-protocol-version": version })
        assert.strictEqual(yield* status(stream), 400)
      }
      for (const version of ["2025-03-26", "2025-06-18", "2025-11-25"]) {
        assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, versioned(version)), status), 200)
      }
      assert.strictEqual(yield* Effect.flatMap(legacy(mcp, "ping", {}, { session }), status), 200)
    })
  )
})

describe("cancelling", () => {
  const waiting = { timeoutSeconds: 45 }

  const hasPolled = (at: { readonly apiUrl: string }, before: number) =>
    eventually(Effect.map(upstreamCalls(at), (count) => count > before))

  for (const { era, how, meta, settings } of [
    { era: "modern", how: "modern", settings: {}, meta: {} },
    { era: "modern", how: "modern, streamed", settings: {}, meta: { progressToken: 1 } },
    { era: "legacy", how: "legacy without sessions", settings: { SESSIONS: "off" }, meta: {} },
    {
      era: "legacy",
      how: "legacy without sessions, streamed",
      settings: { SESSIONS: "off" },
      meta: { progressToken: 1 }
    }
  ] as const) {
    it.scoped(`closing the connection ends the upstream calls: ${how}`, () =>
      Effect.gen(function* () {
        const at = yield* endpoint(settings, 1)
        const ids = yield* startRun(at)
        const before = yield* upstreamCalls(at)
        const interrupted = metric(
          at.url,
          `mcp_tool_calls_total{tool="wait_for_run",era="${era}",outcome="Interrupted"}`
        )
        const earlier = yield* interrupted
        const controller = new AbortController()
        const call = yield* Effect.fork(
          Effect.exit(
            callTool[era](at.mcp, "wait_for_run", { ...ids, ...waiting }, { signal: controller.signal }, meta)
          )
        )
        yield* hasPolled(at, before)
        const first = yield* upstreamCalls(at)
        yield* Effect.zipRight(TestClock.adjust("1 second"), upstreamCalls(at)).pipe(
          Effect.repeat({ until: (count) => count > first })
        )
        controller.abort()
        yield* call.await
        yield* eventually(Effect.map(interrupted, (count) => count > earlier))
        const then = yield* upstreamCalls(at)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* upstreamCalls(at), then)
      })
    )
  }

  it.scopedLive("a client that leaves before its response is counted as 499", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const gone = metric(at.url, 'mcp_http_requests_total{method="POST",status="499"}')
      const [before, asked] = [yield* gone, yield* upstreamCalls(at)]
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(callTool.modern(at.mcp, "wait_for_run", { ...ids, ...waiting }, { signal: controller.signal }))
      )
      yield* hasPolled(at, asked)
      controller.abort()
      yield* call.await
      yield* eventually(Effect.map(gone, (count) => count === before + 1))
    })
  )

  it.scopedLive("notifications/cancelled ends a call of its own session only", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const other = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      const interrupted = 'mcp_tool_calls_total{tool="wait_for_run",era="legacy",outcome="Interrupted"}'
      const cancelled = yield* metric(at.url, interrupted)
      const call = yield* Effect.fork(callTool.legacy(at.mcp, "wait_for_run", { ...ids, ...waiting }, { session }))
      yield* hasPolled(at, before)
      const cancel = JSON.stringify({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 1, reason: "enough" }
      })
      assert.strictEqual((yield* post(at.mcp, cancel, { session: other })).status, 202)
      assert.strictEqual(yield* metric(at.url, interrupted), cancelled)
      assert.strictEqual((yield* post(at.mcp, cancel, { session })).status, 202)
      yield* eventually(Effect.map(metric(at.url, interrupted), (count) => count === cancelled + 1))
      // A cancelled call has no result, so its stream ends empty.
      const answer = yield* call
      assert.strictEqual(yield* Effect.promise(() => answer.text()), "")
    })
  )

  it.scopedLive("a legacy client that loses its connection cancels nothing", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(
          callTool.legacy(at.mcp, "wait_for_run", { ...ids, ...waiting }, { session, signal: controller.signal })
        )
      )
      yield* hasPolled(at, before)
      controller.abort()
      yield* call.await
      yield* hasPolled(at, yield* upstreamCalls(at))
      assert.strictEqual(yield* Effect.flatMap(legacy(at.mcp, "ping", {}, { session }), status), 200)
    })
  )
})

const request = (body: unknown, session?: string) => ({
  request: new Request("http://localhost/mcp", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session === undefined ? {} : { "mcp-session-id": session })
    }
  }),
  parsedBody: body
})

const ping = { jsonrpc: "2.0", id: 2, method: "ping" }

const testServer = () => new Server({ name: "t", version: "1" }, { capabilities: {} })

describe("makeSessions", () => {
  const made = makeSessions({ maxSessions: 2, idle: Duration.minutes(10), makeServer: testServer })

  it.scoped("ends idle sessions, and frees their places", () =>
    Effect.gen(function* () {
      const sessions = yield* made
      const open = Effect.map(
        Effect.scoped(sessions.open("alice", request(handshake))),
        (response) => response?.headers.get("mcp-session-id") ?? undefined
      )
      const first = yield* open
      yield* TestClock.adjust("6 minutes")
      const second = yield* open
      assert.isUndefined(yield* open)
      yield* Effect.scoped(sessions.use(first ?? "", "alice", request(ping, first)))
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(sessions.count(), 2)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(sessions.count(), 0)
      assert.isUndefined(yield* Effect.scoped(sessions.use(second ?? "", "alice", request(ping, second))))
      assert.isDefined(yield* open)
      assert.isDefined(yield* open)
      assert.isUndefined(yield* open)
    })
  )

  it.scoped("keeps a session with a pending call, however long that takes", () =>
    Effect.gen(function* () {
      const sessions = yield* made
      const id = (yield* Effect.scoped(sessions.open("alice", request(handshake))))?.headers.get("mcp-session-id") ?? ""
      const call = yield* Scope.make()
      yield* Scope.extend(sessions.use(id, "alice", request(ping, id)), call)
      yield* TestClock.adjust("3 hours")
      assert.strictEqual(sessions.count(), 1)
      yield* Scope.close(call, Exit.void)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(sessions.count(), 1)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(sessions.count(), 0)
    })
  )

  it.scoped("counts sessions before their handshake, so that a burst can't pass the limit", () =>
    Effect.gen(function* () {
      const sessions = yield* made
      const burst = yield* Effect.forEach(
        Array.from({ length: 100 }),
        () => Effect.scoped(sessions.open("alice", request(handshake))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(burst.filter((response) => response !== undefined).length, 2)
      assert.strictEqual(sessions.count(), 2)
    })
  )

  it.scoped("frees the place of a session that fails to open", () =>
    Effect.gen(function* () {
      let broken = true
      const sessions = yield* makeSessions({
        maxSessions: 1,
        idle: Duration.minutes(10),
        makeServer: () => {
          if (broken) throw new Error("no server")
          return testServer()
        }
      })
      const open = Effect.scoped(sessions.open("alice", request(handshake)))
      for (let times = 0; times < 3; times++) assert.isTrue(Exit.isFailure(yield* Effect.exit(open)))
      broken = false
      const fiber = yield* Effect.fork(open)
      yield* fiber.interruptAsFork(fiber.id())
      yield* fiber.await
      assert.strictEqual(sessions.count(), 0)
      assert.isDefined(yield* open)
    })
  )

  it.effect("ends all sessions and their streams with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const sessions = yield* Scope.extend(made, scope)
      const id = (yield* Effect.scoped(sessions.open("alice", request(handshake))))?.headers.get("mcp-session-id") ?? ""
      const listening = {
        request: new Request("http://localhost/mcp", { headers: { accept: "text/event-stream", "mcp-session-id": id } })
      }
      const stream = yield* Effect.scoped(sessions.use(id, "alice", listening))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(sessions.count(), 0)
      assert.strictEqual(yield* Effect.promise(() => stream?.text() ?? Promise.resolve("none")), "")
    })
  )
})
