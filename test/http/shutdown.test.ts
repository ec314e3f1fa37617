import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/TestClock"
import { program } from "../support/httpProgram.ts"
import { loadSettings } from "../../src/config.ts"
import { makeDrain } from "../../src/http/drain.ts"
import { localServer } from "../support/localServer.ts"
import { endpoint, initialize, modern, openSession, post, type Endpoint } from "../support/endpoint.ts"
import { callTool, eventually, resultOf, rpcErrorOf, send, startRun, upstreamCalls, wire } from "../support/wire.ts"

describe("draining", () => {
  it.effect("waits until no request is pending", () =>
    Effect.gen(function* () {
      const drain = yield* makeDrain(Duration.seconds(10))
      const [first, second] = [drain.enter(), drain.enter()]
      assert.isFalse(drain.isDraining())
      const draining = yield* Effect.fork(drain.drain)
      yield* Effect.yieldNow()
      assert.isTrue(drain.isDraining())
      first()
      assert.isNull(draining.unsafePoll())
      second()
      yield* Fiber.join(draining)
    })
  )

  it.effect("waits no longer than its time, although it can't be interrupted", () =>
    Effect.gen(function* () {
      const drain = yield* makeDrain(Duration.seconds(10))
      drain.enter()
      const draining = yield* Effect.fork(Effect.uninterruptible(drain.drain))
      yield* TestClock.adjust("9 seconds")
      assert.isNull(draining.unsafePoll())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(draining)
    })
  )

  it.effect("ends at once when no request is pending", () =>
    Effect.flatMap(makeDrain(Duration.seconds(10)), ({ drain }) => drain)
  )
})

const deploying = Effect.promise(() =>
  readFile(fileURLToPath(new URL("../../docs/deploy.md", import.meta.url)), "utf8")
)

/** Starts a call, and stops the endpoint when the call is pending. */
const stopping = (at: Endpoint, wait: Effect.Effect<Response>) =>
  Effect.gen(function* () {
    const before = yield* upstreamCalls(at)
    const call = yield* Effect.fork(Effect.exit(wait))
    yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
    const stopped = yield* Effect.fork(Fiber.interrupt(at.fiber))
    return { call, stopped } as const
  })

const isStopping = (url: string) => eventually(Effect.map(send(`${url}/ready`), ({ status }) => status === 503))

/** A Sequentum that keeps each request waiting until it is released. */
const held = Effect.gen(function* () {
  const taken = yield* Deferred.make<void>()
  const released = yield* Deferred.make<void>()
  const runFork = Runtime.runFork(yield* Effect.runtime())
  const { url } = yield* localServer((_, response) => {
    Deferred.unsafeDone(taken, Effect.void)
    const answer = Effect.sync(() => {
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify({ id: 7, name: "Books" }))
    })
    runFork(Effect.zipRight(Deferred.await(released), answer))
  })
  return {
    env: { SEQUENTUM_API_URL: url },
    taken: Deferred.await(taken),
    release: Deferred.succeed(released, undefined)
  } as const
})

describe("stopping with a pending call", () => {
  it.scopedLive("is not ready, opens no new session, lets the call finish and ends", () =>
    Effect.gen(function* () {
      const upstream = yield* held
      const at = yield* endpoint(upstream.env)
      const session = yield* openSession(at.mcp)
      const call = yield* Effect.fork(callTool.legacy(at.mcp, "get_agent", { agentId: 7 }, { session }))
      yield* upstream.taken
      const stopped = yield* Effect.fork(Fiber.interrupt(at.fiber))
      yield* isStopping(at.url)
      assert.strictEqual((yield* send(`${at.url}/health`)).status, 200)
      const refused = yield* initialize(at.mcp)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers.get("vary"), "Origin")
      assert.strictEqual((yield* rpcErrorOf(refused)).code, -32000)
      // A pending call may need its session.
      const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" })
      assert.strictEqual((yield* post(at.mcp, ping, { session })).status, 200)
      assert.strictEqual((yield* modern(at.mcp, "tools/list", {})).status, 200)
      assert.isNull(stopped.unsafePoll())
      yield* upstream.release
      assert.notStrictEqual((yield* Effect.flatMap(Fiber.join(call), resultOf)).isError, true)
      yield* Fiber.join(stopped)
    })
  )

  it.scopedLive("answers waits at once, with the last state and isFinal false, in both eras", () =>
    Effect.gen(function* () {
      for (const [era, meta] of [
        ["modern", {}],
        ["modern", { progressToken: 1 }],
        ["legacy", {}],
        ["legacy", { progressToken: 1 }]
      ] as const) {
        const at = yield* endpoint({}, 1)
        const ids = yield* startRun(at)
        const ask = era === "legacy" ? { session: yield* openSession(at.mcp) } : {}
        const began = yield* Clock.currentTimeMillis
        const wait = callTool[era](at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, ask, meta)
        const { call, stopped } = yield* stopping(at, wait)
        const { isError, structuredContent } = yield* Effect.flatMap(yield* Fiber.join(call), resultOf)
        assert.notStrictEqual(isError, true)
        assert.nestedPropertyVal(structuredContent, "isFinal", false)
        assert.nestedPropertyVal(structuredContent, "run.runId", ids.runId)
        yield* Fiber.join(stopped)
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 5000)
      }
    })
  )

  it.scoped("cuts a call off when the drain time is over, and sends nothing more to Sequentum", () =>
    Effect.gen(function* () {
      // No state is ever seen, so the wait has nothing to answer with.
      let reads = 0
      const { url: apiUrl } = yield* localServer((_, response) => {
        reads += 1
        response.setHeader("content-type", "text/html")
        response.end("<!doctype html>")
      })
      for (const era of ["modern", "legacy"] as const) {
        const at = yield* endpoint({ SEQUENTUM_API_URL: apiUrl }, 1, { timeouts: { drain: Duration.seconds(1) } })
        const ask = era === "legacy" ? { session: yield* openSession(at.mcp) } : {}
        const before = reads
        const ids = { agentId: 7, runId: 90, timeoutSeconds: 45 }
        const call = yield* Effect.fork(Effect.exit(callTool[era](at.mcp, "wait_for_run", ids, ask)))
        yield* eventually(Effect.sync(() => reads > before))
        const stopped = yield* Effect.fork(Fiber.interrupt(at.fiber))
        yield* isStopping(at.url)
        yield* TestClock.adjust("999 millis")
        assert.strictEqual((yield* send(`${at.url}/ready`)).status, 503)
        assert.isNull(stopped.unsafePoll())
        yield* TestClock.adjust("1 millis")
        // An interruption alone makes the program end with 0.
        const exit = yield* Fiber.join(stopped)
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
        const sent = reads
        yield* Fiber.join(call)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(reads, sent)
      }
    })
  )

  it.effect("waits ten seconds by default, as documented", () =>
    Effect.gen(function* () {
      const { drain } = yield* loadSettings(new Map())
      assert.strictEqual(Duration.toSeconds(drain), 10)
      assert.match(yield* deploying, /waits up to ten seconds/u)
    })
  )

  it.scopedLive("closes subscriptions and idle connections, and waits for none of them", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const stream = yield* modern(at.mcp, "subscriptions/listen", { notifications: {} })
      assert.strictEqual(stream.headers.get("content-type"), "text/event-stream")
      const idle = yield* wire(at.url)
      const began = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(at.fiber)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 3000)
      yield* Effect.promise(() => stream.text().catch(() => ""))
      yield* idle.closed
    })
  )

  it.scopedLive("does not wait for a client that has left", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(
          callTool.legacy(
            at.mcp,
            "wait_for_run",
            { ...ids, timeoutSeconds: 45 },
            { session, signal: controller.signal }
          )
        )
      )
      yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
      controller.abort()
      yield* call.await
      const began = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(at.fiber)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 3000)
    })
  )
})

const sandbox = ["--sandbox", "--sandbox-speed", "1"]

/** The built program, with a call under way. */
const pending = (env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const upstream = yield* held
    const at = yield* program([], { ...upstream.env, ...env })
    const session = yield* openSession(at.mcp)
    const call = yield* Effect.fork(Effect.exit(answered(at.mcp, session)))
    yield* upstream.taken
    return { ...at, ...upstream, call } as const
  })

/** The answer to a call; fails if the connection is cut. */
const answered = (mcp: string, session: string) =>
  Effect.flatMap(callTool.legacy(mcp, "get_agent", { agentId: 7 }, { session }), resultOf)

describe("the program on SIGTERM", () => {
  it.scopedLive("ends at once when no call is pending, although connections are open", () =>
    Effect.gen(function* () {
      const { child, ended, mcp, url } = yield* program(sandbox)
      const session = yield* openSession(mcp)
      assert.notStrictEqual(session, "")
      yield* wire(url)
      const began = yield* Clock.currentTimeMillis
      child.kill("SIGTERM")
      const { code, stdout } = yield* ended
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout, "")
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 3000)
    })
  )

  it.scopedLive("lets a pending call finish, opens no new session meanwhile, and ends with 0", () =>
    Effect.gen(function* () {
      const { call, child, ended, mcp, release, url } = yield* pending()
      child.kill("SIGTERM")
      yield* isStopping(url)
      assert.strictEqual((yield* initialize(mcp)).status, 503)
      yield* release
      assert.notStrictEqual((yield* yield* Fiber.join(call)).isError, true)
      const { code, stderr } = yield* ended
      assert.strictEqual(code, 0)
      assert.notMatch(stderr, /error/iu)
    })
  )

  it.scopedLive("cuts a call off when the drain time is over, and ends with 0", () =>
    Effect.gen(function* () {
      const { call, child, ended } = yield* pending({ DRAIN: "1 second" })
      const began = yield* Clock.currentTimeMillis
      child.kill("SIGTERM")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(call)))
      const { code, stderr } = yield* ended
      assert.strictEqual(code, 0)
      assert.notMatch(stderr, /error/iu)
      const took = (yield* Clock.currentTimeMillis) - began
      assert.isAtLeast(took, 900)
      assert.isBelow(took, 6000)
    })
  )

  it.scopedLive("answers a wait at once, before it closes the connection", () =>
    Effect.gen(function* () {
      const { child, ended, mcp } = yield* program(sandbox)
      const ids = yield* startRun({ mcp })
      const session = yield* openSession(mcp)
      const args = { ...ids, timeoutSeconds: 45 }
      const response = yield* callTool.legacy(mcp, "wait_for_run", args, { session }, { progressToken: 1 })
      const began = yield* Clock.currentTimeMillis
      child.kill("SIGTERM")
      assert.nestedPropertyVal((yield* resultOf(response)).structuredContent, "isFinal", false)
      const { code, stderr } = yield* ended
      assert.strictEqual(code, 0)
      assert.notMatch(stderr, /error/iu)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 5000)
    })
  )
})
