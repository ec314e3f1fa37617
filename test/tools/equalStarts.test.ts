import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { errorText } from "../../src/mcp/results.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { RunId } from "../../src/sequentum/schemas/common.ts"
import type { Run } from "../../src/sequentum/schemas/Run.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { requestLine, type Respond, type Step } from "../support/http.ts"
import { fakeTools } from "../support/fakes.ts"
import { whileTimePasses } from "../support/time.ts"
import { calling, toolsOver } from "../support/tools.ts"

/** A Sequentum whose agent lists these inputs, and where each start makes another run. */
const starting = (inputParameters: JsonObject | null = { category: "", maxPages: "" }): Respond => {
  let last = 89
  return ({ method, path }) => {
    if (method === "GET" && path === "/agent/7") return { body: { id: 7, inputParameters } }
    if (path.endsWith("/start")) {
      last += 1
      return { status: 202, body: { id: last, status: 4 } }
    }
    return path.endsWith("/status") ? { body: { id: last, status: 10, dataCount: 5 } } : { status: 404 }
  }
}

const over = (respond: Respond) =>
  Effect.map(toolsOver(respond), ({ call, sent, tools }) => ({
    start: (args: JsonObject = {}) => call("start_agent", { agentId: 7, ...args }),
    call,
    tools,
    requests: () => sent.splice(0).map(requestLine)
  }))

const start7 = "POST /agent/7/start"
const read7 = "GET /agent/7"
const books = { inputParameters: '{"category":"Books"}' }

const runIdIn = ({ run }: JsonObject): unknown => (Predicate.isRecord(run) ? run["runId"] : undefined)

describe("the inputs of a start", () => {
  it.effect("are refused with the known names where the agent does not list one", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over(starting())
      const error = yield* Effect.flip(start({ inputParameters: { Category: "Books", pages: 2, maxPages: 1 } }))
      assert.strictEqual(error._tag, "InvalidArguments")
      assert.deepPropertyVal(error, "problems", [
        'inputParameters has "Category", "pages", but agent 7 lists only "category", "maxPages". Names count as written. If the agent takes others too, set allowUnknownInputs.'
      ])
      assert.deepStrictEqual(requests(), [read7])
    })
  )

  it.effect("are echoed, as they were taken", () =>
    Effect.gen(function* () {
      const { start } = yield* over(starting())
      const result = yield* start({ inputParameters: { category: "Books", maxPages: 3 } })
      assert.deepStrictEqual(result["inputParameters"], { category: "Books", maxPages: 3 })
      assert.notProperty(yield* start({ inputParameters: "{}" }), "inputParameters")
    })
  )

  it.effect("are passed on where that is allowed, and where the agent lists none", () =>
    Effect.gen(function* () {
      const strange = { inputParameters: { strange: 1 } }
      const allowed = yield* over(starting())
      yield* allowed.start({ ...strange, allowUnknownInputs: true })
      assert.deepStrictEqual(allowed.requests(), [start7])
      for (const none of [null, {}]) {
        const { requests, start } = yield* over(starting(none))
        yield* start(strange)
        assert.deepStrictEqual(requests(), [read7, start7])
      }
    })
  )

  it.effect("cost no request where there are none, or the caller read the agent within the last minute", () =>
    Effect.gen(function* () {
      const { call, requests, start } = yield* over(starting())
      yield* start()
      yield* start({ inputParameters: "{}", startAnother: true })
      assert.deepStrictEqual(requests(), [start7, start7])
      yield* call("get_agent", { agentId: 7 })
      yield* TestClock.adjust("60 seconds")
      yield* start(books)
      assert.strictEqual((yield* Effect.flip(start({ inputParameters: { x: 1 } })))._tag, "InvalidArguments")
      assert.deepStrictEqual(requests(), [read7, start7])
      yield* TestClock.adjust("1 seconds")
      yield* start({ inputParameters: { maxPages: 1 } })
      assert.deepStrictEqual(requests(), [read7, start7])
    })
  )

  it.effect("are known of one caller only", () =>
    Effect.gen(function* () {
      const { requests, start, tools } = yield* over(starting())
      yield* start(books)
      requests()
      const other = Credentials.of({ scheme: "ApiKey", secret: Redacted.make("sk-other"), account: "other" })
      yield* Effect.provideService(tools.call("start_agent", { agentId: 7, ...books }), Credentials, other)
      assert.deepStrictEqual(requests(), [read7, start7])
    })
  )

  it.effect("are not checked with a token that may not read agents, and hinder nothing then", () =>
    Effect.gen(function* () {
      const challenge = { "www-authenticate": 'Bearer error="insufficient_scope", scope="agents:read"' }
      const { requests, start } = yield* over((sent) =>
        sent.method === "GET" ? { status: 403, headers: challenge } : starting()(sent)
      )
      assert.strictEqual(runIdIn(yield* start(books)), 90)
      assert.deepStrictEqual(requests(), [read7, start7])
    })
  )

  it.effect("start nothing where the agent can't be read", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over((sent) => (sent.method === "GET" ? { status: 404 } : starting()(sent)))
      assert.strictEqual((yield* Effect.flip(start(books)))._tag, "NotFound")
      assert.deepStrictEqual(requests(), [read7])
    })
  )
})

describe("an equal start", () => {
  it.effect("within a minute is answered with the run that exists", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over(starting())
      assert.strictEqual(runIdIn(yield* start({ inputParameters: '{"category":"Books","maxPages":"2"}' })), 90)
      yield* TestClock.adjust("59 seconds")
      const again = yield* start({ inputParameters: { maxPages: "2", category: "Books" } })
      assert.strictEqual(runIdIn(again), 90)
      assert.strictEqual(
        again["notice"],
        "An equal start was made 59 seconds ago, so no second run was started: the run shown is the first one's. To start one more, set startAnother."
      )
      assert.deepStrictEqual(requests(), [read7, start7])
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(runIdIn(yield* start({ inputParameters: '{"category":"Books","maxPages":"2"}' })), 91)
    })
  )

  it.effect("is one of the same caller, agent and arguments only", () =>
    Effect.gen(function* () {
      const { requests, start, tools } = yield* over(starting())
      yield* start(books)
      yield* start({ inputParameters: { category: "books" } })
      yield* start({ ...books, parallelism: 2 })
      yield* start({ ...books, logLevel: "Error" })
      yield* start()
      const other = Credentials.of({ scheme: "ApiKey", secret: Redacted.make("sk-other"), account: "other" })
      yield* Effect.provideService(tools.call("start_agent", { agentId: 7 }), Credentials, other)
      assert.strictEqual(requests().filter((line) => line === start7).length, 6)
    })
  )

  it.effect("is not one whose numbers only look equal to JavaScript", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over(starting(null))
      yield* start({ inputParameters: '{"id":9007199254740992}' })
      yield* start({ inputParameters: '{"id":9007199254740993}' })
      assert.strictEqual(requests().filter((line) => line === start7).length, 2)
    })
  )

  it.effect("makes another run where that is wanted, and the next one is answered with that", () =>
    Effect.gen(function* () {
      const { start } = yield* over(starting())
      yield* start()
      const another = yield* start({ startAnother: true })
      assert.strictEqual(runIdIn(another), 91)
      assert.notProperty(another, "notice")
      assert.strictEqual(runIdIn(yield* start()), 91)
    })
  )

  it.effect("after a start that failed, or whose outcome is not known, is made", () =>
    Effect.gen(function* () {
      const steps: Array<Step> = [{ status: 422 }, { status: 503 }, { status: 202, body: { id: 90, status: 4 } }]
      const { requests, start } = yield* over(({ method }) =>
        method === "POST" ? (steps.shift() ?? "silence") : { body: [] }
      )
      assert.strictEqual((yield* Effect.flip(start()))._tag, "Rejected")
      assert.strictEqual((yield* Effect.flip(start()))._tag, "OutcomeUnknown")
      assert.strictEqual(runIdIn(yield* start()), 90)
      assert.strictEqual(requests().filter((line) => line === start7).length, 3)
    })
  )

  const heldStart = Effect.gen(function* () {
    const held = yield* Deferred.make<Run>()
    const starts: Array<number> = []
    const tools = yield* Effect.provide(
      ToolRegistry,
      fakeTools({
        runs: {
          start: (agentId) =>
            Effect.zipRight(
              Effect.sync(() => starts.push(agentId)),
              Deferred.await(held)
            )
        }
      })
    )
    const start = () => Effect.fork(Effect.either(calling(tools)("start_agent", { agentId: 7 })))
    return { held, start, starts } as const
  })

  it.effect("under way is joined", () =>
    Effect.gen(function* () {
      const { held, start, starts } = yield* heldStart
      const first = yield* start()
      const second = yield* start()
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(starts, [7])
      yield* Deferred.succeed(held, { id: RunId.make(90), status: "Queuing" })
      const [one, two] = yield* Effect.all([Fiber.join(first), Fiber.join(second)])
      const results = [one, two].map((result) => Either.getOrElse(result, (): JsonObject => ({})))
      assert.deepStrictEqual(results.map(runIdIn), [90, 90])
      assert.notProperty(results[0], "notice")
      assert.strictEqual(
        results[1]?.["notice"],
        "An equal start was under way, and this is its answer: no second run was started."
      )
    })
  )

  it.effect("that is cancelled under way leaves none who joined it waiting", () =>
    Effect.gen(function* () {
      const { start, starts } = yield* heldStart
      const first = yield* start()
      const second = yield* start()
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(first)
      const ended = yield* Fiber.join(second)
      const error = Either.isLeft(ended) ? ended.left : assert.fail("It succeeded")
      assert.strictEqual(error._tag, "ToolFailure")
      assert.include(
        error._tag === "UnknownTool" ? "" : errorText(error, () => true),
        "it is not known whether a run was started"
      )
      yield* start()
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(starts, [7, 7])
    })
  )

  it.effect("of a synchronous one is answered with the newest run, not with a second", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over(({ path }) =>
        path.endsWith("/start") ? { body: [{ title: "Emma" }] } : { body: [{ id: 90, status: 10 }] }
      )
      const args = { isRunSynchronously: true, timeout: 30 }
      assert.deepStrictEqual((yield* start(args))["data"], [{ title: "Emma" }])
      const again = yield* start(args)
      assert.notProperty(again, "data")
      assert.strictEqual(runIdIn(again), 90)
      assert.include(String(again["notice"]), "no second run was started: the run shown is the newest of the agent")
      assert.deepStrictEqual(requests(), [start7, "GET /agent/7/runs?maxRecords=1"])
    })
  )
})

describe("waitSeconds of a start", () => {
  it.effect("waits for the end of the run", () =>
    Effect.gen(function* () {
      const statuses = [4, 1, 10]
      const { requests, start } = yield* over(({ method }) =>
        method === "POST"
          ? { body: { id: 90, status: 4 } }
          : { body: { id: 90, status: statuses.shift() ?? 10, dataCount: 7 } }
      )
      const result = yield* whileTimePasses(start({ waitSeconds: 30 }))
      assert.deepStrictEqual(result, { run: { runId: 90, status: "Success", isFinal: true, dataCount: 7 } })
      assert.strictEqual(requests().length, 4)
    })
  )

  it.effect("ends with the last state, and says that the run goes on", () =>
    Effect.gen(function* () {
      const { start } = yield* over(() => ({ body: { id: 90, status: 1 } }))
      const result = yield* whileTimePasses(start({ waitSeconds: 5 }))
      assert.deepStrictEqual(result, {
        run: { runId: 90, status: "Running", isFinal: false },
        notice: "The run goes on: call wait_for_run."
      })
    })
  )

  it.effect("loses no start where the state can't be read", () =>
    Effect.gen(function* () {
      const { start } = yield* over(({ method }) =>
        method === "POST" ? { body: { id: 90, status: 4 } } : { status: 403 }
      )
      const result = yield* whileTimePasses(start({ waitSeconds: 5 }))
      assert.strictEqual(runIdIn(result), 90)
      assert.match(
        String(result["notice"]),
        /^The run was started, but its state could not be read\. This account may not/
      )
    })
  )

  it.effect("follows the run that an equal start made", () =>
    Effect.gen(function* () {
      const { requests, start } = yield* over(starting())
      yield* start()
      const result = yield* start({ waitSeconds: 30 })
      assert.deepNestedPropertyVal(result, "run.status", "Success")
      assert.deepStrictEqual(requests(), [start7, "GET /agent/7/run/90/status"])
    })
  )

  it.effect("takes what a slow start has left of the time of the call", () =>
    Effect.gen(function* () {
      const slow = yield* Effect.provide(
        ToolRegistry,
        fakeTools({
          runs: {
            start: () => Effect.delay(Effect.succeed({ id: RunId.make(90), status: "Queuing" as const }), "25 seconds"),
            status: () => Effect.succeed({ id: RunId.make(90), status: "Running" as const })
          }
        })
      )
      const fiber = yield* Effect.fork(calling(slow)("start_agent", { agentId: 7, waitSeconds: 45 }))
      yield* TestClock.adjust("48 seconds")
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "Some")
    })
  )
})
