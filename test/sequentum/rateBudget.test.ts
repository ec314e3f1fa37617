import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import * as RateBudget from "../../src/sequentum/client/RateBudget.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import * as Deadline from "../../src/sequentum/Deadline.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import { asCaller, scriptedClient, type Step } from "../support/http.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })

const announcing = (limit: number, windowSeconds = 30, status = 200): Step => ({
  status,
  body: '{"ok":true}',
  headers: { "x-ratelimit-limit": String(limit), "x-ratelimit-window-seconds": String(windowSeconds) }
})

/** The clock of the test, whose time of day is set back. */
const clock = (setBack: { readonly millis: number }) =>
  Effect.map(Effect.clock, (own): Clock.Clock => ({
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => own.unsafeCurrentTimeMillis() - setBack.millis,
    unsafeCurrentTimeNanos: () => own.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(own.currentTimeMillis, (now) => now - setBack.millis),
    currentTimeNanos: own.currentTimeNanos,
    sleep: (duration) => own.sleep(duration)
  }))

describe("the rate budget", () => {
  it.effect("delays the request that would exceed the announced limit", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(3)])
      const fiber = yield* Effect.fork(asCaller(Effect.repeatN(client.get(thing, Ok), 3)))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(seen.length, 3)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("does not see that the time of day is set back", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(1)])
      const setBack = { millis: 0 }
      const fiber = yield* Effect.fork(
        asCaller(Effect.repeatN(client.get(thing, Ok), 1)).pipe(Effect.withClock(yield* clock(setBack)))
      )
      yield* TestClock.adjust("10 seconds")
      setBack.millis = 3_600_000
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 2)
    })
  )

  it.effect("is separate for each caller", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(3)])
      const as = (secret: string) =>
        Effect.provideService(Credentials, Credentials.of({ scheme: "Bearer", secret: Redacted.make(secret) }))
      yield* as("one")(Effect.repeatN(client.get(thing, Ok), 2))
      yield* as("two")(Effect.repeatN(client.get(thing, Ok), 2))
      assert.strictEqual(seen.length, 6)
    })
  )

  it.effect("is shared by all requests of an account, whatever their credentials object", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(3)])
      const request = (account: string) =>
        Effect.suspend(() =>
          Effect.provideService(
            client.get(thing, Ok),
            Credentials,
            Credentials.of({ scheme: "Bearer", secret: Redacted.make("t"), account })
          )
        )
      const fiber = yield* Effect.fork(Effect.repeatN(request("one"), 3))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(seen.length, 3)
      yield* request("two")
      assert.strictEqual(seen.length, 4)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 5)
    })
  )

  it("drops the least recently used account when there are too many", () => {
    const budgetOf = RateBudget.makeByCaller()
    const [first, second] = [budgetOf("first"), budgetOf("second")]
    for (let count = 0; count < 998; count += 1) budgetOf(`account ${count}`)
    assert.strictEqual(budgetOf("first"), first)
    budgetOf("one too many")
    assert.strictEqual(budgetOf("first"), first)
    assert.notStrictEqual(budgetOf("second"), second)
  })

  it("delays nothing before a limit is known", () => {
    const budget = RateBudget.make()
    for (let count = 0; count < 1000; count += 1) assert.isTrue(budget.tryTake(0, false))
  })

  it("ignores a malformed announcement", () => {
    const budget = RateBudget.make()
    budget.learn(Number.NaN, 60)
    budget.learn(0, 60)
    budget.learn(5, -1)
    for (let count = 0; count < 10; count += 1) assert.isTrue(budget.tryTake(0, false))
  })

  it.effect("fails a request that would wait more than 45 seconds, with the time to wait, and sends nothing", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(1, 56)])
      yield* asCaller(client.get(thing, Ok))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Effect.flip(asCaller(client.post(thing, Ok)))
      assert.isTrue(error._tag === "RateLimited" && error.retryAfterSeconds === 46)
      const { outcome, text } = meaningOf(error)
      assert.strictEqual(outcome, "refused")
      assert.match(text, /Nothing was sent/u)
      assert.match(text, /after 46 seconds/u)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("waits as long as the call that asks may wait, and not longer", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(1)])
      const within = (seconds: number) => Deadline.within(Duration.seconds(50), Duration.seconds(seconds))
      yield* asCaller(client.get(thing, Ok))
      const error = yield* Effect.flip(asCaller(within(29)(client.get(thing, Ok))))
      assert.strictEqual(error._tag, "RateLimited")
      const fiber = yield* Effect.fork(asCaller(within(31)(client.get(thing, Ok))))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 2)
    })
  )

  it.effect("counts retries", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(3, 30, 500), announcing(3)])
      const fiber = yield* Effect.fork(asCaller(Effect.repeatN(client.get(thing, Ok), 2)))
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(seen.length, 3)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("sends writes before reads that wait, and these in their order", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(1, 10)])
      yield* asCaller(client.get(thing, Ok))
      const read = (name: string) => client.get(apiPath("agent")`/read/${name}`, Ok)
      const write = (name: string) => client.post(apiPath("agent")`/write/${name}`, Ok)
      for (const request of [read("1"), read("2"), write("1"), write("2")]) {
        yield* Effect.fork(asCaller(request))
        yield* TestClock.adjust("1 seconds")
      }
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(
        seen.slice(1).map(({ at, url }) => [url.pathname.slice("/api/v1/".length), at]),
        [
          ["write/1", 10_000],
          ["write/2", 20_000],
          ["read/1", 30_000],
          ["read/2", 40_000]
        ]
      )
    })
  )

  it.effect("fails a read that writes push beyond 45 seconds", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing(1, 20)])
      yield* asCaller(client.get(thing, Ok))
      const read = yield* Effect.fork(Effect.flip(asCaller(client.get(thing, Ok))))
      yield* TestClock.adjust("1 seconds")
      for (let count = 0; count < 2; count += 1) yield* Effect.fork(asCaller(client.post(thing, Ok)))
      yield* TestClock.adjust("45 seconds")
      const error = yield* Fiber.join(read)
      assert.isTrue(error._tag === "RateLimited" && error.sent === false)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        seen.map(({ method }) => method),
        ["GET", "POST", "POST"]
      )
    })
  )

  for (const [which, place] of [
    ["first", 0],
    ["last", 2]
  ] as const) {
    it.effect(`an interrupted wait is not sent and gives its place back: the ${which} in line`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* scriptedClient([announcing(1, 10)])
        yield* asCaller(client.get(thing, Ok))
        const fibers = yield* Effect.forEach([0, 1, 2], () => Effect.fork(asCaller(client.get(thing, Ok))))
        yield* TestClock.adjust("5 seconds")
        for (const [index, fiber] of fibers.entries()) if (index === place) yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          seen.map(({ at }) => at),
          [0, 10_000, 20_000]
        )
      })
    )
  }

  const requests = FastCheck.array(
    FastCheck.record({
      gap: FastCheck.integer({ min: 0, max: 4000 }),
      isWrite: FastCheck.boolean(),
      interruptedAfter: FastCheck.option(FastCheck.integer({ min: 0, max: 20_000 }), { nil: undefined, freq: 4 })
    }),
    { maxLength: 40 }
  )

  it.effect.prop(
    "never exceeds the announced limit in a window, delays nothing without need, and forgets nobody",
    [FastCheck.integer({ min: 1, max: 8 }), FastCheck.integer({ min: 1, max: 20 }), requests],
    ([limit, windowSeconds, plans]) =>
      Effect.gen(function* () {
        const budget = RateBudget.make()
        budget.learn(limit, windowSeconds)
        const windowMillis = windowSeconds * 1000
        const sent: Array<number> = []
        const take = (isWrite: boolean) =>
          Effect.clockWith((own) => {
            const now = own.unsafeCurrentTimeMillis()
            const used = sent.filter((earlier) => earlier > now - windowMillis).length
            const isFree = budget.tryTake(now, isWrite)
            if (isFree) assert.isBelow(used, limit)
            return isFree ? Effect.void : budget.take(isWrite, Duration.seconds(45))
          }).pipe(
            Effect.zipRight(Clock.currentTimeMillis),
            Effect.map((at) => {
              const recent = sent.filter((earlier) => earlier > at - windowMillis).length
              assert.isBelow(recent, limit)
              sent.push(at)
              return "sent" as const
            })
          )
        const fibers = []
        for (const { gap, interruptedAfter, isWrite } of plans) {
          yield* TestClock.adjust(Duration.millis(gap))
          const one =
            interruptedAfter === undefined
              ? take(isWrite)
              : Effect.timeoutTo(take(isWrite), {
                  duration: Duration.millis(interruptedAfter),
                  onSuccess: (done) => done,
                  onTimeout: () => "interrupted" as const
                })
          fibers.push(yield* Effect.fork(Effect.either(one)))
        }
        yield* TestClock.adjust("2 minutes")
        const ends = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
        assert.strictEqual(ends.filter((end) => Either.isRight(end) && end.right === "sent").length, sent.length)
        // Nothing is left of those that waited.
        assert.isTrue(budget.tryTake(yield* Clock.currentTimeMillis, false))
      }),
    { fastCheck: { numRuns: 30 } }
  )
})
