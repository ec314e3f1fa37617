import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import * as Breaker from "../../src/sequentum/client/Breaker.ts"
import * as Deadline from "../../src/sequentum/Deadline.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { asCaller, scriptedClient, type Step } from "../support/http.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })
const ok: Step = { status: 200, body: '{"ok":true}' }
const refused: Step = { fails: { code: "ECONNREFUSED", syscall: "connect" } }
const down: Step = { status: 503 }

const times = (count: number, step: Step): ReadonlyArray<Step> => Array.from({ length: count }, () => step)

const call = Deadline.within(Duration.seconds(50), Duration.seconds(45))

/** A client over a script; `start` makes a POST, which fails at its first 5xx, as a call of its own. */
const scripted = (steps: ReadonlyArray<Step>) =>
  Effect.map(scriptedClient(steps), ({ client, seen }) => ({
    seen,
    start: Effect.either(asCaller(call(client.post(thing, Ok)))),
    read: Effect.either(asCaller(call(client.get(thing, Ok))))
  }))

const outcome = Effect.map((either: { readonly _tag: string; readonly left?: { readonly _tag: string } }) =>
  either._tag === "Left" ? either.left?._tag : "ok"
)

describe("the breaker", () => {
  it.effect("answers at once, with the time of the next try, after 5 failures in a row", () =>
    Effect.gen(function* () {
      const { read, seen, start } = yield* scripted([down])
      yield* Effect.repeatN(start, 4)
      assert.strictEqual(seen.length, 5)
      yield* TestClock.adjust("2500 millis")
      const result = yield* read
      assert.isTrue(result._tag === "Left" && result.left._tag === "Unavailable" && result.left.retryAfterSeconds === 8)
      if (result._tag === "Left") {
        const { outcome: acted, text } = meaningOf(result.left)
        assert.strictEqual(acted, "refused")
        assert.match(text, /nothing was sent/u)
        assert.match(text, /after 8 seconds/u)
      }
      assert.strictEqual(seen.length, 5)
    })
  )

  it.effect("counts connections that fail", () =>
    Effect.gen(function* () {
      const { read, seen } = yield* scripted([refused])
      const calls = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 32 }, () => read),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("2 seconds")
      const results = yield* Fiber.join(calls)
      // None is sent again, since the breaker is open: the first four meet it, the others do not even wait.
      assert.strictEqual(seen.length, 32)
      const tags = results.map((result) => (result._tag === "Left" ? result.left._tag : "ok"))
      assert.deepStrictEqual(
        [...new Set(tags)].map((tag) => [tag, tags.filter((other) => other === tag).length]),
        [
          ["Unavailable", 4],
          ["ConnectionFailed", 28]
        ]
      )
      for (let count = 0; count < 20; count += 1) assert.strictEqual(yield* outcome(read), "Unavailable")
      assert.strictEqual(seen.length, 32)
    })
  )

  it.effect("stays closed for the failures of one call", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([down])
      const start = Effect.either(asCaller(client.post(thing, Ok)))
      yield* call(Effect.repeatN(start, 9))
      assert.strictEqual(seen.length, 10)
      // One failure of another call is enough then.
      yield* call(start)
      assert.strictEqual(yield* outcome(call(start)), "Unavailable")
      assert.strictEqual(seen.length, 11)
    })
  )

  for (const [what, step] of [
    ["400", { status: 400 }],
    ["401", { status: 401 }],
    ["404", { status: 404 }],
    ["408", { status: 408 }],
    ["429", { status: 429, headers: { "retry-after": "600" } }],
    ["501", { status: 501 }],
    ["a timeout", "silence"],
    ["a certificate that is not trusted", { fails: { code: "SELF_SIGNED_CERT_IN_CHAIN" } }]
  ] as const) {
    it.effect(`does not open after ${what}`, () =>
      Effect.gen(function* () {
        const { seen, start } = yield* scripted([step])
        const calls = yield* Effect.fork(Effect.repeatN(start, 9))
        yield* TestClock.adjust("10 minutes")
        yield* Fiber.join(calls)
        assert.strictEqual(seen.length, 10)
      })
    )
  }

  it.effect("begins to count anew after any answer of a host that works", () =>
    Effect.gen(function* () {
      const { seen, start } = yield* scripted([...times(4, down), { status: 404 }, ...times(4, down), ok])
      yield* Effect.repeatN(start, 9)
      assert.strictEqual(seen.length, 10)
    })
  )

  it.effect("sends one probe at a time, and closes on the first answer", () =>
    Effect.gen(function* () {
      const { read, seen, start } = yield* scripted([...times(5, down), "silence", ok])
      yield* Effect.repeatN(start, 4)
      yield* TestClock.adjust("10 seconds")
      const probe = yield* Effect.fork(start)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(seen.length, 6)
      assert.strictEqual(yield* outcome(read), "Unavailable")
      yield* Fiber.interrupt(probe)
      // An interrupted probe makes room for another one.
      assert.strictEqual(yield* outcome(read), "ok")
      const together = yield* Effect.all(
        times(5, ok).map(() => outcome(read)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(together, ["ok", "ok", "ok", "ok", "ok"])
      assert.strictEqual(seen.length, 12)
    })
  )

  it.effect("doubles the pause with each failed probe, from 10 seconds to 60, and begins anew once it was closed", () =>
    Effect.gen(function* () {
      const { seen, start } = yield* scripted([...times(5 + 5, down), ok, down])
      yield* Effect.repeatN(start, 4)
      for (const seconds of [10, 20, 40, 60, 60]) {
        const before = seen.length
        yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
        assert.strictEqual(yield* outcome(start), "Unavailable")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* outcome(start), "ServerFailure")
        assert.strictEqual(seen.length, before + 1)
      }
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* outcome(start), "ok")
      yield* Effect.repeatN(start, 4)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* outcome(start), "Unavailable")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* outcome(start), "ServerFailure")
    })
  )

  it.effect("opens again after a probe without an answer", () =>
    Effect.gen(function* () {
      const { seen, start } = yield* scripted([...times(5, down), "silence"])
      yield* Effect.repeatN(start, 4)
      yield* TestClock.adjust("10 seconds")
      const probe = yield* Effect.fork(start)
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(probe)
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(yield* outcome(start), "Unavailable")
      assert.strictEqual(seen.length, 6)
    })
  )

  it.effect("does not hide that a write may have been carried out", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([down])
      const start = Effect.either(asCaller(call(client.post(thing, Ok))))
      const remove = yield* Effect.fork(Effect.flip(asCaller(call(client.deleteVoid(thing)))))
      yield* TestClock.adjust("100 millis")
      yield* Effect.repeatN(start, 3)
      assert.strictEqual(seen.length, 5)
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(remove)
      assert.strictEqual(error._tag, "ServerFailure")
      assert.strictEqual(meaningOf(error).outcome, "unknown")
    })
  )

  it.effect("is seen in the metrics", () =>
    Effect.gen(function* () {
      const value = () =>
        Metric.unsafeSnapshot().flatMap(({ metricKey, metricState }) =>
          metricKey.name === "sequentum_breaker_open" &&
          metricKey.tags.some(({ key, value: host }) => key === "host" && host === "sequentum.test") &&
          MetricState.isGaugeState(metricState)
            ? [metricState.value]
            : []
        )
      const { start } = yield* scripted([...times(5, down), ok])
      assert.deepStrictEqual(value(), [0])
      yield* Effect.repeatN(start, 4)
      assert.deepStrictEqual(value(), [1])
      yield* TestClock.adjust("10 seconds")
      yield* start
      assert.deepStrictEqual(value(), [0])
    })
  )

  it.prop(
    "has at most one probe under way and never pauses for more than a minute, whatever happens",
    [
      FastCheck.array(
        FastCheck.record({
          gap: FastCheck.integer({ min: 0, max: 30_000 }),
          end: FastCheck.constantFrom("answer", "failure", "none"),
          call: FastCheck.integer({ min: 0, max: 3 }),
          stays: FastCheck.boolean()
        }),
        { maxLength: 80 }
      )
    ],
    ([events]) => {
      const breaker = Breaker.make("host.test")
      const calls = [{}, {}, {}, {}]
      let now = 0
      let probes = 0
      for (const { call: which, end, gap, stays } of events) {
        now += gap
        const pause = breaker.pause(now)
        assert.isAtMost(pause, 60_000)
        if (pause > 0) continue
        const isProbe = breaker.enter()
        if (isProbe) {
          assert.strictEqual(probes, 0)
          probes += 1
        }
        if (isProbe && stays) {
          assert.isAbove(breaker.pause(now), 0)
        }
        if (end === "answer") breaker.succeeded()
        else if (end === "failure") breaker.failed(now, calls[which] ?? {}, isProbe)
        if (isProbe) {
          breaker.probed()
          probes -= 1
        }
      }
      // It always lets somebody through in the end.
      assert.strictEqual(breaker.pause(now + 60_000), 0)
    }
  )
})
