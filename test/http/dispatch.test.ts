import { assert, describe, it } from "@effect/vitest"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Server } from "@modelcontextprotocol/server"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { AdmittedRequest } from "../../src/http/admission/admit.ts"
import { callerOf, type Caller } from "../../src/http/admission/Caller.ts"
import { webRequest } from "../../src/http/delivery/webRequest.ts"
import { makeDispatch, type DispatchOptions } from "../../src/http/dispatch.ts"
import { makeDrain } from "../../src/http/drain.ts"
import { makeInFlight } from "../../src/http/inFlight.ts"
import { makeSealing } from "../../src/runtime/sealed.ts"
import { initializeBody, legacyBody, modernBody, modernHeaders } from "../support/endpoint.ts"
import { admittedRequest, makeExchange } from "./stages.ts"

const emptyServer = () => new Server({ name: "test", version: "1" }, { capabilities: { tools: {} } })

/** A server whose tool list is never ready. */
const silentServer = () => {
  const server = emptyServer()
  server.setRequestHandler("tools/list", () => new Promise(() => undefined))
  return server
}

interface Incoming {
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
    const { dispatch } = yield* makeDispatch({
      drain,
      makeServer,
      sealing: makeSealing(Option.none()),
      inFlight: makeInFlight(100),
      ...options
    })
    const start = ({ admitted = admittedRequest(), body, headers, wrap = (it) => it }: Incoming) =>
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
            request: wrap(webRequest("POST", sent, aborter.signal))
          })
        )
        yield* Effect.yieldNow()
        return { end, outcome: Fiber.join(fiber), isCancelled: () => aborter.signal.aborted } as const
      })
    const outcomeOf = (incoming: Incoming) => Effect.scoped(Effect.flatMap(start(incoming), ({ outcome }) => outcome))
    const statusOf = (incoming: Incoming) => Effect.map(outcomeOf(incoming), ({ status }) => status)
    /** Opens a session; the result is the header that names it. */
    const openSession = Effect.map(outcomeOf({ body: initializeBody }), (outcome) =>
      HttpServerResponse.isServerResponse(outcome)
        ? assert.fail(`The session was refused: ${outcome.status}`)
        : { "mcp-session-id": outcome.headers["mcp-session-id"] ?? "" }
    )
    return { callers, drain, openSession, outcomeOf, start, statusOf } as const
  })

const nextTurn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const modernList = { body: modernBody("tools/list"), headers: modernHeaders("tools/list") }
const legacyList = { body: legacyBody("tools/list", {}) }

describe("the caller reaches the handler", () => {
  for (const [name, incoming] of [
    ["of a modern request", modernList],
    ["of a legacy request, without a session", legacyList]
  ] as const) {
    it.scoped(name, () =>
      Effect.gen(function* () {
        const { callers, statusOf } = yield* dispatching()
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

describe("a request that is refused", () => {
  const refusal = (expected: number, name: string, incoming: Incoming) =>
    it.scoped(`${expected}: ${name}`, () =>
      Effect.gen(function* () {
        const { outcomeOf } = yield* dispatching()
        const outcome = yield* outcomeOf(incoming)
        assert.isTrue(HttpServerResponse.isServerResponse(outcome) && outcome.status === expected)
      })
    )

  refusal(406, "a body that is neither JSON nor events", { ...legacyList, headers: { accept: "text/html" } })

  it.scoped("503: too many are under way, until the exchange of one ends", () =>
    Effect.gen(function* () {
      const { start, statusOf } = yield* dispatching({ makeServer: silentServer, inFlight: makeInFlight(2) })
      const calls = [yield* start(modernList), yield* start(legacyList)]
      yield* nextTurn
      for (const incoming of [modernList, legacyList, { body: initializeBody }]) {
        assert.strictEqual(yield* statusOf(incoming), 503)
      }
      for (const { end } of calls) yield* end
      assert.strictEqual(yield* statusOf({ body: initializeBody }), 200)
      assert.strictEqual(yield* statusOf({ body: initializeBody }), 200)
    })
  )

  it.scoped("503: the server is stopping, which is said to new clients and subscribers only", () =>
    Effect.gen(function* () {
      const { drain, openSession, statusOf } = yield* dispatching()
      const headers = yield* openSession
      yield* Effect.fork(drain.drain)
      yield* Effect.yieldNow()
      const listen = "subscriptions/listen"
      assert.strictEqual(yield* statusOf({ body: initializeBody }), 503)
      assert.strictEqual(yield* statusOf({ body: modernBody(listen), headers: modernHeaders(listen) }), 503)
      assert.strictEqual(yield* statusOf({ ...legacyList, headers }), 200)
      assert.strictEqual(yield* statusOf(modernList), 200)
    })
  )
})

describe("the end of an exchange", () => {
  it.scoped("cancels a call that is still running; one in a session learns that nobody waits for it", () =>
    Effect.gen(function* () {
      const aborted: Array<unknown> = []
      const makeServer = () => {
        const server = emptyServer()
        server.setRequestHandler("tools/list", (_, ctx) => {
          ctx.mcpReq.signal.addEventListener("abort", () => aborted.push(callerOf(ctx)))
          return new Promise(() => undefined)
        })
        return server
      }
      const { openSession, start } = yield* dispatching({ makeServer })
      const headers = yield* openSession
      const [modern, sessionless, inSession] = [admittedRequest(), admittedRequest(), admittedRequest()]
      for (const incoming of [
        { ...modernList, admitted: modern },
        { ...legacyList, admitted: sessionless },
        { ...legacyList, headers, admitted: inSession }
      ]) {
        const { end } = yield* start(incoming)
        yield* nextTurn
        yield* end
      }
      assert.deepStrictEqual(aborted, [modern.caller, sessionless.caller])
      assert.isTrue(inSession.caller.isGone)
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

  it.scoped("leaves no call of the newer era under way in the SDK: a result, a stream or an error", () =>
    Effect.gen(function* () {
      let closed = 0
      const makeServer = () => {
        const server = emptyServer()
        server.setRequestHandler("tools/list", () => ({ tools: [] }))
        server.onclose = () => (closed += 1)
        return server
      }
      const { statusOf } = yield* dispatching({ makeServer })
      for (const [incoming, status] of [
        [modernList, 200],
        [{ ...modernList, headers: { ...modernList.headers, accept: "text/event-stream" } }, 200],
        [{ body: modernBody("prompts/list"), headers: modernHeaders("prompts/list") }, 404]
      ] as const) {
        const before = closed
        assert.strictEqual(yield* statusOf(incoming), status)
        yield* nextTurn
        assert.strictEqual(closed, before + 1)
      }
    })
  )

  it.scoped("is what a stopping server waits for, but only of a call: subscriptions end at once", () =>
    Effect.gen(function* () {
      const { drain, start } = yield* dispatching({ makeServer: silentServer })
      const call = yield* start(modernList)
      const listen = "subscriptions/listen"
      const subscription = yield* start({ body: modernBody(listen), headers: modernHeaders(listen) })
      const outcome = yield* subscription.outcome
      if (HttpServerResponse.isServerResponse(outcome)) return assert.fail("It was refused")
      const draining = yield* Effect.fork(drain.drain)
      yield* Effect.yieldNow()
      assert.isNull(draining.unsafePoll())
      yield* Effect.repeat(
        Effect.promise(() => outcome.next()),
        { until: ({ done }) => done }
      )
      yield* subscription.end
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
      const { openSession, start, statusOf } = yield* dispatching()
      const headers = yield* openSession
      for (const incoming of [
        modernList,
        { ...modernList, headers: { ...modernList.headers, accept: "text/event-stream" } },
        legacyList,
        { ...legacyList, headers },
        { body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }), headers },
        { body: legacyBody("no/such", {}), headers }
      ]) {
        assert.isBelow(yield* statusOf({ ...incoming, wrap }), 400)
      }
      const listen = "subscriptions/listen"
      yield* start({ body: modernBody(listen), headers: modernHeaders(listen), wrap })
      yield* nextTurn
      assert.deepStrictEqual([...read].map(String).sort(), ["headers", "method", "signal"])
    })
  )
})
