import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { whileTimePasses } from "../support/time.ts"
import { endpoint, initialize, legacy, openSession } from "../support/endpoint.ts"
import { callTool, eventually, metric, resultOf, rpcErrorOf, startRun } from "../support/wire.ts"

/** Room for one session, which ends when it is idle for half a minute. */
const settings = { MAX_SESSIONS: "1", SESSION_IDLE: "30 seconds" }

const status = (response: Response) =>
  Effect.promise(async () => {
    await response.text()
    return response.status
  })

const tryInitialize = (mcp: string) => Effect.flatMap(initialize(mcp), status)

const tryPing = (mcp: string, session: string) => Effect.flatMap(legacy(mcp, "ping", {}, { session }), status)

/** The number of open sessions. Reading it does not use them. */
const open = (url: string) => metric(url, "mcp_sessions")

describe("an idle session", () => {
  it.scoped("ends when its time is over, and makes room for another", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint(settings)
      const session = yield* openSession(mcp)
      assert.strictEqual(yield* open(url), 1)
      assert.strictEqual(yield* tryInitialize(mcp), 503)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* open(url), 1)
      assert.strictEqual(yield* tryInitialize(mcp), 503)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* open(url), 0)
      const gone = yield* legacy(mcp, "ping", {}, { session })
      assert.strictEqual(gone.status, 404)
      assert.strictEqual((yield* rpcErrorOf(gone)).code, -32001)
      const next = yield* openSession(mcp)
      assert.notStrictEqual(next, "")
      assert.notStrictEqual(next, session)
      assert.strictEqual(yield* tryPing(mcp, next), 200)
      // The old id does not come back with the new session.
      assert.strictEqual(yield* tryPing(mcp, session), 404)
    })
  )

  it.scoped("is counted from its last request, not from its first", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint(settings)
      const session = yield* openSession(mcp)
      for (let times = 0; times < 5; times++) {
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* tryPing(mcp, session), 200)
        assert.strictEqual(yield* tryInitialize(mcp), 503)
      }
      // Idle sessions are closed every half minute, so that one may last for up to a minute.
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* open(url), 1)
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual(yield* open(url), 0)
      assert.strictEqual(yield* tryPing(mcp, session), 404)
      assert.strictEqual(yield* tryInitialize(mcp), 200)
    })
  )

  it.scoped("is not kept alive by a GET stream, which ends with it", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint(settings)
      const session = yield* openSession(mcp)
      const stream = yield* Effect.promise(() =>
        fetch(mcp, {
          headers: { authorization: "Bearer alice", accept: "text/event-stream", "mcp-session-id": session }
        })
      )
      assert.strictEqual(stream.status, 200)
      assert.strictEqual(yield* open(url), 1)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* open(url), 0)
      yield* status(stream)
      assert.strictEqual(yield* tryInitialize(mcp), 200)
    })
  )

  it.scoped("is not one with a pending call, however long that takes", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ ...settings, SESSION_IDLE: "5 seconds" }, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const began = yield* TestClock.currentTimeMillis
      const { isError } = yield* whileTimePasses(
        Effect.flatMap(callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 20 }, { session }), resultOf)
      )
      assert.notStrictEqual(isError, true)
      assert.isAtLeast((yield* TestClock.currentTimeMillis) - began, 20_000)
      assert.strictEqual(yield* tryPing(at.mcp, session), 200)
      yield* TestClock.adjust("10 seconds")
      yield* eventually(Effect.map(open(at.url), (count) => count === 0))
      assert.strictEqual(yield* tryInitialize(at.mcp), 200)
    })
  )
})
