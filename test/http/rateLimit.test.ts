import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { addressName } from "../../src/http/admission/clientAddress.ts"
import { makeRateLimiter } from "../../src/http/admission/rateLimit.ts"
import { endpoint, modern } from "../support/endpoint.ts"
import { byToken, issuer, status } from "../support/issuer.ts"
import { rpcErrorIn, send } from "../support/wire.ts"

describe("rate limiter", () => {
  const limiterOf = (max: number) =>
    Effect.map(
      makeRateLimiter(max),
      (limiter) =>
        (millis: number, client = "a") =>
          Effect.map(TestClock.setTime(millis), () => limiter.take(client))
    )

  it.effect("allows a number of requests per client in 60 seconds, and says when the oldest no longer counts", () =>
    Effect.gen(function* () {
      const takeAt = yield* limiterOf(2)
      assert.deepStrictEqual(yield* takeAt(0), { allowed: true, limit: 2, remaining: 1, reset: 61 })
      assert.deepStrictEqual(yield* takeAt(30_500), { allowed: true, limit: 2, remaining: 0, reset: 31 })
      assert.deepStrictEqual(yield* takeAt(59_999), { allowed: false, limit: 2, remaining: 0, reset: 2 })
      assert.isTrue((yield* takeAt(59_999, "b")).allowed)
      assert.deepStrictEqual(yield* takeAt(60_999), { allowed: false, limit: 2, remaining: 0, reset: 1 })
      assert.deepStrictEqual(yield* takeAt(61_000), { allowed: true, limit: 2, remaining: 0, reset: 30 })
      assert.deepStrictEqual(yield* takeAt(1_000_000_000), { allowed: true, limit: 2, remaining: 1, reset: 61 })
    })
  )

  it.effect("allows no more than that in any 60 seconds, wherever they begin", () =>
    Effect.gen(function* () {
      const takeAt = yield* limiterOf(5)
      const allowed: Array<number> = []
      for (let millis = 0; millis < 300_000; millis += 700) {
        // Quiet, then a burst at the edge of a minute.
        if (millis % 60_000 < 50_000 && millis < 200_000) continue
        if ((yield* takeAt(millis)).allowed) allowed.push(millis)
      }
      assert.isAbove(allowed.length, 15)
      for (const start of allowed) {
        assert.isAtMost(allowed.filter((millis) => millis >= start && millis < start + 60_000).length, 5)
      }
    })
  )

  it.effect("looks without counting", () =>
    Effect.gen(function* () {
      const limiter = yield* makeRateLimiter(1)
      assert.isTrue(limiter.peek("a").allowed)
      assert.deepInclude(limiter.peek("a"), { allowed: true, remaining: 1 })
      limiter.take("a")
      assert.deepInclude(limiter.peek("a"), { allowed: false, remaining: 0 })
    })
  )

  it.effect("forgets the client that it has not seen for the longest time, if there are too many", () =>
    Effect.gen(function* () {
      const limiter = yield* makeRateLimiter(2)
      limiter.take("early")
      limiter.take("kept")
      for (let index = 0; index < 9999; index += 1) {
        limiter.take(`other-${index}`)
        if (index === 5000) limiter.take("kept")
      }
      assert.deepStrictEqual([limiter.peek("early").remaining, limiter.peek("kept").remaining], [2, 0])
    })
  )
})

describe("the name of an address", () => {
  for (const [name, spellings] of Object.entries({
    "192.0.2.1": [
      "192.0.2.1",
      " 192.0.2.1 ",
      "192.0.2.1:443",
      "::ffff:192.0.2.1",
      "[::ffff:c000:201]:80",
      "::FFFF:192.0.2.1"
    ],
    "2001:db8:0:1::/64": [
      "2001:db8:0:1::1",
      "2001:DB8:0:1:0:0:0:1",
      "2001:0db8:0000:0001:ffff:ffff:ffff:ffff",
      "[2001:db8:0:1::5]",
      "[2001:db8:0:1::5]:443",
      "2001:db8:0:1:a::%eth0"
    ],
    "2001:db8:0:2::/64": ["2001:db8:0:2::1"]
  })) {
    it(`is ${name} in every spelling`, () => {
      for (const spelling of spellings) assert.deepStrictEqual(addressName(spelling), Option.some(name), spelling)
    })
  }

  it("is none for what is no address", () => {
    for (const text of [
      "",
      "unknown",
      "_hidden",
      "1",
      "0x7f.1",
      "192.0.2",
      "192.0.2.1.5",
      "256.0.0.1",
      "[192.0.2.1",
      "mcp.example.com",
      "2001:db8::1::2",
      "192.0.2.1; drop"
    ]) {
      assert.isTrue(Option.isNone(addressName(text)), text)
    }
  })
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
          [429, "0", "61"],
          [429, "0", "61"]
        ]
      )
      for (const { headers } of answers) {
        assert.strictEqual(headers["ratelimit-limit"], "3")
        assert.strictEqual(headers["ratelimit-reset"], "61")
      }
      assert.strictEqual((yield* rpcErrorIn(answers[4]?.body ?? "")).code, -32029)
      for (const path of ["/", "/health", "/ready"]) {
        assert.strictEqual((yield* send(`${url}${path}`)).status, 200)
      }
    })
  )

  it.scoped("a burst at the edge of the minute gets no more than the limit in any 60 seconds", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "3" })
      const burst = Effect.map(
        Effect.forEach([1, 2, 3, 4], () => send(mcp, { method: "POST" })),
        (answers) => answers.map(({ status }) => status)
      )
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* burst, [401, 401, 401, 429])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* burst, [429, 429, 429, 429])
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* burst, [401, 401, 401, 429])
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
      // Spellings of one address, and addresses of one customer.
      const spelt = yield* remaining(mcp, ["::ffff:2.2.2.2", "2.2.2.2:1234", "2001:db8::1", "2001:DB8:0:0:9::7"])
      assert.deepStrictEqual(spelt, [996, 995, 999, 998])
      // What is no address counts as the proxy.
      assert.deepStrictEqual(yield* remaining(mcp, ["unknown", "2.2.2.2, nonsense", "127.0.0.1"]), [999, 998, 997])
    })
  )

  it.scoped("preflights, refused origins and metadata count too", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint({ RATE_LIMIT_PER_MINUTE: "5" })
      const evil = { origin: "https://evil.example" }
      const metadata = `${url}/.well-known/oauth-protected-resource/mcp`
      const statuses = [
        yield* send(mcp, { method: "OPTIONS" }),
        yield* send(mcp, { method: "POST", headers: evil }),
        yield* send(metadata),
        yield* send(metadata, { method: "OPTIONS" }),
        yield* send(mcp, { headers: { host: "evil.example" } }),
        yield* send(metadata),
        yield* send(mcp, { method: "POST", headers: evil })
      ].map(({ headers, status }) => [status, headers["retry-after"]])
      assert.deepStrictEqual(statuses, [
        [204, undefined],
        [403, undefined],
        [200, undefined],
        [204, undefined],
        [403, undefined],
        [429, "61"],
        [429, "61"]
      ])
    })
  )

  /** An endpoint before which a proxy stands, for a Sequentum that knows some tokens. */
  const behindProxy = (tokens: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const from = yield* issuer()
      from.parts.api = byToken(Object.fromEntries(tokens.map((token) => [token, status(200)])))
      return yield* endpoint({
        SEQUENTUM_API_URL: from.url,
        TOKEN_CHECK: "auto",
        RATE_LIMIT_PER_MINUTE: "100",
        TRUST_PROXY: "true",
        ALLOWED_HOSTS: "localhost"
      })
    })

  const ping = (mcp: string, token: string, address: string) =>
    Effect.map(
      modern(mcp, "tools/list", {}, { token, headers: { "x-forwarded-for": address, accept: "application/json" } }),
      (response) => {
        void response.body?.cancel()
        return response.status
      }
    )

  const tally = (statuses: ReadonlyArray<number>) =>
    Object.fromEntries([...new Set(statuses)].map((one) => [one, statuses.filter((other) => other === one).length]))

  it.scoped("two proven tokens from one address have a limit each", () =>
    Effect.gen(function* () {
      const { mcp } = yield* behindProxy(["alice", "bob"])
      for (const token of ["alice", "bob"]) {
        const statuses = yield* Effect.forEach(Array.from({ length: 101 }), () => ping(mcp, token, "192.0.2.1"))
        assert.deepStrictEqual(tally(statuses), { 200: 100, 429: 1 })
      }
      // The same token counts wherever it comes from.
      assert.strictEqual(yield* ping(mcp, "alice", "192.0.2.9"), 429)
    })
  )

  it.scoped("made-up tokens from one network are one client, and shut nobody else out", () =>
    Effect.gen(function* () {
      const { mcp } = yield* behindProxy(["alice", "bob"])
      const network = (index: number) => `2001:db8:0:1::${index.toString(16)}`
      assert.strictEqual(yield* ping(mcp, "alice", network(1)), 200)
      const statuses = yield* Effect.forEach(
        Array.from({ length: 1010 }, (_, index) => index),
        (index) => ping(mcp, `junk-${index}`, network(index)),
        { concurrency: 20 }
      )
      assert.deepStrictEqual(Object.keys(tally(statuses)), ["401", "429"])
      assert.isAtMost(tally(statuses)["401"] ?? 0, 25)
      assert.strictEqual(yield* ping(mcp, "alice", network(1)), 200)
      assert.strictEqual(yield* ping(mcp, "bob", "2001:db8:0:2::1"), 200)
      assert.strictEqual(yield* ping(mcp, "carol", network(2)), 429)
    })
  )
})
