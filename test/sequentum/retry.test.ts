import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as FastCheck from "effect/FastCheck"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import * as RateBudget from "../../src/sequentum/client/RateBudget.ts"
import { asCaller, scriptedClient, type Step } from "../support/http.ts"

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })
const ok: Step = { status: 200, body: '{"ok":true}' }

type Method = "GET" | "POST" | "PUT" | "DELETE"

/** Sends one request through the script while `time` passes. Returns its result, the number of tries and their delays. */
const exchange = (method: Method, steps: ReadonlyArray<Step>, time: Duration.DurationInput = "10 minutes") =>
  Effect.gen(function* () {
    const { client, seen } = yield* scriptedClient(steps)
    const requests = {
      GET: client.get(thing, Ok),
      POST: client.post(thing, Ok),
      PUT: client.put(thing, Ok),
      DELETE: Effect.as(client.deleteVoid(thing), { ok: true })
    }
    const fiber = yield* Effect.fork(Effect.either(asCaller(requests[method])))
    yield* TestClock.adjust(time)
    const result = yield* Fiber.join(fiber)
    const delays = seen.slice(1).map(({ at }, index) => at - (seen[index]?.at ?? 0))
    return { result, tries: seen.length, delays }
  })

const tagOf = (result: Either.Either<unknown, { readonly _tag: string }>) =>
  Either.isLeft(result) ? result.left._tag : "ok"

const always = (status: number): ReadonlyArray<Step> => [{ status }]

describe("idempotent requests", () => {
  for (const status of [429, 500, 502, 503, 504]) {
    it.effect(`are retried after ${status}, at most three times`, () =>
      Effect.gen(function* () {
        const { result, tries } = yield* exchange("GET", always(status))
        assert.strictEqual(tries, 4)
        assert.strictEqual(tagOf(result), status === 429 ? "RateLimited" : "ServerFailure")
      })
    )
  }

  for (const status of [400, 401, 402, 403, 404, 409, 418, 422, 501, 505]) {
    it.effect(`are not retried after ${status}`, () =>
      Effect.gen(function* () {
        const { tries } = yield* exchange("GET", always(status))
        assert.strictEqual(tries, 1)
      })
    )
  }

  for (const method of ["GET", "PUT", "DELETE"] as const) {
    it.effect(`${method} is retried after a 500, a dropped connection and a timeout`, () =>
      Effect.gen(function* () {
        const { result, tries } = yield* exchange(method, [
          { status: 500 },
          { fails: { code: "ECONNRESET" } },
          "silence",
          ok
        ])
        assert.strictEqual(tagOf(result), "ok")
        assert.strictEqual(tries, 4)
      })
    )
  }

  it.effect("are retried after a response that breaks off or stalls", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("GET", ["break", "stall", ok])
      assert.strictEqual(tagOf(result), "ok")
      assert.strictEqual(tries, 3)
    })
  )

  it.effect("succeed when one try does", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("GET", [{ status: 503 }, ok])
      assert.deepStrictEqual(result, Either.right({ ok: true }))
      assert.strictEqual(tries, 2)
    })
  )
})

describe("a POST", () => {
  it.effect("is retried after 429", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("POST", [{ status: 429 }, ok])
      assert.strictEqual(tagOf(result), "ok")
      assert.strictEqual(tries, 2)
    })
  )

  it.effect("fails after four tries that are refused with 429", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("POST", always(429))
      assert.strictEqual(tagOf(result), "RateLimited")
      assert.strictEqual(tries, 4)
    })
  )

  it.effect("is not retried when a 500 follows a 429", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("POST", [{ status: 429 }, { status: 500 }, ok])
      assert.strictEqual(tagOf(result), "ServerFailure")
      assert.strictEqual(tries, 2)
    })
  )

  for (const fails of [
    { code: "ECONNREFUSED", syscall: "connect" },
    { code: "ENOTFOUND", syscall: "getaddrinfo" },
    { code: "ETIMEDOUT", syscall: "connect" }
  ]) {
    it.effect(`is retried if no connection was made (${fails.code})`, () =>
      Effect.gen(function* () {
        const { tries } = yield* exchange("POST", [{ fails }, ok])
        assert.strictEqual(tries, 2)
      })
    )
  }

  for (const [what, step] of [
    ["a 500", { status: 500 }],
    ["a 502", { status: 502 }],
    ["a 503", { status: 503 }],
    ["a 504", { status: 504 }],
    ["a dropped connection", { fails: { code: "ECONNRESET", syscall: "read" } }],
    ["a timeout", "silence"],
    ["a response that stalls", "stall"],
    ["a response that breaks off", "break"],
    ["a broken connection of an unknown kind", { fails: { code: "not a code" } }]
  ] as const) {
    it.effect(`is never retried after ${what}`, () =>
      Effect.gen(function* () {
        const { result, tries } = yield* exchange("POST", [step, ok])
        assert.strictEqual(tries, 1)
        assert.notStrictEqual(tagOf(result), "ok")
      })
    )
  }
})

describe("backoff", () => {
  it.effect("is one, two and four seconds, plus or minus a fifth", () =>
    Effect.gen(function* () {
      for (let seed = 0; seed < 20; seed += 1) {
        const { delays } = yield* Effect.withRandom(exchange("GET", always(500)), Random.make(seed))
        assert.strictEqual(delays.length, 3)
        for (const [index, base] of [1000, 2000, 4000].entries()) {
          assert.isAtLeast(delays[index] ?? 0, base * 0.8 - 1)
          assert.isAtMost(delays[index] ?? 0, base * 1.2 + 1)
        }
      }
    })
  )

  it.effect("differs from one request to the next", () =>
    Effect.gen(function* () {
      const first = yield* exchange("GET", always(500))
      const second = yield* exchange("GET", always(500))
      assert.notDeepEqual(first.delays, second.delays)
    })
  )

  for (const [what, step] of [
    ["between two tries", { status: 500 }],
    ["during a try", "silence"],
    ["during Retry-After", { status: 429, headers: { "retry-after": "60" } }]
  ] as const) {
    it.effect(`ends when the call is interrupted ${what}`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* scriptedClient([step])
        const fiber = yield* Effect.fork(asCaller(client.get(thing, Ok)))
        yield* TestClock.adjust("100 millis")
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(seen.length, 1)
      })
    )
  }
})

const limited = (retryAfter: string): Step => ({ status: 429, headers: { "retry-after": retryAfter } })

describe("Retry-After", () => {
  it.effect("in seconds replaces the backoff", () =>
    Effect.gen(function* () {
      const { delays, result } = yield* exchange("GET", [limited("45"), ok])
      assert.deepStrictEqual(delays, [45_000])
      assert.strictEqual(tagOf(result), "ok")
    })
  )

  it.effect("of exactly 60 seconds is respected", () =>
    Effect.gen(function* () {
      const { delays } = yield* exchange("POST", [limited("60"), ok])
      assert.deepStrictEqual(delays, [60_000])
    })
  )

  for (const [form, date] of [
    ["", "Sun, 01 Mar 2026 12:00:20 GMT"],
    [" in the form of RFC 850", "Sunday, 01-Mar-26 12:00:20 GMT"],
    [" in the form of asctime", "Sun Mar  1 12:00:20 2026"]
  ] as const) {
    it.effect(`as a date${form} is respected`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-01T12:00:00Z"))
        const { delays } = yield* exchange("GET", [limited(date), ok])
        assert.deepStrictEqual(delays, [20_000])
      })
    )
  }

  it.effect("is respected each time", () =>
    Effect.gen(function* () {
      const { delays } = yield* exchange("GET", [limited("10"), limited("20"), limited("30"), ok])
      assert.deepStrictEqual(delays, [10_000, 20_000, 30_000])
    })
  )

  it.effect("as a date in the past retries at once", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-01T12:00:00Z"))
      const { delays } = yield* exchange("GET", [limited("Sun, 01 Mar 2026 11:00:00 GMT"), ok])
      assert.deepStrictEqual(delays, [0])
    })
  )

  it.effect("of a 503 is respected too", () =>
    Effect.gen(function* () {
      const { delays } = yield* exchange("GET", [{ status: 503, headers: { "retry-after": "7" } }, ok])
      assert.deepStrictEqual(delays, [7000])
    })
  )

  for (const [form, value] of [
    ["in seconds", "61"],
    ["as a date", "Sun, 01 Mar 2026 12:01:01 GMT"]
  ] as const) {
    it.effect(`above 60 seconds, ${form}, fails at once and says how long to wait`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-01T12:00:00Z"))
        const { result, tries } = yield* exchange("GET", [limited(value), ok], "0 millis")
        assert.strictEqual(tries, 1)
        assert.isTrue(
          Either.isLeft(result) && result.left._tag === "RateLimited" && result.left.retryAfterSeconds === 61
        )
      })
    )
  }

  it.effect("above 60 seconds of a 503 fails at once too", () =>
    Effect.gen(function* () {
      const { result, tries } = yield* exchange("GET", [{ status: 503, headers: { "retry-after": "600" } }, ok])
      assert.strictEqual(tries, 1)
      assert.isTrue(
        Either.isLeft(result) && result.left._tag === "ServerFailure" && result.left.retryAfterSeconds === 600
      )
    })
  )

  for (const value of ["soon", "", "-5", "3.5", "1e3", "5 seconds", "soon 5", "2026-03-01", "Sun, 01 Mar 2026"]) {
    it.effect(`that is malformed (${JSON.stringify(value)}) is ignored`, () =>
      Effect.gen(function* () {
        const { delays } = yield* exchange("GET", [limited(value), ok])
        assert.isAtLeast(delays[0] ?? 0, 799)
        assert.isAtMost(delays[0] ?? 0, 1201)
      })
    )
  }
})

describe("one try", () => {
  it.effect("times out after the request timeout, not before", () =>
    Effect.gen(function* () {
      const { client } = yield* scriptedClient(["silence"])
      const fiber = yield* Effect.fork(Effect.either(asCaller(client.post(thing, Ok))))
      yield* TestClock.adjust("29999 millis")
      assert.isTrue((yield* Fiber.poll(fiber))._tag === "None")
      yield* TestClock.adjust("1 millis")
      const result = yield* Fiber.join(fiber)
      assert.isTrue(Either.isLeft(result) && result.left._tag === "RequestTimeout" && result.left.seconds === 30)
    })
  )
})

describe("a DELETE", () => {
  for (const [what, step, tag] of [
    ["a 500", { status: 500 }, "ServerFailure"],
    ["a timeout", "silence", "RequestTimeout"],
    ["a dropped connection", { fails: { code: "ECONNRESET", syscall: "read" } }, "ConnectionFailed"]
  ] as const) {
    it.effect(`fails as its first try did if its retry after ${what} gets 404, which proves nothing`, () =>
      Effect.gen(function* () {
        const { result, tries } = yield* exchange("DELETE", [step, { status: 404 }])
        assert.strictEqual(tagOf(result), tag)
        assert.strictEqual(tries, 2)
      })
    )
  }

  for (const [what, step] of [
    ["a 429", { status: 429 }],
    ["a refused connection", { fails: { code: "ECONNREFUSED", syscall: "connect" } }]
  ] as const) {
    it.effect(`fails if its retry after ${what} gets 404, since nothing was deleted before`, () =>
      Effect.gen(function* () {
        const { result, tries } = yield* exchange("DELETE", [step, { status: 404 }])
        assert.strictEqual(tagOf(result), "NotFound")
        assert.strictEqual(tries, 2)
      })
    )
  }

  it.effect("fails if its first try gets 404", () =>
    Effect.gen(function* () {
      assert.strictEqual(tagOf((yield* exchange("DELETE", [{ status: 404 }])).result), "NotFound")
    })
  )
})

describe("the rate budget", () => {
  const announcing: Step = {
    ...ok,
    headers: { "x-ratelimit-limit": "3", "x-ratelimit-window-seconds": "60" }
  }

  it.effect("delays the request that would exceed the announced limit", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing])
      const fiber = yield* Effect.fork(asCaller(Effect.repeatN(client.get(thing, Ok), 3)))
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(seen.length, 3)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.effect("is separate for each caller", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing])
      const as = (secret: string) =>
        Effect.provideService(Credentials, Credentials.of({ scheme: "Bearer", secret: Redacted.make(secret) }))
      yield* as("one")(Effect.repeatN(client.get(thing, Ok), 2))
      yield* as("two")(Effect.repeatN(client.get(thing, Ok), 2))
      assert.strictEqual(seen.length, 6)
    })
  )

  it.effect("is shared by all requests of an account, whatever their credentials object", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([announcing])
      const request = (account: string) =>
        Effect.suspend(() =>
          Effect.provideService(
            client.get(thing, Ok),
            Credentials,
            Credentials.of({ scheme: "Bearer", secret: Redacted.make("t"), account })
          )
        )
      const fiber = yield* Effect.fork(Effect.repeatN(request("one"), 3))
      yield* TestClock.adjust("59 seconds")
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
    for (let count = 0; count < 1000; count += 1) {
      assert.isTrue(Duration.equals(budget.reserve(0, Duration.seconds(60)), Duration.zero))
    }
  })

  it.effect("fails a request that would wait more than a minute, with the time to wait", () =>
    Effect.gen(function* () {
      const slow: Step = { ...ok, headers: { "x-ratelimit-limit": "1", "x-ratelimit-window-seconds": "300" } }
      const { client, seen } = yield* scriptedClient([slow])
      yield* asCaller(client.get(thing, Ok))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Effect.flip(asCaller(client.post(thing, Ok)))
      assert.isTrue(error._tag === "RateLimited" && error.retryAfterSeconds === 290)
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("counts retries", () =>
    Effect.gen(function* () {
      const { client, seen } = yield* scriptedClient([{ ...announcing, status: 500 }, announcing])
      const fiber = yield* Effect.fork(asCaller(Effect.repeatN(client.get(thing, Ok), 2)))
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(seen.length, 3)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(seen.length, 4)
    })
  )

  it.prop(
    "never exceeds the announced limit in a window, and delays nothing without need",
    [
      FastCheck.integer({ min: 1, max: 10 }),
      FastCheck.integer({ min: 1, max: 60 }),
      FastCheck.oneof(
        FastCheck.array(FastCheck.integer({ min: 0, max: 20_000 }), { maxLength: 60 }),
        FastCheck.array(FastCheck.integer({ min: 0, max: 2000 }), { minLength: 250, maxLength: 400 })
      )
    ],
    ([limit, windowSeconds, gaps]) => {
      const budget = RateBudget.make()
      budget.learn(limit, windowSeconds)
      const windowMillis = windowSeconds * 1000
      const sent: Array<number> = []
      let now = 0
      for (const gap of gaps) {
        now += gap
        const wait = Duration.toMillis(budget.reserve(now, Duration.infinity))
        const at = now + wait
        const recent = sent.filter((earlier) => earlier > at - windowMillis).length
        assert.isBelow(recent, limit)
        if (sent.filter((earlier) => earlier > now - windowMillis).length < limit) assert.strictEqual(wait, 0)
        sent.push(at)
      }
    }
  )

  it("reserves no slot for a wait that is too long", () => {
    const budget = RateBudget.make()
    budget.learn(1, 120)
    assert.strictEqual(Duration.toSeconds(budget.reserve(0, Duration.seconds(60))), 0)
    assert.strictEqual(Duration.toSeconds(budget.reserve(0, Duration.seconds(60))), 120)
    assert.strictEqual(Duration.toSeconds(budget.reserve(0, Duration.seconds(60))), 120)
  })

  it("ignores a malformed announcement", () => {
    const budget = RateBudget.make()
    budget.learn(Number.NaN, 60)
    budget.learn(0, 60)
    budget.learn(5, -1)
    for (let count = 0; count < 10; count += 1) {
      assert.isTrue(Duration.equals(budget.reserve(0, Duration.seconds(60)), Duration.zero))
    }
  })
})
