import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { start } from "../support/program.ts"
import { loadSettings } from "../../src/config.ts"
import { makeDrain } from "../../src/http/drain.ts"
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

/** Starts a call that waits for a long run, and stops the endpoint when the call is pending. */
const stopping = (at: Endpoint, wait: Effect.Effect<Response>) =>
  Effect.gen(function* () {
    const before = yield* upstreamCalls(at)
    const call = yield* Effect.fork(Effect.exit(wait))
    yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
    const stopped = yield* Effect.fork(Fiber.interrupt(at.fiber))
    yield* eventually(Effect.map(send(`${at.url}/ready`), ({ status }) => status === 503))
    return { call, stopped } as const
  })

describe("stopping with a pending call", () => {
  it.scopedLive("is not ready, opens no new session, lets the call finish and ends", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const { call, stopped } = yield* stopping(
        at,
        callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 2 }, { session })
      )
      assert.strictEqual((yield* send(`${at.url}/health`)).status, 200)
      const refused = yield* initialize(at.mcp)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers.get("vary"), "Origin")
      assert.strictEqual((yield* rpcErrorOf(refused)).code, -32000)
      // A pending call may need its session.
      const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" })
      assert.strictEqual((yield* post(at.mcp, ping, { session })).status, 200)
      assert.strictEqual((yield* modern(at.mcp, "tools/list", {})).status, 200)
      const answer = yield* yield* Fiber.join(call)
      assert.notStrictEqual((yield* resultOf(answer)).isError, true)
      yield* Fiber.join(stopped)
    })
  )

  it.scoped("cuts a call off when the drain time is over, and sends nothing more to Sequentum", () =>
    Effect.gen(function* () {
      for (const era of ["modern", "legacy"] as const) {
        const at = yield* endpoint({}, 1, { timeouts: { drain: Duration.seconds(1) } })
        const ids = yield* startRun(at)
        const ask = era === "legacy" ? { session: yield* openSession(at.mcp) } : {}
        const { call, stopped } = yield* stopping(
          at,
          callTool[era](at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, ask)
        )
        yield* TestClock.adjust("999 millis")
        assert.strictEqual((yield* send(`${at.url}/ready`)).status, 503)
        assert.isNull(stopped.unsafePoll())
        yield* TestClock.adjust("1 millis")
        // An interruption alone makes the program end with 0.
        const exit = yield* Fiber.join(stopped)
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
        const sent = yield* upstreamCalls(at)
        yield* Fiber.join(call)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* upstreamCalls(at), sent)
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

  it.scopedLive("closes GET streams, and waits for none of them", () =>
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

/** The built program, on a sandbox of its own. */
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
  it.scopedLive("ends at once when no call is pending, although connections are open", () =>
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

  it.scopedLive("lets a pending call finish, opens no new session meanwhile, and ends with 0", () =>
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
})
