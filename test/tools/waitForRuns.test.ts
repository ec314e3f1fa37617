import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { requestLine, type Respond, type Sent, type Step } from "../support/http.ts"
import { whileTimePasses } from "../support/time.ts"
import { toolsOver } from "../support/tools.ts"

const now = "2026-03-11T12:00:00Z"

const runIdOf = ({ path }: Sent) => Number(/\/run\/(\d+)\/status$/u.exec(path)?.[1])

/** Status codes of runs in turn, one a read; the last one stays. */
const runsOf = (statuses: Readonly<Record<number, ReadonlyArray<number | Step>>>): Respond => {
  const reads = new Map<number, number>()
  return (sent) => {
    const id = runIdOf(sent)
    const read = reads.get(id) ?? 0
    reads.set(id, read + 1)
    const steps = statuses[id] ?? [{ status: 404 }]
    const step = steps[Math.min(read, steps.length - 1)] ?? 404
    return typeof step === "number" ? { body: { id, configName: "Books", status: step, dataCount: id } } : step
  }
}

const wait = (respond: Respond, args: JsonObject) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(now))
    const { call, sent } = yield* toolsOver(respond)
    const reports: Array<ProgressReport> = []
    const began = yield* Clock.currentTimeMillis
    const result = yield* whileTimePasses(
      Effect.provideService(call("wait_for_run", args), Progress, {
        report: (report) => Effect.sync(() => void reports.push(report))
      }),
      "250 millis"
    )
    const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
    return { result, reports, seconds, sent }
  })

const Rows = Schema.Struct({ runs: Schema.Array(Schema.Struct({ problem: Schema.optional(Schema.String) })) })

const problemOf = (result: JsonObject, index: number) =>
  Schema.decodeUnknownSync(Rows)(result).runs[index]?.problem ?? ""

const ids = (...runIds: ReadonlyArray<number>) => runIds.map((runId) => ({ agentId: 7, runId }))

describe("a wait for several runs", () => {
  it.effect("ends when the last of them does, with a row each, in their order", () =>
    Effect.gen(function* () {
      const respond = runsOf({ 1: [10], 2: [4, 1, 1, 6], 3: [1, 9] })
      const { reports, result, sent } = yield* wait(respond, { runs: ids(3, 1, 2) })
      const row = (runId: number, status: string) => ({
        agentId: 7,
        agentName: "Books",
        runId,
        status,
        dataCount: runId
      })
      assert.deepStrictEqual(result["runs"], [row(3, "Completed"), row(1, "Success"), row(2, "Failure")])
      assert.strictEqual(result["isFinal"], true)
      assert.notProperty(result, "run")
      assert.strictEqual(sent.length, 1 + 2 + 4)
      const steps = reports.map(({ progress }) => progress)
      assert.deepStrictEqual(
        steps,
        [...steps].sort((left, right) => left - right)
      )
      assert.include(reports.at(-1), { progress: 3, total: 3, message: "3 of 3 ended, 6 records" })
    })
  )

  it.effect("keeps to its time as a whole, and to a read a second, however many they are", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 20 }, (_, index) => index + 1)
      const respond = runsOf(Object.fromEntries(many.map((id) => [id, [1]])))
      const { result, seconds, sent } = yield* wait(respond, { runs: ids(...many), timeoutSeconds: 45 })
      assert.strictEqual(seconds, 45)
      assert.strictEqual(result["isFinal"], false)
      assert.strictEqual(result["waitedSeconds"], 45)
      assert.isAtMost(sent.length, 60)
      assert.isAtLeast(sent.length, 40)
      assert.deepNestedPropertyVal(result, "runs[19].isFinal", false)
    })
  )

  it.effect("goes on through failures that pass, and says of each row what is wrong with it", () =>
    Effect.gen(function* () {
      const respond = runsOf({ 1: [1, { status: 503 }, 10], 2: [{ status: 404 }], 3: [1, { status: 503 }] })
      const { result, seconds } = yield* wait(respond, { runs: ids(1, 2, 3), timeoutSeconds: 20 })
      assert.strictEqual(seconds, 20)
      assert.deepNestedInclude(result, { "runs[0].status": "Success", "runs[1].status": "Unknown" })
      assert.notNestedProperty(result, "runs[0].problem")
      assert.match(problemOf(result, 1), /^Sequentum has nothing at GET \/agent\/7\/run\/2\/status \(404\)/)
      assert.deepNestedPropertyVal(
        result,
        "runs[2].problem",
        "Sequentum failed (503, GET /agent/7/run/3/status). The state is 20 seconds old."
      )
    })
  )

  it.effect("fails where nothing could be read, and where the credentials are refused", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(now))
      const missing = yield* toolsOver(() => ({ status: 404 }))
      const error = yield* Effect.flip(missing.call("wait_for_run", { runs: ids(1, 2) }))
      assert.strictEqual(error._tag, "NotFound")
      const refused = yield* toolsOver((sent) =>
        runIdOf(sent) === 1 ? { body: { id: 1, status: 10 } } : { status: 401 }
      )
      assert.strictEqual((yield* Effect.flip(refused.call("wait_for_run", { runs: ids(1, 2) })))._tag, "Unauthorized")
    })
  )
})

describe("what ended runs cost", () => {
  const runsAndCosts =
    (costs: Step): Respond =>
    (sent) =>
      sent.path.startsWith("/billing/") ? costs : runsOf({ 1: [10], 2: [1], 3: [9] })({ ...sent })

  it.effect("is shown, by one request for each agent, within the time of the wait", () =>
    Effect.gen(function* () {
      const costs = {
        body: {
          totalCost: 9,
          runs: [
            { runId: 1, cost: 1.5, billingType: "RunUsage" },
            { runId: 1, cost: 0.25, billingType: "ProxyUsage" },
            { runId: 8, cost: 4 }
          ]
        }
      }
      const { result, seconds, sent } = yield* wait(runsAndCosts(costs), {
        runs: ids(1, 2, 3),
        includeCost: true,
        timeoutSeconds: 20
      })
      assert.deepNestedPropertyVal(result, "runs[0].cost", 1.75)
      assert.notNestedProperty(result, "runs[1].cost")
      assert.strictEqual(result["notice"], "A run without a cost has not been charged yet.")
      assert.deepStrictEqual(
        sent.map(requestLine).filter((line) => line.includes("/billing/")),
        [
          "GET /billing/agents/7/runs?endDate=2026-03-12&pageIndex=1&recordsPerPage=1000&sortColumn=date&sortOrder=1&startDate=2026-03-11"
        ]
      )
      assert.isAtMost(seconds, 20)
    })
  )

  it.effect("is shown of a single run too", () =>
    Effect.gen(function* () {
      const costs = { body: { totalCost: 2, runs: [{ runId: 1, cost: 2 }] } }
      const { result } = yield* wait(runsAndCosts(costs), { agentId: 7, runId: 1, includeCost: true })
      assert.deepNestedPropertyVal(result, "run.cost", 2)
      const without = yield* wait(runsAndCosts(costs), { agentId: 7, runId: 1 })
      assert.strictEqual(without.sent.length, 1)
    })
  )

  it.effect("may be out of reach: the wait succeeds all the same", () =>
    Effect.gen(function* () {
      const { result } = yield* wait(runsAndCosts({ status: 403 }), { agentId: 7, runId: 1, includeCost: true })
      assert.strictEqual(result["isFinal"], true)
      assert.match(String(result["notice"]), /^The costs could not be read\. This account may not do that \(403/)
    })
  )
})

describe("a wait while Sequentum is left alone", () => {
  it.effect("asks again when it may, and not before", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(now))
      let isDown = true
      const { call, sent } = yield* toolsOver(({ path }) => {
        if (path.endsWith("/status")) return isDown ? { status: 503 } : { body: { id: 1, status: 10 } }
        return { status: 503 }
      })
      // Failures of two calls open the breaker.
      yield* whileTimePasses(Effect.either(call("list_spaces", {})))
      yield* whileTimePasses(Effect.either(call("list_spaces", {})), "250 millis", 4).pipe(Effect.ignore)
      const before = sent.length
      isDown = false
      const began = yield* Clock.currentTimeMillis
      const result = yield* whileTimePasses(
        call("wait_for_run", { agentId: 7, runId: 1, timeoutSeconds: 45 }),
        "250 millis"
      )
      assert.strictEqual(result["isFinal"], true)
      assert.isAtMost((yield* Clock.currentTimeMillis) - began, 15_000)
      assert.strictEqual(sent.length - before, 1)
      assert.match(String(result["notice"]), /^1 of 2 reads failed: Sequentum failed several times in a row/)
    })
  )
})
