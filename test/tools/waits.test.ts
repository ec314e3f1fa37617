import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as TestClock from "effect/TestClock"
import { errorText } from "../../src/mcp/results.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { whileTimePasses } from "../support/time.ts"
import { overHttp } from "../support/tools.ts"
import { asCaller, script, type Step } from "../support/http.ts"

const ok = (body: unknown): Step => ({ status: 200, body: JSON.stringify(body) })
const run = (status: number) => ok({ id: 90, status })
const build = (status: string) => ok({ status, agentId: 9 })
const page: Step = { status: 200, headers: { "content-type": "text/html" }, body: "<!doctype html><html></html>" }
const brokenOff: Step = { status: 200, body: '{"id":90,"sta' }
const refusedConnection: Step = { fails: { code: "ECONNREFUSED", syscall: "connect" } }
const lostConnection: Step = { fails: { code: "ECONNRESET", syscall: "read" } }

const tools = {
  wait_for_run: { agentId: 7, runId: 90 },
  wait_for_agent_build: { sessionId: "s1" }
} as const

/** Waits over a Sequentum that does these things one after the other, and then the last one again and again. */
const wait = (tool: keyof typeof tools, steps: ReadonlyArray<Step>, timeoutSeconds: number) =>
  Effect.gen(function* () {
    const { layer, seen } = script(steps)
    const registry = yield* Effect.provide(ToolRegistry, overHttp(layer))
    const began = yield* Clock.currentTimeMillis
    const ended = yield* whileTimePasses(
      Effect.either(asCaller(registry.call(tool, { ...tools[tool], timeoutSeconds }))),
      "250 millis"
    )
    const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
    return { ended, reads: seen.length, seconds }
  })

const result = (...args: Parameters<typeof wait>) =>
  Effect.map(wait(...args), ({ ended, ...others }) => {
    const none: JsonObject = {}
    return { ...others, value: Either.match(ended, { onLeft: () => none, onRight: ({ value }) => value }) }
  })

const failure = (...args: Parameters<typeof wait>) =>
  Effect.map(wait(...args), ({ ended, ...others }) => {
    const error = Either.isLeft(ended) ? ended.left : undefined
    const text = error === undefined || error._tag === "UnknownTool" ? "" : errorText(error, () => true)
    return { ...others, tag: error?._tag, text }
  })

const nineBad: ReadonlyArray<Step> = [
  { status: 503 },
  { status: 520 },
  { status: 501 },
  page,
  brokenOff,
  lostConnection,
  refusedConnection,
  { status: 404 },
  { status: 408 }
]

describe("a wait", () => {
  it.effect("for a run goes on through every failure that passes, to its end", () =>
    Effect.gen(function* () {
      const { reads, value } = yield* result("wait_for_run", [run(1), ...nineBad, run(10)], 45)
      assert.deepStrictEqual(value["run"], { runId: 90, status: "Success", isFinal: true })
      assert.strictEqual(
        value["notice"],
        "9 of 11 reads failed: Sequentum did not answer in time (408, GET /agent/7/run/90/status). The state shown was read after that."
      )
      assert.strictEqual(reads, 11)
    })
  )

  it.effect("for a build does too", () =>
    Effect.gen(function* () {
      const { value } = yield* result(
        "wait_for_agent_build",
        [build("processing"), page, { status: 502 }, build("completed")],
        45
      )
      assert.deepStrictEqual(value["build"], { sessionId: "s1", status: "completed", agentId: 9 })
      assert.match(String(value["notice"]), /^2 of 4 reads failed: Sequentum failed \(502, /)
    })
  )

  it.effect("gives the last state seen where Sequentum stays away, and says how old it is", () =>
    Effect.gen(function* () {
      const { seconds, value } = yield* result("wait_for_run", [run(1), { status: 503 }], 20)
      assert.deepStrictEqual(value["run"], { runId: 90, status: "Running", isFinal: false })
      assert.match(
        String(value["notice"]),
        /^\d of \d reads failed: Sequentum failed \(503, GET \/agent\/7\/run\/90\/status\)\. The state shown was read 20 seconds before the end of the wait\.$/
      )
      assert.strictEqual(seconds, 20)
    })
  )

  it.effect("has no notice where every read succeeded", () =>
    Effect.gen(function* () {
      const { value } = yield* result("wait_for_run", [run(1)], 5)
      assert.notProperty(value, "notice")
    })
  )

  it.effect("goes on where the first reads fail", () =>
    Effect.gen(function* () {
      const { value } = yield* result("wait_for_run", [{ status: 503 }, refusedConnection, run(10)], 30)
      assert.strictEqual(value["isFinal"], true)
    })
  )

  it.effect("fails with the last failure where nothing was ever seen, when its time is over", () =>
    Effect.gen(function* () {
      const { reads, seconds, tag, text } = yield* failure("wait_for_run", [page, { status: 503 }], 10)
      assert.strictEqual(tag, "ServerFailure")
      assert.match(text, /^Sequentum failed \(503, GET \/agent\/7\/run\/90\/status\)\./)
      assert.strictEqual(seconds, 10)
      assert.isAtLeast(reads, 4)
    })
  )

  it.effect("is over in its time where no answer ever comes", () =>
    Effect.gen(function* () {
      for (const tool of ["wait_for_run", "wait_for_agent_build"] as const) {
        const { seconds, tag, text } = yield* failure(tool, ["silence"], 1)
        assert.strictEqual(seconds, 1)
        assert.strictEqual(tag, "ToolFailure")
        assert.strictEqual(
          text,
          "Sequentum did not answer within 1 second, so the state is not known. Nothing was changed; try again in a minute."
        )
      }
    })
  )

  it.effect("gives up a read that hangs, and reads again", () =>
    Effect.gen(function* () {
      const { value } = yield* result("wait_for_run", [run(1), "silence", run(10)], 45)
      assert.strictEqual(value["isFinal"], true)
      assert.match(String(value["notice"]), /^1 of 3 reads failed: Sequentum did not answer\./)
    })
  )

  it.effect("says so where the last read was still not answered", () =>
    Effect.gen(function* () {
      const { value } = yield* result("wait_for_run", [run(1), "silence"], 10)
      assert.strictEqual(
        value["notice"],
        "1 of 2 reads failed: Sequentum did not answer. The state shown was read 10 seconds before the end of the wait."
      )
    })
  )

  it.effect("ends at once where the run is not there, and where it is found missing twice", () =>
    Effect.gen(function* () {
      const first = yield* failure("wait_for_run", [{ status: 404 }], 30)
      assert.deepStrictEqual([first.tag, first.seconds, first.reads], ["NotFound", 0, 1])
      const twice = yield* failure("wait_for_run", [run(1), { status: 404 }], 30)
      assert.deepStrictEqual([twice.tag, twice.reads], ["NotFound", 3])
    })
  )

  it.effect("ends at once where reading on is pointless", () =>
    Effect.gen(function* () {
      for (const [status, tag] of [
        [401, "Unauthorized"],
        [403, "Forbidden"],
        [400, "Rejected"]
      ] as const) {
        const ended = yield* failure("wait_for_run", [run(1), { status }], 30)
        assert.deepStrictEqual([ended.tag, ended.reads], [tag, 2])
      }
    })
  )

  it.effect("keeps to the time that Sequentum asks for", () =>
    Effect.gen(function* () {
      const limited: Step = { status: 429, headers: { "retry-after": "10" } }
      const { reads, seconds, value } = yield* result("wait_for_run", [run(1), limited, run(10)], 45)
      assert.strictEqual(value["isFinal"], true)
      assert.strictEqual(reads, 3)
      assert.isAtLeast(seconds, 11)
    })
  )

  it.effect("ends where Sequentum asks for more time than is left", () =>
    Effect.gen(function* () {
      const limited: Step = { status: 429, headers: { "retry-after": "40" } }
      const seen = yield* result("wait_for_run", [run(1), limited], 30)
      assert.deepStrictEqual(seen.value["run"], { runId: 90, status: "Running", isFinal: false })
      assert.strictEqual(seen.seconds, 1)
      const unseen = yield* failure("wait_for_run", [limited], 30)
      assert.deepStrictEqual([unseen.tag, unseen.seconds], ["RateLimited", 0])
    })
  )
})

describe("the clock of day", () => {
  /** The clock of the test, on a machine whose clock of day goes back by an hour each time that it is read. */
  const jumping = Effect.map(Effect.clock, (clock): Clock.Clock => {
    let jumps = 0
    const back = (millis: number) => {
      jumps += 1
      return millis - jumps * 3_600_000
    }
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => back(clock.unsafeCurrentTimeMillis()),
      currentTimeMillis: Effect.map(clock.currentTimeMillis, back),
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      currentTimeNanos: clock.currentTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }
  })

  it.effect("has no effect on a wait", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
      const { layer } = script([run(1)])
      const registry = yield* Effect.provide(ToolRegistry, overHttp(layer))
      const clock = yield* jumping
      const ended = yield* whileTimePasses(
        Effect.withClock(asCaller(registry.call("wait_for_run", { ...tools.wait_for_run, timeoutSeconds: 5 })), clock)
      )
      assert.strictEqual(ended.value["waitedSeconds"], 5)
    })
  )

  it.effect("has no effect on how long a build that is ready is waited for", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
      const { layer } = script([build("ready")])
      const registry = yield* Effect.provide(ToolRegistry, overHttp(layer))
      const clock = yield* jumping
      const ended = yield* whileTimePasses(
        Effect.withClock(
          asCaller(registry.call("wait_for_agent_build", { ...tools.wait_for_agent_build, timeoutSeconds: 45 })),
          clock
        )
      )
      assert.strictEqual(ended.value["waitedSeconds"], 13)
    })
  )
})
