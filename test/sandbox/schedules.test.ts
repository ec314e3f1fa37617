import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { nextTime } from "../../src/sandbox/schedules.ts"
import { AgentError, archived, as, books, quick, Runs, sandbox } from "./drive.ts"

const Schedule = Schema.Struct({
  id: Schema.Int,
  configId: Schema.Int,
  name: Schema.String,
  schedule: Schema.NullOr(Schema.String),
  timezone: Schema.NullOr(Schema.String),
  nextRunTime: Schema.NullOr(Schema.String),
  startTime: Schema.NullOr(Schema.String),
  scheduleType: Schema.Int,
  isEnabled: Schema.Boolean,
  runEveryCount: Schema.NullOr(Schema.Int),
  runEveryPeriod: Schema.NullOr(Schema.Int),
  inputParameters: Schema.NullOr(Schema.String),
  parallelism: Schema.NullOr(Schema.Int)
})

const Schedules = Schema.Array(Schedule)

const Upcoming = Schema.Array(
  Schema.Struct({
    scheduleId: Schema.Int,
    agentId: Schema.Int,
    agentName: Schema.NullOr(Schema.String),
    nextRunTime: Schema.NullOr(Schema.String),
    isEnabled: Schema.Boolean
  })
)

/** The clock of a sandbox starts at noon UTC on Wednesday 11 March 2026. */
const at = (text: string) => Date.parse(text)

const prepared = Effect.gen(function* () {
  const box = yield* sandbox()
  const path = `/agent/${quick}/schedules`
  const create = (body: unknown) => box.post(path, { body })
  const created = (body: unknown) => Effect.flatMap(create(body), as(Schedule))
  const read = (id: number) => Effect.flatMap(box.get(`${path}/${id}`), as(Schedule))
  const runs = Effect.flatMap(box.get(`/agent/${quick}/runs?maxRecords=1000`), as(Runs))
  return { ...box, path, create, created, read, runs } as const
})

describe("a schedule", () => {
  it.effect("with cron runs its agent at the due time, in its time zone", () =>
    Effect.gen(function* () {
      const { create, created, read, runs } = yield* prepared
      const before = yield* runs
      const body = { Name: "Morning", CronExpression: "30 9 * * *", ScheduleType: 3, Timezone: "America/New_York" }
      assert.strictEqual((yield* create(body)).status, 201)
      const schedule = yield* created({ ...body, isEnabled: false })
      assert.isNull(schedule.nextRunTime)
      const [first] = yield* Effect.map(runs, (runs) => [runs.length])
      assert.strictEqual(first, before.length)
      yield* TestClock.setTime(at("2026-03-11T13:29:59Z"))
      assert.lengthOf(yield* runs, before.length)
      yield* TestClock.setTime(at("2026-03-11T13:30:00Z"))
      const after = yield* runs
      assert.lengthOf(after, before.length + 1)
      assert.strictEqual(after[0]?.created, "2026-03-11T13:30:00.000Z")
      // No request for three days: the runs took place anyway.
      yield* TestClock.setTime(at("2026-03-14T13:35:00Z"))
      const later = yield* runs
      assert.deepStrictEqual(
        later.slice(0, 4).map((run) => [run.created, run.status]),
        [
          ["2026-03-14T13:30:00.000Z", 10],
          ["2026-03-13T13:30:00.000Z", 10],
          ["2026-03-12T13:30:00.000Z", 10],
          ["2026-03-11T13:30:00.000Z", 10]
        ]
      )
      assert.strictEqual((yield* read(schedule.id - 1)).nextRunTime, "2026-03-15T13:30:00.000Z")
    })
  )

  it.effect("with RunOnce runs once", () =>
    Effect.gen(function* () {
      const { created, read, runs } = yield* prepared
      const before = yield* runs
      const { id, nextRunTime } = yield* created({ name: "Once", scheduleType: 1, startTime: "2026-03-11T12:30:00Z" })
      assert.strictEqual(nextRunTime, "2026-03-11T12:30:00.000Z")
      yield* TestClock.adjust("1 day")
      assert.lengthOf(yield* runs, before.length + 1)
      const after = yield* read(id)
      assert.isFalse(after.isEnabled)
      assert.isNull(after.nextRunTime)
    })
  )

  it.effect("with RunEvery runs at its interval, from its start time if it has one", () =>
    Effect.gen(function* () {
      const { created, runs } = yield* prepared
      const before = yield* runs
      const plain = yield* created({ name: "Hourly", scheduleType: 2, runEveryCount: 1, runEveryPeriod: 2 })
      assert.strictEqual(plain.nextRunTime, "2026-03-11T13:00:00.000Z")
      const anchored = yield* created({
        name: "From three",
        scheduleType: 2,
        runEveryCount: 1,
        runEveryPeriod: 3,
        startTime: "2026-03-11T15:10:00Z"
      })
      assert.strictEqual(anchored.nextRunTime, "2026-03-11T15:10:00.000Z")
      yield* TestClock.adjust("190 minutes")
      assert.deepStrictEqual(
        (yield* runs).slice(0, 5).map((run) => run.created.slice(11, 16)),
        ["15:10", "15:00", "14:00", "13:00", before[0]?.created.slice(11, 16)]
      )
    })
  )

  it.effect("can be disabled, enabled, replaced and removed", () =>
    Effect.gen(function* () {
      const { created, del, get, path, post, put, read, runs } = yield* prepared
      const before = (yield* runs).length
      const { id } = yield* created({
        name: "Hourly",
        scheduleType: 2,
        runEveryCount: 1,
        runEveryPeriod: 2,
        parallelism: 4
      })
      assert.strictEqual((yield* post(`${path}/${id}/disable`)).text, "")
      yield* TestClock.adjust("3 hours")
      assert.lengthOf(yield* runs, before)
      assert.isNull((yield* read(id)).nextRunTime)
      assert.strictEqual((yield* post(`${path}/${id}/enable`)).status, 200)
      assert.strictEqual((yield* read(id)).nextRunTime, "2026-03-11T16:00:00.000Z")
      const body = { name: "Daily", scheduleType: 3, cronExpression: "0 0 * * *" }
      const replaced = yield* Effect.flatMap(put(`${path}/${id}`, { body }), as(Schedule))
      assert.deepInclude(replaced, {
        id,
        name: "Daily",
        schedule: "0 0 * * *",
        runEveryCount: null,
        parallelism: 1,
        nextRunTime: "2026-03-12T00:00:00.000Z"
      })
      yield* TestClock.adjust("2 hours")
      assert.lengthOf(yield* runs, before)
      assert.strictEqual((yield* del(`${path}/${id}`)).status, 200)
      yield* TestClock.adjust("1 day")
      assert.lengthOf(yield* runs, before)
      assert.strictEqual((yield* get(`${path}/${id}`)).status, 404)
      assert.strictEqual((yield* post(`${path}/${id}/enable`)).status, 404)
    })
  )

  it.effect("of an archived agent creates a Skipped run", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const runs = () => Effect.flatMap(get(`/agent/${archived}/runs`), as(Runs))
      const before = yield* runs()
      yield* TestClock.setTime(at("2026-03-16T03:00:01Z"))
      const after = yield* runs()
      assert.lengthOf(after, before.length + 1)
      assert.include(after[0], { status: 11, startTime: null, dataCount: 0 })
      assert.match(after[0]?.message ?? "", /archived/)
    })
  )

  it.effect.each([
    { scheduleType: 3, cronExpression: "0 6 * * *" },
    { name: " ", scheduleType: 3, cronExpression: "0 6 * * *" },
    { name: "x", scheduleType: 3 },
    { name: "x", scheduleType: 3, cronExpression: "0 0 6 * * *" },
    { name: "x", scheduleType: 3, cronExpression: "61 6 * * *" },
    { name: "x", scheduleType: 3, cronExpression: "0 0 31 2 *" },
    { name: "x", scheduleType: 3, cronExpression: "0 6 * * *", timezone: "Mars/Olympus" },
    { name: "x", scheduleType: 4 },
    { name: "x", scheduleType: 1 },
    { name: "x", scheduleType: 1, startTime: "2026-03-11T12:00:30Z" },
    { name: "x", scheduleType: 1, startTime: "soon" },
    { name: "x", scheduleType: 2, runEveryCount: 5 },
    { name: "x", scheduleType: 2, runEveryPeriod: 1 },
    { name: "x", scheduleType: 2, runEveryCount: 30, runEveryPeriod: 0 },
    { name: "x", scheduleType: 2, runEveryCount: 30, runEveryPeriod: 6 },
    { name: "x", scheduleType: 2, runEveryCount: 0, runEveryPeriod: 1 },
    { name: "x", scheduleType: 2, runEveryCount: 1, runEveryPeriod: 1, startTime: "2026-03-11T11:00:00Z" },
    { name: "x", scheduleType: 3, cronExpression: "0 6 * * *", inputParameters: "[]" }
  ])("is refused as %j", (body) =>
    Effect.gen(function* () {
      const { create, get, path } = yield* prepared
      const error = yield* Effect.flatMap(create(body), as(AgentError))
      assert.strictEqual(error.statusCode, 400)
      assert.deepStrictEqual(yield* Effect.flatMap(get(path), as(Schedules)), [])
    })
  )

  it.effect("accepts lists of weekdays, and ignores the start time of a cron", () =>
    Effect.gen(function* () {
      const { created } = yield* prepared
      const schedule = yield* created({
        name: "Some days",
        scheduleType: 3,
        cronExpression: "0 6 * * 1,5",
        startTime: "2020-01-01T00:00:00Z"
      })
      assert.isNull(schedule.startTime)
      assert.strictEqual(schedule.nextRunTime, "2026-03-13T06:00:00.000Z")
    })
  )
})

describe("upcoming", () => {
  it.effect("lists schedules that are due in the period, soonest first", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const upcoming = (query: string) => Effect.flatMap(get(`/analytics/schedules/upcoming?${query}`), as(Upcoming))
      const week = yield* upcoming("")
      assert.deepStrictEqual(
        week.map(({ agentId }) => agentId),
        [4202, 4507, 4506, 4503, 4102, 4203, books, 4504, archived]
      )
      const times = week.map(({ nextRunTime }) => nextRunTime ?? "")
      assert.deepStrictEqual(times, [...times].sort())
      assert.isTrue(week.every(({ isEnabled }) => isEnabled))
      assert.deepStrictEqual(
        (yield* upcoming("startDate=2026-03-11T18:00:00Z&endDate=2026-03-12")).map(({ agentId }) => agentId),
        [4202, 4507, 4506, 4503, 4102, 4203]
      )
      assert.strictEqual((yield* get("/analytics/schedules/upcoming?startDate=tomorrow")).status, 400)
      assert.strictEqual(
        (yield* get("/analytics/schedules/upcoming?startDate=2026-03-12&endDate=2026-03-11")).status,
        400
      )
    })
  )
})

it("months are calendar months", () => {
  const monthly = {
    kind: 2,
    cron: null,
    timezone: "UTC",
    startTime: at("2026-01-31T08:00:00Z"),
    runEveryCount: 1,
    runEveryPeriod: 5,
    updated: at("2026-01-01T00:00:00Z")
  }
  assert.strictEqual(nextTime(monthly, at("2026-02-01T00:00:00Z")), at("2026-02-28T08:00:00Z"))
  assert.strictEqual(nextTime(monthly, at("2026-02-28T08:00:00Z")), at("2026-03-31T08:00:00Z"))
})
