import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { errorText } from "../../src/mcp/results.ts"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import * as Deadline from "../../src/sequentum/Deadline.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import type { ToolError } from "../../src/tools/Tool.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { whileTimePasses } from "../support/time.ts"
import { overHttp } from "../support/tools.ts"
import { asCaller, keyCaller, script, scriptedClient, type Step } from "../support/http.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })
const ok: Step = { status: 200, body: '{"ok":true}' }
/** Calls a tool while time passes. Returns how long it took, what it sent, and its result or words. */
const timed = (steps: ReadonlyArray<Step>, tool: string, args: Readonly<Record<string, unknown>>) =>
  Effect.gen(function* () {
    const { layer, seen } = script(steps)
    const tools = yield* Effect.provide(ToolRegistry, overHttp(layer))
    const startedAt = yield* Clock.currentTimeMillis
    const call = tools.call(tool, args).pipe(
      Effect.map(({ value }): unknown => value),
      Effect.catchAll((error) =>
        error._tag === "UnknownTool"
          ? Effect.die(error)
          : Effect.succeed(errorText(error satisfies ToolError, () => true))
      ),
      Effect.provideService(Credentials, keyCaller)
    )
    const result = yield* whileTimePasses(call, "1 second", 200)
    return { result, seen, seconds: ((yield* Clock.currentTimeMillis) - startedAt) / 1000 }
  })

/** The clock of the test, whose time of day is an hour earlier at each look. */
const fallingBack = Effect.map(Effect.clock, (own): Clock.Clock => {
  let looks = 0
  const millis = () => own.unsafeCurrentTimeMillis() - 3_600_000 * looks++
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: () => own.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: own.currentTimeNanos,
    sleep: (duration) => own.sleep(duration)
  }
})

describe("a tool call", () => {
  const slow: ReadonlyArray<readonly [what: string, steps: ReadonlyArray<Step>, tries: number]> = [
    ["nothing answers", ["silence"], 2],
    ["an answer does not end", ["stall"], 2],
    ["every answer is 503", [{ status: 503 }], 4],
    ["every answer asks to wait 20 seconds", [{ status: 503, headers: { "retry-after": "20" } }], 3],
    [
      "an answer asks to wait 44 seconds, then nothing answers",
      [{ status: 429, headers: { "retry-after": "44" } }, "silence"],
      2
    ]
  ]
  for (const [what, steps, tries] of slow) {
    it.effect(`ends within 50 seconds if ${what}`, () =>
      Effect.gen(function* () {
        const { result, seconds, seen } = yield* timed(steps, "get_agent", { agentId: 7 })
        assert.isAtMost(seconds, 50)
        assert.strictEqual(seen.length, tries)
        assert.match(String(result), /Retries did not help\./u)
      })
    )
  }

  it.effect("shares its time among its requests", () =>
    Effect.gen(function* () {
      const { seconds, seen } = yield* timed(
        [{ status: 429, headers: { "retry-after": "40" } }, ok, "silence"],
        "update_agent_schedule",
        { agentId: 7, scheduleId: 5, name: "nightly" }
      )
      assert.isAtMost(seconds, 50)
      assert.isAtMost(seen.length, 3)
    })
  )

  for (const [what, step] of [
    ["429", { status: 429, headers: { "retry-after": "46" } }],
    ["503", { status: 503, headers: { "retry-after": "46" } }]
  ] as const) {
    it.effect(`fails at once, with the time, if a ${what} asks to wait longer than it may`, () =>
      Effect.gen(function* () {
        const { result, seconds, seen } = yield* timed([step], "get_agent", { agentId: 7 })
        assert.strictEqual(seconds, 0)
        assert.strictEqual(seen.length, 1)
        assert.match(String(result), /after 46 seconds/u)
        assert.notMatch(String(result), /Retries did not help/u)
      })
    )
  }

  it.effect("counts what it has waited before against the wait that Sequentum asks for", () =>
    Effect.gen(function* () {
      const limited: Step = { status: 429, headers: { "retry-after": "25" } }
      const { result, seconds, seen } = yield* timed([limited], "get_agent", { agentId: 7 })
      assert.strictEqual(seconds, 25)
      assert.strictEqual(seen.length, 2)
      assert.match(String(result), /Nothing was done\. Try again after 25 seconds/u)
    })
  )

  it.effect("has no number in its words for a wait without sense", () =>
    Effect.gen(function* () {
      for (const value of ["251606667765", "9".repeat(400), "99999999"]) {
        const { result } = yield* timed([{ status: 429, headers: { "retry-after": value } }], "get_agent", {
          agentId: 7
        })
        assert.match(String(result), /Nothing was done.*Try again no sooner than in two days/u)
        assert.notMatch(String(result), /\d{4}|Infinity|e\+/u)
      }
    })
  )

  it.effect("is not told that retries did not help where there were none", () =>
    Effect.gen(function* () {
      for (const [status, words] of [
        [501, /^Sequentum does not implement this \(501, .*trying again will not help\.$/u],
        [505, /^Sequentum does not implement this \(505, /u]
      ] as const) {
        const { result, seen } = yield* timed([{ status }], "get_agent", { agentId: 7 })
        assert.strictEqual(seen.length, 1)
        assert.match(String(result), words)
        assert.notMatch(String(result), /Retries/u)
      }
    })
  )

  for (const [status, words] of [
    [408, /^Sequentum did not answer in time \(408, .*Retries did not help\. Nothing was changed/u],
    [425, /^Sequentum failed \(425, .*Retries did not help\. Nothing was changed/u],
    [520, /^Sequentum failed \(520, .*Retries did not help\. Nothing was changed/u],
    [521, /^A gateway could not reach Sequentum \(521, .*Nothing was changed/u],
    [522, /^Sequentum did not answer in time \(522, .*Retries did not help/u],
    [523, /^A gateway could not reach Sequentum \(523, /u],
    [524, /^Sequentum did not answer in time \(524, /u]
  ] as const) {
    it.effect(`says what ${status} means for a read, after four tries`, () =>
      Effect.gen(function* () {
        const { result, seen } = yield* timed([{ status }], "get_agent", { agentId: 7 })
        assert.strictEqual(seen.length, 4)
        assert.match(String(result), words)
      })
    )

    it.effect(`says what ${status} means for a start`, () =>
      Effect.gen(function* () {
        const { result, seen } = yield* timed([{ status }], "start_agent", { agentId: 7 })
        // Where the outcome is not known, one more request looks for the run.
        const starts = seen.filter(({ method }) => method === "POST")
        assert.strictEqual(starts.length, 1)
        assert.match(String(result), /not known whether Sequentum acted/u)
        assert.notMatch(String(result), /change the arguments/u)
      })
    )
  }

  it.effect("that starts a run and waits for it may take longer", () =>
    Effect.gen(function* () {
      const { result, seconds } = yield* timed(["silence"], "start_agent", {
        agentId: 7,
        isRunSynchronously: true,
        timeout: 120
      })
      assert.strictEqual(seconds, 150)
      assert.match(String(result), /did not answer within 150 seconds/u)
    })
  )

  it.effect("that waits one second ends within five", () =>
    Effect.gen(function* () {
      for (const tool of ["wait_for_run", "wait_for_agent_build"]) {
        const args = tool === "wait_for_run" ? { agentId: 7, runId: 90 } : { sessionId: "s" }
        const { seconds } = yield* timed(["silence"], tool, { ...args, timeoutSeconds: 1 })
        assert.isAtMost(seconds, 5)
      }
    })
  )

  for (const tool of ["stop_agent", "kill_agent"]) {
    it.effect(`${tool} is answered within five seconds if the status can't be read afterwards`, () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* timed([{ status: 200 }, "silence"], tool, { agentId: 7, runId: 90 })
        assert.isAtMost(seconds, 5)
        assert.deepInclude(result, { agentId: 7, runId: 90 })
      })
    )
  }

  it.effect("does not see that the time of day is set back", () =>
    Effect.gen(function* () {
      const { layer, seen } = script(["silence"])
      const clock = yield* fallingBack
      const tools = yield* Effect.provide(ToolRegistry, overHttp(layer))
      const call = tools
        .call("get_agent", { agentId: 7 })
        .pipe(Effect.flip, Effect.provideService(Credentials, keyCaller), Effect.withClock(clock))
      const error = yield* whileTimePasses(call)
      assert.strictEqual(error._tag, "RequestTimeout")
      assert.strictEqual(seen.length, 2)
      assert.isAtMost(yield* Clock.currentTimeMillis, 50_000)
    })
  )
})

describe("a deadline", () => {
  const within = (seconds: number, waits = seconds) =>
    Deadline.within(Duration.seconds(seconds), Duration.seconds(waits))

  it.effect("shortens each try to what is left", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient(["silence"])
      const error = yield* whileTimePasses(Effect.flip(asCaller(within(7)(client.get(thing, Ok)))))
      assert.isTrue(error._tag === "RequestTimeout" && error.seconds === 7)
      assert.strictEqual(yield* Clock.currentTimeMillis, 7000)
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("is not moved by one inside that ends later", () =>
    Effect.gen(function* () {
      const { client } = yield* scriptedClient(["silence"])
      const error = yield* whileTimePasses(Effect.flip(asCaller(within(3)(within(20)(client.get(thing, Ok))))))
      assert.isTrue(error._tag === "RequestTimeout" && error.seconds === 3)
    })
  )

  it.effect("that has passed lets nothing be sent, and says so", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([ok])
      const late = Effect.zipRight(Effect.sleep("6 seconds"), client.post(thing, Ok))
      const error = yield* whileTimePasses(Effect.flip(asCaller(within(5)(late))))
      assert.strictEqual(seen.length, 0)
      const { outcome, text } = meaningOf(error)
      assert.strictEqual(outcome, "refused")
      assert.match(text, /Nothing was sent/u)
    })
  )

  it.effect("leaves out a retry for which there is no time", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([{ status: 503 }, ok])
      const error = yield* Effect.flip(asCaller(within(50, 0.5)(client.get(thing, Ok))))
      assert.strictEqual(error._tag, "ServerFailure")
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("an interrupted wait for Retry-After sends nothing more", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([{ status: 429, headers: { "retry-after": "20" } }, ok])
      const fiber = yield* Effect.fork(asCaller(client.post(thing, Ok)))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      yield* Fiber.interrupt(fiber)
      yield* whileTimePasses(Effect.sleep("1 minute"))
      assert.strictEqual(seen.length, 1)
    })
  )

  const step = FastCheck.oneof(
    FastCheck.constantFrom<Step>("silence", "stall", "break", ok, { fails: { code: "ECONNRESET", syscall: "read" } }),
    FastCheck.record({
      status: FastCheck.constantFrom(408, 429, 500, 503, 524),
      headers: FastCheck.oneof(
        FastCheck.constant({}),
        FastCheck.oneof(FastCheck.integer({ min: 0, max: 70 }).map(String), FastCheck.string({ maxLength: 12 }))
          .filter((value) => /^[\x20-\x7e]*$/u.test(value))
          .map((value) => ({ "retry-after": value }))
      )
    })
  )

  it.effect.prop(
    "holds whatever comes back",
    [
      FastCheck.array(step, { minLength: 1, maxLength: 6 }),
      FastCheck.integer({ min: 1, max: 50 }),
      FastCheck.constantFrom("GET", "POST")
    ],
    ([steps, seconds, method]) =>
      Effect.gen(function* () {
        const { client } = yield* scriptedClient(steps)
        const startedAt = yield* Clock.currentTimeMillis
        const request = method === "GET" ? client.get(thing, Ok) : client.post(thing, Ok)
        yield* whileTimePasses(Effect.either(asCaller(within(seconds)(request))), "500 millis")
        assert.isAtMost((yield* Clock.currentTimeMillis) - startedAt, seconds * 1000)
      }),
    { fastCheck: { numRuns: 40 } }
  )
})
