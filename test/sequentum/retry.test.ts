import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
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

  it.effect("of a POST is respected too", () =>
    Effect.gen(function* () {
      const { delays } = yield* exchange("POST", [limited("44"), ok])
      assert.deepStrictEqual(delays, [44_000])
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
    ["in seconds", "46"],
    ["as a date", "Sun, 01 Mar 2026 12:00:46 GMT"]
  ] as const) {
    it.effect(`above 45 seconds, ${form}, fails at once and says how long to wait`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-01T12:00:00Z"))
        const { result, tries } = yield* exchange("GET", [limited(value), ok], "0 millis")
        assert.strictEqual(tries, 1)
        assert.isTrue(
          Either.isLeft(result) && result.left._tag === "RateLimited" && result.left.retryAfterSeconds === 46
        )
      })
    )
  }

  it.effect("above 45 seconds of a 503 fails at once too", () =>
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
