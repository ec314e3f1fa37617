import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { Run } from "./drive.ts"
import { Agents, archived, as, books, failing, grocery, Problem, Runs, sandbox } from "./drive.ts"

const RunsSummary = Schema.Struct({
  totalRuns: Schema.Int,
  completedRuns: Schema.Int,
  failedRuns: Schema.Int,
  completedWithErrorsRuns: Schema.Int,
  runningRuns: Schema.Int,
  queuedRuns: Schema.Int,
  stoppedRuns: Schema.Int,
  failedRunDetails: Schema.NullOr(
    Schema.Array(
      Schema.Struct({
        runId: Schema.Int,
        agentId: Schema.Int,
        status: Schema.Int,
        errorMessage: Schema.NullOr(Schema.String),
        spaceId: Schema.NullOr(Schema.Int),
        spaceName: Schema.NullOr(Schema.String)
      })
    )
  )
})

const RecordsSummary = Schema.Struct({
  totalRecordsExtracted: Schema.Int,
  totalRecordsExported: Schema.Int,
  totalErrors: Schema.Int,
  totalPageLoads: Schema.Int,
  runCount: Schema.Int,
  agentId: Schema.NullOr(Schema.Int)
})

const Diagnosis = Schema.Struct({
  runId: Schema.Int,
  agentId: Schema.Int,
  status: Schema.Int,
  errorMessage: Schema.NullOr(Schema.String),
  stats: Schema.Struct({ dataCount: Schema.Int, errorCount: Schema.Int, pageCount: Schema.Int }),
  possibleCauses: Schema.Array(Schema.String),
  suggestedActions: Schema.Array(Schema.String)
})

const month = "startDate=2026-02-10&endDate=2026-03-11"

const everyRun = Effect.gen(function* () {
  const box = yield* sandbox()
  const agents = yield* Effect.flatMap(box.get("/agent/all"), as(Agents))
  const all = (yield* Effect.forEach([...agents.map((agent) => agent.id), archived], (id) =>
    Effect.flatMap(box.get(`/agent/${id}/runs?maxRecords=1000`), as(Runs))
  )).flat()
  const from = Date.parse("2026-02-10T00:00:00Z")
  return { ...box, runs: all.filter((run) => Date.parse(run.startTime ?? run.created) >= from) } as const
})

describe("the summary of runs", () => {
  it.effect("agrees with the runs themselves", () =>
    Effect.gen(function* () {
      const { get, runs } = yield* everyRun
      const summary = yield* Effect.flatMap(
        get(`/analytics/runs/summary?${month}&includeDetails=true`),
        as(RunsSummary)
      )
      const count = (test: (run: typeof Run.Type) => boolean) => runs.filter(test).length
      const { failedRunDetails, ...counts } = summary
      assert.deepStrictEqual(counts, {
        totalRuns: runs.length,
        completedRuns: count((run) => [9, 10].includes(run.status) && run.errorCount === 0),
        failedRuns: count((run) => [6, 7].includes(run.status)),
        completedWithErrorsRuns: count((run) => [9, 10].includes(run.status) && run.errorCount > 0),
        runningRuns: count((run) => run.status === 1),
        queuedRuns: count((run) => run.status === 4),
        stoppedRuns: count((run) => run.status === 8)
      })
      assert.strictEqual(counts.queuedRuns, 1)
      assert.isAbove(counts.failedRuns, 5)
      assert.isAbove(counts.completedWithErrorsRuns, 5)
      assert.sameMembers(
        failedRunDetails?.map(({ runId }) => runId) ?? [],
        runs.filter((run) => [6, 7].includes(run.status)).map((run) => run.id)
      )
    })
  )

  it.effect("covers today, without details, by default", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const today = Effect.flatMap(get("/analytics/runs/summary"), as(RunsSummary))
      const before = yield* today
      assert.isNull(before.failedRunDetails)
      yield* post(`/agent/${failing}/start`)
      assert.strictEqual((yield* today).queuedRuns, before.queuedRuns + 1)
      yield* TestClock.adjust("5 minutes")
      const after = yield* today
      assert.strictEqual(after.failedRuns, before.failedRuns + 1)
      assert.isNull(after.failedRunDetails)
      const details = yield* Effect.flatMap(
        get("/analytics/runs/summary?includeDetails=True&status=Failed"),
        as(RunsSummary)
      )
      assert.strictEqual(details.totalRuns, after.failedRuns)
      assert.include(details.failedRunDetails?.[0], { agentId: failing, spaceName: "Operations", status: 6 })
      const none = yield* Effect.flatMap(
        get("/analytics/runs/summary?startDate=2020-01-01&endDate=2020-01-02&includeDetails=true"),
        as(RunsSummary)
      )
      assert.include(none, { totalRuns: 0, failedRunDetails: null })
      assert.strictEqual((yield* get("/analytics/runs/summary?status=Broken")).status, 400)
    })
  )
})

describe("the summary of records", () => {
  it.effect("adds up the runs of all agents, or of one", () =>
    Effect.gen(function* () {
      const { get, runs } = yield* everyRun
      for (const agentId of [null, books, grocery]) {
        const some = runs.filter((run) => agentId === null || run.configId === agentId)
        const query = agentId === null ? month : `${month}&agentId=${agentId}`
        const total = (pick: (run: typeof Run.Type) => number) => some.reduce((sum, run) => sum + pick(run), 0)
        assert.deepStrictEqual(yield* Effect.flatMap(get(`/analytics/records/summary?${query}`), as(RecordsSummary)), {
          totalRecordsExtracted: total((run) => run.dataCount),
          totalRecordsExported: total((run) => run.exportCount ?? 0),
          totalErrors: total((run) => run.errorCount),
          totalPageLoads: total((run) => run.pageCount),
          runCount: some.length,
          agentId
        })
        assert.isAbove(some.length, 5)
      }
      assert.strictEqual((yield* get("/analytics/records/summary?agentId=1")).status, 404)
    })
  )
})

describe("diagnostics", () => {
  it.effect("explain a failure", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const latest = yield* Effect.flatMap(get(`/analytics/agents/${failing}/latest-failure`), as(Diagnosis))
      const [run] = yield* Effect.flatMap(get(`/agent/${failing}/runs`), as(Runs))
      assert.strictEqual(latest.runId, run?.id)
      assert.strictEqual(latest.errorMessage, run?.message)
      assert.match(latest.possibleCauses.join(), /login/)
      assert.isAbove(latest.suggestedActions.length, 0)
      const same = yield* Effect.flatMap(
        get(`/analytics/agents/${failing}/runs/${run?.id ?? 0}/diagnostics`),
        as(Diagnosis)
      )
      assert.deepStrictEqual(same, latest)
    })
  )

  it.effect("have no causes for a successful run", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const [run] = yield* Effect.flatMap(get(`/agent/${books}/runs`), as(Runs))
      const path = `/analytics/agents/${books}/runs/${run?.id ?? 0}/diagnostics`
      assert.deepInclude(yield* Effect.flatMap(get(path), as(Diagnosis)), {
        status: 10,
        errorMessage: null,
        possibleCauses: [],
        suggestedActions: []
      })
      const none = yield* Effect.flatMap(get(`/analytics/agents/${books}/latest-failure`), as(Problem))
      assert.strictEqual(none.status, 404)
      assert.strictEqual((yield* get(`/analytics/agents/${books}/runs/1/diagnostics`)).status, 404)
    })
  )
})
