import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { AgentError, as, books, Problem, Run, Runs, sandbox } from "./drive.ts"

const Stats = Schema.Struct({
  reads: Schema.Int,
  writes: Schema.Int,
  byRoute: Schema.Record({ key: Schema.String, value: Schema.Int })
})

const withAuthorization = (authorization: string) => ({ headers: { authorization } })

describe("authorization", () => {
  it.effect.each(["", "ApiKey", "ApiKey ", "Basic abc", "sk-test", "ApiKey a b", "Bearer"])("refuses %j", (header) =>
    Effect.gen(function* () {
      const { get, send } = yield* sandbox()
      const reply = yield* get("/agent/all", withAuthorization(header))
      assert.strictEqual(reply.status, 401)
      assert.strictEqual((yield* as(AgentError)(reply)).errorCode, "unauthorized")
      assert.strictEqual(reply.headers.get("x-ratelimit-limit"), "100000")
      assert.strictEqual((yield* send("GET", "/sandbox/stats", withAuthorization(header))).status, 401)
      assert.strictEqual((yield* as(Problem)(yield* get("/nothing", withAuthorization(header)))).status, 401)
    })
  )

  it.effect("accepts keys and tokens, each with its own account", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`, withAuthorization("ApiKey sk-a")), as(Run))
      const mine = yield* Effect.flatMap(get(`/agent/${books}/runs`, withAuthorization("ApiKey sk-a")), as(Runs))
      assert.strictEqual(mine[0]?.id, id)
      for (const other of ["ApiKey sk-b", "Bearer sk-a"]) {
        const theirs = yield* Effect.flatMap(get(`/agent/${books}/runs`, withAuthorization(other)), as(Runs))
        assert.strictEqual(theirs.length, mine.length - 1)
        assert.strictEqual((yield* get(`/agent/${books}/run/${id}/status`, withAuthorization(other))).status, 404)
      }
    })
  )

  it.effect("keeps 200 accounts and drops the least recently used", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const runs = (key: string) =>
        Effect.map(
          Effect.flatMap(get(`/agent/${books}/runs`, withAuthorization(`ApiKey ${key}`)), as(Runs)),
          (runs) => runs.length
        )
      const fresh = yield* runs("fresh")
      yield* post(`/agent/${books}/start`, withAuthorization("ApiKey early"))
      yield* post(`/agent/${books}/start`, withAuthorization("ApiKey kept"))
      for (let index = 0; index < 200; index++) {
        yield* get("/agent/personal/count", withAuthorization(`ApiKey other-${index}`))
        yield* get("/agent/personal/count", withAuthorization("ApiKey kept"))
      }
      assert.strictEqual(yield* runs("kept"), fresh + 1)
      assert.strictEqual(yield* runs("early"), fresh)
    })
  )
})

describe("the rate limit", () => {
  it.effect("accepts the requests of one window, queues ten and refuses the rest", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox({ rateLimitPerMinute: 100 })
      for (let index = 0; index < 100; index++) {
        const reply = yield* get("/agent/personal/count")
        assert.strictEqual(reply.status, 200)
        assert.strictEqual(reply.headers.get("x-ratelimit-limit"), "100")
        assert.strictEqual(reply.headers.get("x-ratelimit-window-seconds"), "60")
        assert.isNull(reply.headers.get("retry-after"))
      }
      yield* TestClock.adjust("15 seconds")
      const queued = yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.fork(get("/agent/personal/count")))
      yield* TestClock.adjust("1 second")
      const refused = yield* get("/agent/personal/count")
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers.get("retry-after"), "44")
      assert.strictEqual((yield* as(AgentError)(refused)).errorCode, "rate_limit_exceeded")
      assert.isTrue((yield* Effect.forEach(queued, (fiber) => fiber.status)).every(({ _tag }) => _tag !== "Done"))
      yield* TestClock.adjust("44 seconds")
      const replies = yield* Effect.forEach(queued, Fiber.join)
      assert.isTrue(replies.every((reply) => reply.status === 200))
      // The ten count in the new window.
      for (let index = 0; index < 90; index++) {
        assert.strictEqual((yield* get("/agent/personal/count")).status, 200)
      }
      const next = yield* Effect.fork(get("/agent/personal/count"))
      yield* TestClock.adjust("59 seconds")
      assert.notStrictEqual((yield* next.status)._tag, "Done")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(next)).status, 200)
    })
  )

  it.effect("frees the place of a caller that left the queue", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox({ rateLimitPerMinute: 1 })
      yield* get("/agent/personal/count")
      const queued = yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.fork(get("/agent/personal/count")))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* get("/agent/personal/count")).status, 429)
      yield* Fiber.interruptAll(queued.slice(-1))
      const late = yield* Effect.fork(get("/agent/personal/count"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(late)).status, 200)
    })
  )

  it.effect("is separate for each credential, and does not apply to the statistics", () =>
    Effect.gen(function* () {
      const { get, send } = yield* sandbox({ rateLimitPerMinute: 1 })
      yield* get("/agent/personal/count")
      const second = yield* Effect.fork(get("/agent/personal/count"))
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual((yield* second.status)._tag, "Done")
      assert.strictEqual((yield* get("/agent/personal/count", withAuthorization("ApiKey other"))).status, 200)
      assert.strictEqual((yield* send("GET", "/sandbox/stats")).status, 200)
    })
  )
})

describe("/sandbox/stats", () => {
  it.effect("counts successful reads and writes", () =>
    Effect.gen(function* () {
      const { get, post, send } = yield* sandbox()
      yield* get("/agent/all")
      yield* get(`/agent/${books}`)
      yield* get("/agent/1")
      yield* post(`/agent/${books}/start`)
      yield* post(`/agent/${books}/start`, { body: { parallelism: -1 } })
      yield* post("/agent/1/start")
      assert.deepStrictEqual(yield* Effect.flatMap(send("GET", "/sandbox/stats"), as(Stats)), {
        reads: 2,
        writes: 1,
        byRoute: { "GET /agent/all": 1, "GET /agent/{agentId}": 1, "POST /agent/{agentId}/start": 1 }
      })
    })
  )
})

describe("an unknown route", () => {
  it.effect("is 404 in the error format of its part of the API", () =>
    Effect.gen(function* () {
      const { get, post, send } = yield* sandbox()
      const reply = yield* get("/nothing")
      assert.strictEqual(reply.headers.get("content-type"), "application/problem+json")
      assert.deepInclude(yield* as(Problem)(reply), { status: 404, title: "Not Found", instance: "/api/v1/nothing" })
      assert.strictEqual((yield* as(AgentError)(yield* post("/agent/all"))).statusCode, 404)
      assert.strictEqual((yield* send("GET", "/")).status, 404)
    })
  )
})

describe("a JWT", () => {
  const jwt = (claims: unknown) => withAuthorization(`Bearer e30.${Encoding.encodeBase64Url(JSON.stringify(claims))}.x`)

  it.effect("with a scope claim is limited to these scopes", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const reader = jwt({ scope: "agents:read runs:read" })
      for (const path of ["/agent/all", `/agent/${books}/runs`, "/analytics/runs/summary"]) {
        assert.strictEqual((yield* get(path, reader)).status, 200, path)
      }
      for (const [reply, scope] of [
        [yield* get("/billing/credits", reader), "billing:read"],
        [yield* get("/spaces", reader), "spaces:read"],
        [yield* post("/spaces/101/run-all", reader), "spaces:write"],
        [yield* post(`/agent/${books}/start`, reader), "agents:write"]
      ] as const) {
        assert.strictEqual(reply.status, 403)
        assert.strictEqual(reply.headers.get("www-authenticate"), `Bearer error="insufficient_scope", scope="${scope}"`)
      }
      const other = yield* get(`/agent/${books}/runs`, jwt({ scope: "agents:read" }))
      assert.strictEqual((yield* as(AgentError)(other)).errorCode, "insufficient_scope")
      assert.strictEqual((yield* get("/billing/credits", jwt({ sub: "x" }))).status, 200)
    })
  )

  it.effect("that has expired is refused", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const soon = jwt({ exp: Date.parse("2026-03-11T12:05:00Z") / 1000 })
      assert.strictEqual((yield* get("/agent/all", soon)).status, 200)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* get("/agent/all", soon)).status, 401)
    })
  )
})
