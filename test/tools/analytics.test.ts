import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { AgentId, RunId } from "../../src/sequentum/schemas/common.ts"
import { account } from "../support/account.ts"
import { callOver } from "../support/fakes.ts"
import type { Answer, Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

describe("get_latest_failure", () => {
  const without =
    (answer: Answer): Respond =>
    (sent) =>
      sent.path.endsWith("/latest-failure") ? answer : account(sent)

  it.effect.each([{ status: 404, body: {} }, { body: { message: "No failed runs." } }])(
    "says that there is none when Sequentum answers %j",
    (answer) =>
      Effect.gen(function* () {
        const { call } = yield* toolsOver(without(answer))
        assert.deepStrictEqual(yield* call("get_latest_failure", { agentId: 7 }), { hasFailure: false, agentId: 7 })
      })
  )

  it.effect("fails for an agent that does not exist", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(without({ status: 404, body: {} }))
      const error = yield* Effect.flip(call("get_latest_failure", { agentId: 8 }))
      assert.strictEqual(error._tag, "NotFound")
      assert.strictEqual(error._tag === "NotFound" ? error.path : "", "/agent/8")
    })
  )

  it.effect("does not look for the agent when it has a failure or knows that there is none", () =>
    Effect.gen(function* () {
      const asked: Array<unknown> = []
      const latestFailure = (agentId: AgentId) =>
        Effect.sync(() => {
          asked.push(agentId)
          return agentId === 7 ? Option.some({ runId: RunId.make(88), agentId }) : Option.none()
        })
      const fakes = { analytics: { latestFailure } }
      const args = [{ agentId: 7 }, { agentId: 8 }]
      assert.deepStrictEqual(yield* Effect.forEach(args, (each) => callOver(fakes, "get_latest_failure", each)), [
        { hasFailure: true, agentId: 7, runId: 88 },
        { hasFailure: false, agentId: 8 }
      ])
      assert.deepStrictEqual(asked, [7, 8])
    })
  )
})

describe("get_runs_summary", () => {
  it.effect("has no failed runs where Sequentum lists none", () =>
    Effect.gen(function* () {
      const runs = () => Effect.succeed({ totalRuns: 2, failedRuns: 0, queuedRuns: 1 })
      assert.deepStrictEqual(yield* callOver({ analytics: { runs } }, "get_runs_summary", {}), {
        totalRuns: 2,
        failedRuns: 0,
        queuedRuns: 1,
        otherRuns: 1
      })
    })
  )

  const failed = (id: number, errorMessage?: string) => ({
    runId: RunId.make(id),
    agentId: AgentId.make(7),
    status: "Failure" as const,
    ...(errorMessage === undefined ? {} : { errorMessage })
  })

  it.effect("has totals that add up, and each cause once, the most frequent first", () =>
    Effect.gen(function* () {
      const runs = () =>
        Effect.succeed({
          totalRuns: 20,
          completedRuns: 7,
          failedRuns: 4,
          completedWithErrorsRuns: 2,
          runningRuns: 1,
          queuedRuns: 2,
          stoppedRuns: 1,
          failedRunDetails: [failed(1, "Time-out"), failed(2, "No login"), failed(3), failed(4, "No login")]
        })
      const result = yield* callOver({ analytics: { runs } }, "get_runs_summary", { includeDetails: true })
      assert.strictEqual(result["otherRuns"], 3)
      assert.deepStrictEqual(result["causes"], [
        { message: "No login", runIds: [2, 4], count: 2 },
        { message: "Time-out", runIds: [1], count: 1 },
        { runIds: [3], count: 1 }
      ])
      assert.deepStrictEqual(
        result["failedRunDetails"],
        [1, 2, 3, 4].map((runId) => ({ runId, agentId: 7, status: "Failure" }))
      )
      assert.match(
        String(result["notice"]),
        /^The details are of failed runs\. Runs that completed with errors \(2\) are not among them/
      )
    })
  )

  it.effect("counts runs of a cause beyond those that it names, and runs without a number", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 150 }, (_, index) => failed(index + 1, "No login"))
      const runs = () =>
        Effect.succeed({
          failedRunDetails: [...many, { ...failed(1, "No login"), runId: RunId.make("9007199254740993") }]
        })
      const result = yield* callOver({ analytics: { runs } }, "get_runs_summary", { includeDetails: true })
      const rows = Array.isArray(result["failedRunDetails"]) ? result["failedRunDetails"] : []
      assert.deepStrictEqual(
        rows.filter((row: object) => "errorMessage" in row).length,
        51,
        "each run has its message in a cause or in its row"
      )
      assert.deepStrictEqual(result["causes"], [
        { message: "No login", runIds: Array.from({ length: 100 }, (_, index) => index + 1), count: 151 }
      ])
    })
  )
})

describe("get_records_summary by day", () => {
  const run = (id: number, startTime: string, dataCount: number, rest: object = {}) => ({
    id: RunId.make(id),
    status: "Completed" as const,
    startTime,
    dataCount,
    ...rest
  })

  it.effect("counts the runs of an agent by the days of the zone, those that have any", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-30T12:00:00Z"))
      const asked: Array<unknown> = []
      const list = (agentId: AgentId, maxRecords?: number) =>
        Effect.sync(() => {
          asked.push([agentId, maxRecords])
          return [
            // 23:30 and 00:30 in Berlin.
            run(5, "2026-03-29T22:30:00Z", 1),
            run(4, "2026-03-29T21:30:00Z", 20, { errorCount: 2 }),
            run(3, "2026-03-29T00:30:00", 300),
            run(2, "2026-03-27T12:00:00Z", 4000),
            run(1, "2026-02-27T12:00:00Z", 50_000)
          ]
        })
      const records = (query: object) =>
        Effect.sync(() => {
          asked.push(query)
          return { runCount: 4, totalRecordsExtracted: 4321 }
        })
      const period = { startDate: "2026-02-28T23:00:00.000Z", endDate: "2026-03-30T12:00:00.000Z" }
      const result = yield* callOver({ runs: { list }, analytics: { records } }, "get_records_summary", {
        agentId: 7,
        groupBy: "day",
        timezone: "Europe/Berlin"
      })
      assert.deepStrictEqual(result, {
        ...period,
        runCount: 4,
        totalRecordsExtracted: 4321,
        days: [
          { date: "2026-03-27", runs: 1, records: 4000, errors: 0 },
          { date: "2026-03-29", runs: 2, records: 320, errors: 2 },
          { date: "2026-03-30", runs: 1, records: 1, errors: 0 }
        ]
      })
      assert.deepStrictEqual(asked, [{ agentId: 7, ...period }, [7, 1000]])
    })
  )

  it.effect("says when the list of runs is cut", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-30T12:00:00Z"))
      const list = () =>
        Effect.succeed(Array.from({ length: 1000 }, (_, index) => run(2000 - index, "2026-03-29T12:00:00Z", 1)))
      const records = () => Effect.succeed({ runCount: 4000 })
      const result = yield* callOver({ runs: { list }, analytics: { records } }, "get_records_summary", {
        agentId: 7,
        groupBy: "day"
      })
      assert.match(String(result["notice"]), /newest 1000 runs only, so days before 2026-03-29 are missing/)
    })
  )
})
