import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { start } from "../cli/program.ts"
import { makeDrain } from "../../src/http/drain.ts"
import { endpoint, initialize, modern, openSession, post, type Endpoint } from "./endpoint.ts"
import { callTool, eventually, resultOf, rpcErrorOf, send, startRun, upstreamCalls, wire } from "./wire.ts"

describe("draining", () => {
  it.effect("waits for the last request, and no longer", () =>
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

  it.effect("waits no longer than it may, though it can't be interrupted", () =>
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

  it.effect("ends at once where there is nothing to wait for", () =>
    Effect.flatMap(makeDrain(Duration.seconds(10)), ({ drain }) => drain)
  )
})

/** A call that waits for a run that takes minutes; begins the endpoint's end once it is under way. */
const stopping = (at: Endpoint, wait: Effect.Effect<Response>) =>
  Effect.gen(function* () {
    const before = yield* upstreamCalls(at)
    const call = yield* Effect.fork(Effect.exit(wait))
    yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
    const over = yield* Deferred.make<null>()
    yield* Effect.fork(Effect.zipRight(Fiber.interrupt(at.fiber), Deferred.succeed(over, null)))
    yield* eventually(Effect.map(send(`${at.url}/ready`), ({ status }) => status === 503))
    return { call, over: Deferred.await(over) }
  })

describe("stopping with a call under way", () => {
  it.scopedLive("is not ready, takes no new session, lets the call finish and ends", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const { call, over } = yield* stopping(
        at,
        callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 2 }, { session })
      )
      assert.strictEqual((yield* send(`${at.url}/health`)).status, 200)
      const refused = yield* initialize(at.mcp)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers.get("vary"), "Origin")
      assert.strictEqual((yield* rpcErrorOf(refused)).code, -32000)
      // What is under way may need its session.
      const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" })
      assert.strictEqual((yield* post(at.mcp, ping, { session })).status, 200)
      assert.strictEqual((yield* modern(at.mcp, "tools/list", {})).status, 200)
      const answer = yield* yield* Fiber.join(call)
      assert.notStrictEqual((yield* resultOf(answer)).isError, true)
      yield* over
    })
  )

  it.scoped("cuts a call that takes too long, and stops asking Sequentum", () =>
    Effect.gen(function* () {
      for (const era of ["modern", "legacy"] as const) {
        const at = yield* endpoint({}, 1, { timeouts: { drain: Duration.millis(400) } })
        const ids = yield* startRun(at)
        const ask = era === "legacy" ? { session: yield* openSession(at.mcp) } : {}
        const { call, over } = yield* stopping(
          at,
          callTool[era](at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, ask)
        )
        yield* TestClock.adjust("400 millis")
        yield* over
        const asked = yield* upstreamCalls(at)
        yield* Fiber.join(call)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* upstreamCalls(at), asked)
      }
    })
  )

  it.scopedLive("closes streams that only listen, and waits for none of them", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const session = yield* openSession(at.mcp)
      const stream = yield* Effect.promise(() =>
        fetch(at.mcp, {
          headers: { authorization: "Bearer alice", accept: "text/event-stream", "mcp-session-id": session }
        })
      )
      const idle = yield* wire(at.url)
      const began = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(at.fiber)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 3000)
      yield* Effect.promise(() => stream.text().catch(() => ""))
      yield* idle.closed
    })
  )

  it.scopedLive("does not wait for a client that is gone", () =>
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

/** The built program, serving a sandbox of its own. */
const program = (speed: string) =>
  Effect.gen(function* () {
    const { child, exited, written } = yield* start(["http", "--sandbox", "--sandbox-speed", speed, "--port", "0"])
    const url = yield* Effect.async<string>((resume) => {
      const look = () => {
        const [, found] = /(http:\/\/127\.0\.0\.1:\d+)\/mcp/u.exec(written.stderr) ?? []
        if (found !== undefined) resume(Effect.succeed(found))
      }
      child.stderr.on("data", look)
      look()
    })
    const ended = Effect.map(
      Effect.promise(() => exited),
      () => ({ code: child.exitCode, ...written })
    )
    return { child, ended, url, mcp: `${url}/mcp` }
  })

describe("the program on SIGTERM", () => {
  it.scopedLive("ends at once when it is idle, though connections are open", () =>
    Effect.gen(function* () {
      const { child, ended, mcp, url } = yield* program("60")
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

  it.scopedLive("lets a call under way finish, takes no new session meanwhile, and ends with 0", () =>
    Effect.gen(function* () {
      const { child, ended, mcp, url } = yield* program("1")
      const ids = yield* startRun({ mcp })
      const session = yield* openSession(mcp)
      const response = yield* callTool.legacy(
        mcp,
        "wait_for_run",
        { ...ids, timeoutSeconds: 3 },
        { session },
        { progressToken: 1 }
      )
      child.kill("SIGTERM")
      yield* eventually(Effect.map(send(`${url}/ready`), ({ status }) => status === 503))
      assert.strictEqual((yield* initialize(mcp)).status, 503)
      assert.notStrictEqual((yield* resultOf(response)).isError, true)
      const { code, stderr } = yield* ended
      assert.strictEqual(code, 0)
      assert.notMatch(stderr, /error/iu)
    })
  )

  it.scopedLive(
    "cuts a call off after ten seconds, and ends with 0",
    () =>
      Effect.gen(function* () {
        const { child, ended, mcp } = yield* program("1")
        const ids = yield* startRun({ mcp })
        const response = yield* callTool.modern(
          mcp,
          "wait_for_run",
          { ...ids, timeoutSeconds: 45 },
          {},
          { progressToken: 1 }
        )
        const began = yield* Clock.currentTimeMillis
        child.kill("SIGTERM")
        const { code } = yield* ended
        assert.strictEqual(code, 0)
        const took = (yield* Clock.currentTimeMillis) - began
        assert.isAtLeast(took, 9500)
        assert.isBelow(took, 14_000)
        yield* Effect.promise(() => response.text().catch(() => ""))
      }),
    40_000
  )
})
