import { assert, describe, it } from "@effect/vitest"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Server } from "@modelcontextprotocol/server"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { AdmittedRequest } from "../../src/http/admission/admit.ts"
import { callerOf, type Caller } from "../../src/http/admission/Caller.ts"
import { webRequest } from "../../src/http/delivery/webRequest.ts"
import { makeDispatch, type DispatchOptions } from "../../src/http/dispatch.ts"
import { makeDrain } from "../../src/http/drain.ts"
import { initializeBody, legacyBody, modernBody, modernHeaders } from "../support/endpoint.ts"
import { admittedRequest, makeExchange } from "./stages.ts"

const sessions = { max: 1, idle: Duration.minutes(1) }

const emptyServer = () => new Server({ name: "test", version: "1" }, { capabilities: { tools: {} } })

/** A server whose tool list is never ready. */
const silentServer = () => {
  const server = emptyServer()
  server.setRequestHandler("tools/list", () => new Promise(() => undefined))
  return server
}

interface Incoming {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly admitted?: AdmittedRequest
  /** Replaces the request that the SDK gets. */
  readonly wrap?: (request: Request) => Request
}

/** Dispatches requests to servers that record the caller of each request for their tools. */
const dispatching = (options: Partial<DispatchOptions> = {}) =>
  Effect.gen(function* () {
    const callers: Array<Caller | undefined> = []
    const makeServer = () => {
      const server = emptyServer()
      server.setRequestHandler("tools/list", (_, ctx) => {
        callers.push(callerOf(ctx))
        return { tools: [] }
      })
      return server
    }
    const drain = yield* makeDrain(Duration.seconds(10))
    const { dispatch, sessionCount } = yield* makeDispatch({ drain, makeServer, sessions, ...options })
    const start = ({ admitted = admittedRequest(), body, headers, method = "POST", wrap = (it) => it }: Incoming) =>
      Effect.gen(function* () {
        const { end, exchange } = yield* makeExchange
        const aborter = new AbortController()
        const parsed: unknown = body === undefined ? undefined : JSON.parse(body)
        const sent = Headers.fromInput({
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...headers
        })
        const fiber = yield* Effect.fork(
          dispatch({
            admitted,
            body: parsed,
            cancel: () => aborter.abort(),
            exchange,
            request: wrap(webRequest(method, sent, aborter.signal))
          })
        )
        yield* Effect.yieldNow()
        return { end, outcome: Fiber.join(fiber), isCancelled: () => aborter.signal.aborted } as const
      })
    const outcomeOf = (incoming: Incoming) => Effect.scoped(Effect.flatMap(start(incoming), ({ outcome }) => outcome))
    const statusOf = (incoming: Incoming) =>
      Effect.map(outcomeOf(incoming), (outcome) =>
        HttpServerResponse.isServerResponse(outcome) ? outcome.status : outcome.response.status
      )
    /** Opens a session; the result is the header that names it. */
    const openSession = Effect.map(outcomeOf({ body: initializeBody }), (outcome) =>
      HttpServerResponse.isServerResponse(outcome)
        ? assert.fail(`The session was refused: ${outcome.status}`)
        : { "mcp-session-id": outcome.response.headers.get("mcp-session-id") ?? "" }
    )
    return { callers, drain, openSession, outcomeOf, sessionCount, start, statusOf } as const
  })

const modernList = { body: modernBody("tools/list"), headers: modernHeaders("tools/list") }
const legacyList = { body: legacyBody("tools/list", {}) }

describe("the caller reaches the handler", () => {
  for (const [name, given, incoming] of [
    ["of a modern request", sessions, modernList],
    ["of a modern request, without sessions", undefined, modernList],
    ["of a legacy request, without sessions", undefined, legacyList]
  ] as const) {
    it.scoped(name, () =>
      Effect.gen(function* () {
        const { callers, statusOf } = yield* dispatching({ sessions: given })
        const admitted = admittedRequest()
        assert.strictEqual(yield* statusOf({ ...incoming, admitted }), 200)
        assert.strictEqual(callers.length, 1)
        assert.strictEqual(callers[0], admitted.caller)
      })
    )
  }

  it.scoped("of each request in a session", () =>
    Effect.gen(function* () {
      const { callers, openSession, statusOf } = yield* dispatching()
      const headers = yield* openSession
      const [first, second] = [admittedRequest(), admittedRequest()]
      for (const admitted of [first, second]) {
        assert.strictEqual(yield* statusOf({ ...legacyList, headers, admitted }), 200)
      }
      assert.strictEqual(callers.length, 2)
      assert.strictEqual(callers[0], first.caller)
      assert.strictEqual(callers[1], second.caller)
    })
  )
})

describe("a request that no session serves", () => {
  const refusal = (expected: number, name: string, incoming: Incoming) =>
    it.scoped(`${expected}: ${name}`, () =>
      Effect.gen(function* () {
        const { outcomeOf } = yield* dispatching()
        const outcome = yield* outcomeOf(incoming)
        assert.isTrue(HttpServerResponse.isServerResponse(outcome) && outcome.status === expected)
      })
    )

  refusal(405, "GET without an id", { method: "GET" })
  refusal(400, "not an initialize request", legacyList)
  refusal(404, "an unknown id", { ...legacyList, headers: { "mcp-session-id": "unknown" } })

  it.scoped("503: there is no room for another session", () =>
    Effect.gen(function* () {
      const { openSession, outcomeOf, sessionCount } = yield* dispatching()
      yield* openSession
      const outcome = yield* outcomeOf({ body: initializeBody })
      if (!HttpServerResponse.isServerResponse(outcome)) return assert.fail("The session was opened")
      assert.deepStrictEqual([outcome.status, outcome.headers["retry-after"]], [503, "30"])
      assert.strictEqual(sessionCount(), 1)
    })
  )

  it.scoped("503: the server is stopping, which open sessions do not notice", () =>
    Effect.gen(function* () {
      const { drain, openSession, sessionCount, statusOf } = yield* dispatching({ sessions: { ...sessions, max: 2 } })
      const headers = yield* openSession
      yield* Effect.fork(drain.drain)
      yield* Effect.yieldNow()
      assert.strictEqual(yield* statusOf({ body: initializeBody }), 503)
      assert.strictEqual(sessionCount(), 1)
      assert.strictEqual(yield* statusOf({ ...legacyList, headers }), 200)
      assert.strictEqual(yield* statusOf(modernList), 200)
    })
  )
})

describe("the end of an exchange", () => {
  it.scoped("cancels a call that is still running, but not one in a session", () =>
    Effect.gen(function* () {
      const { openSession, start } = yield* dispatching({ makeServer: silentServer })
      const modern = yield* start(modernList)
      const inSession = yield* start({ ...legacyList, headers: yield* openSession })
      for (const { end, isCancelled } of [modern, inSession]) {
        assert.isFalse(isCancelled())
        yield* end
      }
      assert.isTrue(modern.isCancelled())
      assert.isFalse(inSession.isCancelled())
    })
  )

  it.scoped("does not cancel a call whose response is complete", () =>
    Effect.gen(function* () {
      const { start } = yield* dispatching()
      const { end, isCancelled, outcome } = yield* start(modernList)
      yield* outcome
      yield* end
      assert.isFalse(isCancelled())
    })
  )

  it.scoped("is what a stopping server waits for, but only of a POST", () =>
    Effect.gen(function* () {
      const { drain, openSession, start } = yield* dispatching({ makeServer: silentServer })
      const headers = yield* openSession
      const call = yield* start(modernList)
      yield* start({ method: "GET", headers: { ...headers, accept: "text/event-stream" } })
      const draining = yield* Effect.fork(drain.drain)
      yield* Effect.yieldNow()
      assert.isNull(draining.unsafePoll())
      yield* call.end
      yield* Fiber.join(draining)
    })
  )
})

describe("the SDK", () => {
  it.scoped("reads nothing of a web Request but what the stand-in has", () =>
    Effect.gen(function* () {
      const read = new Set<PropertyKey>()
      const wrap = (request: Request) =>
        new Proxy(request, {
          get: (target, name): unknown => {
            read.add(name)
            return Reflect.get(target, name)
          },
          has: (target, name) => {
            read.add(name)
            return Reflect.has(target, name)
          }
        })
      const alone = yield* dispatching({ sessions: undefined })
      yield* alone.statusOf({ ...legacyList, wrap })
      yield* alone.statusOf({ method: "GET", wrap })
      const { openSession, start, statusOf } = yield* dispatching()
      const headers = yield* openSession
      for (const incoming of [
        modernList,
        { ...legacyList, headers },
        { body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }), headers },
        { body: legacyBody("no/such", {}), headers },
        { method: "GET", headers: { ...headers, accept: "text/event-stream" } },
        { method: "DELETE", headers }
      ]) {
        assert.isBelow(yield* statusOf({ ...incoming, wrap }), 400)
      }
      const listen = "subscriptions/listen"
      yield* start({ body: modernBody(listen), headers: modernHeaders(listen), wrap })
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.deepStrictEqual([...read].map(String).sort(), ["headers", "method", "signal"])
    })
  )
})
