import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Agents, as, books, crawl, jobs, Run, Runs, sandbox } from "./drive.ts"

const Objects = Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

const hour = 3_600_000

describe("runs in progress", () => {
  it.effect.each([1, 600])("one runs for more than an hour, one waits for it, one is younger, at speed %d", (speed) =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox({ speed })
      const now = Date.parse("2026-03-11T12:00:00.000Z")
      const [waiting, running] = yield* Effect.flatMap(get(`/agent/${crawl}/runs`), as(Runs))
      assert.include(waiting, { status: 4, startTime: null, tableType: "run" })
      assert.isBelow(Date.parse(waiting?.created ?? ""), now - hour / 3)
      assert.strictEqual(running?.status, 1)
      assert.isBelow(Date.parse(running?.startTime ?? ""), now - hour)
      assert.isAbove(running?.dataCount ?? 0, 0)
      assert.isBelow(running?.dataCount ?? 0, 900)
      const [young] = yield* Effect.flatMap(get(`/agent/${jobs}/runs?maxRecords=1`), as(Runs))
      assert.strictEqual(young?.status, 1)
      assert.isAbove(Date.parse(young?.startTime ?? ""), now - hour)
      yield* post(`/agent/${crawl}/run/${running?.id ?? 0}/stop`)
      yield* TestClock.adjust("11 seconds")
      const state = (id: number) => Effect.flatMap(get(`/agent/${crawl}/run/${id}/status`), as(Run))
      assert.strictEqual((yield* state(running?.id ?? 0)).status, 8)
      assert.include([4, 3, 1], (yield* state(waiting?.id ?? 0)).status)
    })
  )
})

describe("failures of the last seven days", () => {
  it.effect("have several causes, some of them of several agents, and some runs completed with errors", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const agents = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      const from = Date.parse("2026-03-04T12:00:00.000Z")
      const runs = (yield* Effect.forEach(agents, ({ id }) =>
        Effect.flatMap(get(`/agent/${id}/runs?maxRecords=1000`), as(Runs))
      ))
        .flat()
        .filter((run) => Date.parse(run.startTime ?? run.created) >= from)
      const agentsOf = new Map<string, Set<number>>()
      for (const run of runs.filter(({ status }) => status === 6 || status === 7)) {
        agentsOf.set(run.message ?? "", (agentsOf.get(run.message ?? "") ?? new Set()).add(run.configId))
      }
      assert.isAtLeast(agentsOf.size, 5)
      assert.isTrue([...agentsOf.values()].some(({ size }) => size > 1))
      const erring = runs.filter(({ errorCount, status }) => status === 9 && errorCount > 0)
      assert.isAtLeast(new Set(erring.map(({ configId }) => configId)).size, 2)
    })
  )
})

/** The fields that only the QA deployment returns. */
const onlyInQa = {
  "/spaces": ["scope", "runRetentionHours", "initiatedBy", "access"],
  "/spaces/105/agents": ["created", "updated", "version", "isArchived", "approvalStatus", "labels"],
  "/agent/4102/schedules": ["startedBy", "serverId", "httpVersion", "saveContentCache", "configName"],
  "/analytics/schedules/upcoming": [
    "schedule",
    "scheduleType",
    "runEveryCount",
    "runEveryPeriod",
    "spaceId",
    "spaceName",
    "approvalStatus",
    "lastRunId",
    "lastRunTime",
    "lastRunStatus",
    "lastRunMessage"
  ]
}

describe("the fields of a deployment", () => {
  it.effect.each(Object.entries(onlyInQa))("%s has more of them in QA", ([path, expected]) =>
    Effect.gen(function* () {
      const keys = (fields?: "production" | "qa") =>
        Effect.gen(function* () {
          const { get } = yield* sandbox(fields === undefined ? {} : { fields })
          const [first = {}] = yield* Effect.flatMap(get(path), as(Objects))
          return Object.keys(first)
        })
      const production = yield* keys("production")
      assert.deepStrictEqual(yield* keys(), production)
      const more = (yield* keys("qa")).filter((key) => !production.includes(key))
      assert.sameMembers(more, expected)
    })
  )
})

describe("more agents", () => {
  it.effect("are added in spaces of their own, with runs, and change no other agent", () =>
    Effect.gen(function* () {
      const few = yield* sandbox()
      const many = yield* sandbox({ agents: 120 })
      const list = (box: typeof few) => Effect.flatMap(box.get("/agent/all"), as(Agents))
      const usual = yield* list(few)
      const all = yield* list(many)
      assert.lengthOf(all, usual.length + 120)
      const added = all.filter(({ id }) => !usual.some((agent) => agent.id === id))
      assert.strictEqual(new Set(added.map(({ name }) => name)).size, 120)
      assert.strictEqual(new Set(added.map(({ spaceId }) => spaceId)).size, 3)
      assert.isTrue(added.every(({ lastActivity }) => lastActivity !== null))
      const outcomes = new Set(added.map(({ status }) => status))
      assert.isTrue(outcomes.has(10) && outcomes.has(9) && (outcomes.has(6) || outcomes.has(7)))
      const courses = (box: typeof few) =>
        Effect.map(Effect.flatMap(box.get(`/agent/${books}/runs`), as(Runs)), (runs) =>
          runs.map(({ dataCount, endTime, pageCount, status }) => ({ dataCount, endTime, pageCount, status }))
        )
      assert.deepStrictEqual(yield* courses(many), yield* courses(few))
      const spaces = yield* Effect.flatMap(many.get("/spaces"), as(Objects))
      assert.lengthOf(spaces, 8)
      const { availableCredits } = yield* Effect.flatMap(
        many.get("/billing/credits"),
        as(Schema.Struct({ availableCredits: Schema.Number }))
      )
      assert.isAbove(availableCredits, 0)
    })
  )
})
