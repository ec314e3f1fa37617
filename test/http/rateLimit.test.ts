import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import { endpoint } from "../support/endpoint.ts"
import { rpcErrorIn, send } from "../support/wire.ts"

describe("rate limiter", () => {
  it.effect("allows a number of requests per client and minute of the clock", () =>
    Effect.gen(function* () {
      const limiter = yield* makeRateLimiter(2)
      const takeAt = (millis: number, client = "a") => Effect.map(TestClock.setTime(millis), () => limiter.take(client))
      assert.deepStrictEqual(yield* takeAt(0), { allowed: true, limit: 2, remaining: 1, reset: 60 })
      assert.deepStrictEqual(yield* takeAt(30_500), { allowed: true, limit: 2, remaining: 0, reset: 30 })
      assert.deepStrictEqual(yield* takeAt(59_999), { allowed: false, limit: 2, remaining: 0, reset: 1 })
      assert.isTrue((yield* takeAt(59_999, "b")).allowed)
      assert.deepStrictEqual(yield* takeAt(60_000), { allowed: true, limit: 2, remaining: 1, reset: 60 })
    })
  )
})

describe("rate limit of the endpoint", () => {
  // The TestClock stands still, so that no minute ends between two requests.
  it.scoped("requests over the limit get 429 with the time to wait, with or without a token", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "3" })
      yield* TestClock.adjust("15 seconds")
      const answers = yield* Effect.forEach([1, 2, 3, 4, 5], () => send(mcp, { method: "POST" }))
      assert.deepStrictEqual(
        answers.map(({ headers, status }) => [status, headers["ratelimit-remaining"], headers["retry-after"]]),
        [
          [401, "2", undefined],
          [401, "1", undefined],
          [401, "0", undefined],
          [429, "0", "45"],
          [429, "0", "45"]
        ]
      )
      for (const { headers } of answers) {
        assert.strictEqual(headers["ratelimit-limit"], "3")
        assert.strictEqual(headers["ratelimit-reset"], "45")
      }
      assert.strictEqual((yield* rpcErrorIn(answers[4]?.body ?? "")).code, -32029)
      for (const path of ["/", "/health", "/ready", "/.well-known/oauth-protected-resource"]) {
        assert.strictEqual((yield* send(`${url}${path}`)).status, 200)
      }
    })
  )

  const remaining = (mcp: string, forwardedFor: ReadonlyArray<string>) =>
    Effect.forEach(forwardedFor, (value) =>
      Effect.map(send(mcp, { method: "POST", headers: { "x-forwarded-for": value } }), ({ headers }) =>
        Number(headers["ratelimit-remaining"])
      )
    )

  it.scoped("X-Forwarded-For is ignored unless the proxy is trusted", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1000" })
      const left = yield* remaining(mcp, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "127.0.0.1"])
      assert.deepStrictEqual(left, [999, 998, 997, 996])
    })
  )

  it.scoped("behind a trusted proxy a client is counted by the address that the proxy added", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "1000", TRUST_PROXY: "true" })
      // The entries before the proxy's own came from the client.
      const left = yield* remaining(mcp, ["1.1.1.1", "2.2.2.2", "9.9.9.9, 2.2.2.2", "8.8.8.8, 2.2.2.2"])
      assert.deepStrictEqual(left, [999, 999, 998, 997])
    })
  )
})
