import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Agent, Agents, as, Problem, Run, RunFiles, sandbox } from "./drive.ts"

const Started = Schema.Struct({ sessionId: Schema.NonEmptyString })

const Status = Schema.Struct({
  status: Schema.Literal("processing", "ready", "completed", "error", "cancelled"),
  agentId: Schema.NullOr(Schema.Int),
  agentName: Schema.NullOr(Schema.String),
  error: Schema.NullOr(Schema.String)
})

const AgentStart = Schema.Struct({ startUrl: Schema.String })

const prompt = "Collect all book titles and prices from https://shop.books.example/list please"

const build = (text: string, speed = 1) =>
  Effect.gen(function* () {
    const box = yield* sandbox({ speed })
    const { sessionId } = yield* Effect.flatMap(
      box.post("/agent-builder/start", { body: { prompt: text, spaceId: 102 } }),
      as(Started)
    )
    const status = Effect.flatMap(box.get(`/agent-builder/${sessionId}/status`), as(Status))
    const stop = box.post(`/agent-builder/${sessionId}/stop`)
    return { ...box, sessionId, status, stop } as const
  })

describe("a build", () => {
  it.effect("goes from processing to ready to completed, and creates an agent that can run", () =>
    Effect.gen(function* () {
      const { get, post, status } = yield* build(prompt)
      const before = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      assert.deepInclude(yield* status, { status: "processing", agentId: null, agentName: null, error: null })
      const seen: Array<string> = []
      for (let second = 0; second < 150; second += 2) {
        yield* TestClock.adjust("2 seconds")
        const { agentId, status: now } = yield* status
        if (seen.at(-1) !== now) seen.push(now)
        assert.strictEqual(agentId !== null, now !== "processing")
      }
      assert.deepStrictEqual(seen, ["processing", "ready", "completed"])
      const { agentId, agentName } = yield* status
      const agent = yield* Effect.flatMap(get(`/agent/${agentId ?? 0}`), as(Agent))
      assert.strictEqual(agent.name, agentName)
      assert.strictEqual(agent.spaceId, 102)
      assert.lengthOf(yield* Effect.flatMap(get("/agent/all"), as(Agents)), before.length + 1)
      const { id } = yield* Effect.flatMap(post(`/agent/${agentId ?? 0}/start`), as(Run))
      yield* TestClock.adjust("5 minutes")
      const run = yield* Effect.flatMap(get(`/agent/${agentId ?? 0}/run/${id}/status`), as(Run))
      assert.include(run, { status: 10, dataCount: 60 })
    })
  )

  it.effect.each([
    ["Titles from https://shop.books.example/list: all of them", "https://shop.books.example/list"],
    ["Titles (see https://shop.books.example/list?page=1).", "https://shop.books.example/list?page=1"],
    ["Titles of shop.books.example, please.", "https://shop.books.example"]
  ] as const)("takes the start URL from the prompt: %s", ([text, expected]) =>
    Effect.gen(function* () {
      const { get, status } = yield* build(text, 60)
      yield* TestClock.adjust("3 seconds")
      const { agentId } = yield* status
      const { startUrl } = yield* Effect.flatMap(get(`/agent/${agentId ?? 0}`), as(AgentStart))
      assert.strictEqual(startUrl, expected)
    })
  )

  it.effect("delivers the columns that the prompt asked for", () =>
    Effect.gen(function* () {
      const text = "Get the title, the price and the rating of every book on https://shop.books.example/list"
      const { get, post, send, status } = yield* build(text, 600)
      yield* TestClock.adjust("1 second")
      const { agentId } = yield* status
      const agent = `/agent/${agentId ?? 0}`
      const { id } = yield* Effect.flatMap(post(`${agent}/start`), as(Run))
      yield* TestClock.adjust("2 seconds")
      const [file] = yield* Effect.flatMap(get(`${agent}/run/${id}/files`), as(RunFiles))
      const { headers } = yield* get(`${agent}/run/${id}/file/${file?.id ?? 0}/download`)
      const table = yield* send("GET", headers.get("location") ?? "")
      assert.match(table.text, /^title,price,rating\r\n/)
      assert.lengthOf(table.text.trimEnd().split("\r\n"), 61)
    })
  )

  it.effect("is faster by the speed factor of the sandbox", () =>
    Effect.gen(function* () {
      const { status } = yield* build(prompt, 60)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* status).status, "completed")
    })
  )

  it.effect.each(["Please scrape the orders page behind the login", "Prices from a site with a CAPTCHA wall"])(
    "ends in error: %s",
    (text) =>
      Effect.gen(function* () {
        const { get, status, stop } = yield* build(text)
        const before = yield* get("/agent/all")
        yield* TestClock.adjust("1 minute")
        const ended = yield* status
        assert.deepInclude(ended, { status: "error", agentId: null, agentName: null })
        assert.match(ended.error ?? "", /^System\..+Exception: [\s\S]+ at Sequentum\./)
        assert.strictEqual((yield* stop).status, 204)
        assert.strictEqual((yield* status).status, "error")
        assert.strictEqual((yield* get("/agent/all")).text, before.text)
      })
  )

  it.effect("is cancelled by a stop and creates no agent", () =>
    Effect.gen(function* () {
      const { get, status, stop } = yield* build(prompt)
      const before = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      yield* TestClock.adjust("30 seconds")
      const reply = yield* stop
      assert.strictEqual(reply.status, 204)
      assert.strictEqual(reply.text, "")
      assert.include(yield* status, { status: "cancelled", agentId: null })
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* status).status, "cancelled")
      assert.lengthOf(yield* Effect.flatMap(get("/agent/all"), as(Agents)), before.length)
    })
  )

  it.effect("keeps its draft if it is stopped while ready, and cannot be cancelled after it has completed", () =>
    Effect.gen(function* () {
      const { get, status, stop } = yield* build(prompt)
      let now = yield* status
      while (now.status === "processing") {
        yield* TestClock.adjust("1 second")
        now = yield* status
      }
      assert.strictEqual(now.status, "ready")
      yield* stop
      assert.strictEqual((yield* status).status, "cancelled")
      assert.strictEqual((yield* get(`/agent/${now.agentId ?? 0}`)).status, 200)
      const other = yield* build(prompt)
      yield* TestClock.adjust("3 minutes")
      yield* other.stop
      assert.strictEqual((yield* other.status).status, "completed")
    })
  )

  it.effect("can be read for an hour after its end", () =>
    Effect.gen(function* () {
      const { get, sessionId } = yield* build(prompt)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* get(`/agent-builder/${sessionId}/status`)).status, 200)
      yield* TestClock.adjust("5 minutes")
      const problem = yield* Effect.flatMap(get(`/agent-builder/${sessionId}/status`), as(Problem))
      assert.strictEqual(problem.status, 404)
      assert.strictEqual(problem.instance, `/api/v1/agent-builder/${sessionId}/status`)
    })
  )

  it.effect("needs a prompt of 10 to 5000 characters, trimmed", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const start = (body: unknown) =>
        Effect.map(post("/agent-builder/start", { body }), (reply) => [reply.status, reply.headers.get("content-type")])
      const refused = [400, "application/problem+json"]
      assert.deepStrictEqual(yield* start({}), refused)
      assert.deepStrictEqual(yield* start({ prompt: `   ${"x".repeat(9)}   ` }), refused)
      assert.deepStrictEqual(yield* start({ prompt: "x".repeat(5001) }), refused)
      assert.deepStrictEqual(yield* start({ prompt: "x".repeat(20), spaceId: 5 }), [404, "application/problem+json"])
      assert.deepStrictEqual(yield* start({ prompt: ` ${"x".repeat(10)} ` }), [200, "application/json"])
      assert.deepStrictEqual(yield* start({ Prompt: "x".repeat(5000) }), [200, "application/json"])
    })
  )

  it.effect("has none of the endpoints of the older API", () =>
    Effect.gen(function* () {
      const { get, post, sessionId } = yield* build(prompt)
      assert.strictEqual((yield* get(`/agent-builder/${sessionId}/events`)).status, 404)
      assert.strictEqual((yield* get(`/agent-builder/${sessionId}/conversation`)).status, 404)
      for (const verb of ["followup", "finish", "cancel"]) {
        assert.strictEqual((yield* post(`/agent-builder/${sessionId}/${verb}`)).status, 404)
      }
    })
  )
})
