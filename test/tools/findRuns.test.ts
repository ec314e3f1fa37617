import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { requestLine, type Respond, type Sent } from "../support/http.ts"
import { whileTimePasses } from "../support/time.ts"
import { toolsOver } from "../support/tools.ts"

const now = "2026-03-11T12:00:00Z"

interface Wire {
  readonly id: number
  readonly status: number
  readonly startTime?: string | null
  readonly created?: string
  readonly message?: string
  readonly errorCount?: number
}

interface WireAgent {
  readonly id: number
  readonly name: string
  /** "" if it never ran. */
  readonly lastActivity: string
  readonly spaceId?: number
  readonly status?: number
}

interface Fleet {
  readonly agents: ReadonlyArray<WireAgent>
  /** By agent, newest first. */
  readonly runs: Readonly<Record<number, ReadonlyArray<Wire>>>
}

/** A Sequentum with these agents and runs, which sorts and pages as it is asked. */
const answering =
  ({ agents, runs }: Fleet): Respond =>
  ({ path, query }: Sent) => {
    if (path === "/agent/all") {
      const page = Number(query["pageIndex"])
      const size = Number(query["recordsPerPage"])
      const sorted = [...agents].sort((left, right) => (left.lastActivity < right.lastActivity ? 1 : -1))
      const inSpace = sorted.filter(
        ({ spaceId }) => query["spaceId"] === undefined || String(spaceId) === query["spaceId"]
      )
      const rows = inSpace
        .slice((page - 1) * size, page * size)
        .map(({ lastActivity, ...row }) => ({ ...row, lastActivity: lastActivity === "" ? null : lastActivity }))
      return { body: { agents: rows, totalRecordCount: inSpace.length } }
    }
    const id = Number(/^\/agent\/(\d+)\/runs$/u.exec(path)?.[1])
    return id in runs ? { body: runs[id]?.slice(0, Number(query["maxRecords"])) } : { status: 404 }
  }

const find = (fleet: Fleet | Respond, args: JsonObject) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(now))
    const { call, sent } = yield* toolsOver(typeof fleet === "function" ? fleet : answering(fleet))
    const result = yield* whileTimePasses(call("find_runs", args))
    return { result, requests: sent.map(requestLine) }
  })

const idsOf = ({ runs }: JsonObject): ReadonlyArray<unknown> =>
  Array.isArray(runs) ? runs.map((run: unknown) => (Predicate.isRecord(run) ? run["runId"] : run)) : []

const readAgents = (requests: ReadonlyArray<string>) =>
  requests.flatMap((line) => /^GET \/agent\/(\d+)\/runs/u.exec(line)?.[1] ?? [])

const agent = (id: number, lastActivity: string, more: Partial<WireAgent> = {}): WireAgent => ({
  id,
  name: `Agent ${id}`,
  lastActivity,
  status: 10,
  ...more
})

const run = (id: number, status: number, startTime: string, more: Partial<Wire> = {}): Wire => ({
  id,
  status,
  startTime,
  ...more
})

const small: Fleet = {
  agents: [
    agent(1, "2026-03-10T22:40:00Z"),
    agent(2, "2026-03-11T11:00:00Z", { spaceId: 5 }),
    agent(3, "2026-02-01T00:00:00Z", { status: 1 }),
    agent(4, "2026-01-01T00:00:00Z"),
    { id: 5, name: "New", lastActivity: "" }
  ],
  runs: {
    1: [
      run(13, 6, "2026-03-10T22:30:00Z", { message: "Blocked", errorCount: 1 }),
      run(12, 10, "2026-03-10T09:00:00Z"),
      run(11, 6, "2026-03-09T09:00:00Z", { message: "Too old" })
    ],
    2: [
      run(24, 4, "", { startTime: null, created: "2026-03-11T11:59:00Z" }),
      run(23, 9, "2026-03-11T11:00:00Z", { message: "Completed with 2 errors", errorCount: 2 }),
      run(22, 7, "2026-03-10T23:30:00Z", { message: "Blocked" }),
      run(21, 10, "2026-03-10T10:00:00Z", { message: "Saved" })
    ],
    3: [run(31, 1, "2026-02-01T00:00:00Z")],
    4: [],
    5: []
  }
}

describe("find_runs", () => {
  it.effect("gives the runs of the last 24 hours, and those that are active since longer, newest first", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* find(small, {})
      assert.deepStrictEqual(idsOf(result), [24, 23, 22, 13, 31])
      assert.deepStrictEqual(readAgents(requests), ["2", "1", "3"])
      assert.strictEqual(result["startDate"], "2026-03-10T12:00:00.000Z")
      assert.notProperty(result, "notice")
    })
  )

  it.effect("shows each message of failures once, with its runs and their number, the most frequent first", () =>
    Effect.gen(function* () {
      const { result } = yield* find(small, { period: "last7Days" })
      assert.deepStrictEqual(result["causes"], [
        { message: "Blocked", runIds: [22, 13], count: 2 },
        { message: "Completed with 2 errors", runIds: [23], count: 1 },
        { message: "Too old", runIds: [11], count: 1 }
      ])
      assert.deepNestedInclude(result, {
        "runs[2]": { agentId: 2, agentName: "Agent 2", runId: 22, status: "Failed", startTime: "2026-03-10T23:30:00Z" }
      })
      assert.deepNestedPropertyVal(result, "runs[0].created", "2026-03-11T11:59:00Z")
      // It is no failure, so its message stands in its row.
      assert.deepNestedPropertyVal(result, "runs[4].message", "Saved")
    })
  )

  it.effect("says which runs a filter leaves out whose status means the same", () =>
    Effect.gen(function* () {
      const noticed = (status: ReadonlyArray<string>) =>
        Effect.map(find(small, { period: "last7Days", status }), ({ result }) => [idsOf(result), result["notice"]])
      const failed = "Failure and Failed (once archived) both mean that a run failed: those of status"
      assert.deepStrictEqual(yield* noticed(["Failed"]), [[22], `${failed} Failure are left out.`])
      assert.deepStrictEqual(yield* noticed(["Failure", "Running"]), [[13, 11], `${failed} Failed are left out.`])
      assert.deepStrictEqual(yield* noticed(["Failed", "Failure"]), [[22, 13, 11], undefined])
      assert.deepStrictEqual(yield* noticed(["Completed"]), [
        [23],
        "Success and Completed both mean that a run is done: those of status Success are left out."
      ])
      assert.deepStrictEqual(yield* noticed(["Stopped"]), [[], undefined])
    })
  )

  it.effect("says why nothing was found in a space without agents, or in a period that has not begun", () =>
    Effect.gen(function* () {
      const nowhere = yield* find(small, { spaceId: 99 })
      assert.deepStrictEqual(
        [idsOf(nowhere.result), nowhere.result["notice"]],
        [[], "Space 99 has no agents, or this account can't see it."]
      )
      const later = yield* find(small, { startDate: "2026-03-12" })
      assert.deepStrictEqual([idsOf(later.result), later.result["notice"]], [[], "2026-03-12 is still to come."])
    })
  )

  it.effect("takes yesterday to be that of the zone", () =>
    Effect.gen(function* () {
      const inUtc = yield* find(small, { period: "yesterday" })
      assert.deepStrictEqual(idsOf(inUtc.result), [22, 13, 21, 12])
      const inTokyo = yield* find(small, { period: "yesterday", timezone: "Asia/Tokyo" })
      assert.deepStrictEqual(idsOf(inTokyo.result), [21, 12])
      assert.strictEqual(inTokyo.result["startDate"], "2026-03-09T15:00:00.000Z")
      assert.strictEqual(inTokyo.result["endDate"], "2026-03-10T14:59:59.999Z")
    })
  )

  it.effect("keeps runs of the statuses that are asked for, by word in any case or by number", () =>
    Effect.gen(function* () {
      for (const status of [["failure", "Failed"], [6, 7], '["Failure","Failed"]']) {
        assert.deepStrictEqual(idsOf((yield* find(small, { status })).result), [22, 13])
      }
      assert.deepStrictEqual(idsOf((yield* find(small, { status: "Running" })).result), [31])
    })
  )

  it.effect("reads named agents without a list, and in a space only those of it", () =>
    Effect.gen(function* () {
      const named = yield* find(small, { agentIds: [4, 1], period: "yesterday" })
      assert.deepStrictEqual(named.requests, ["GET /agent/4/runs?maxRecords=100", "GET /agent/1/runs?maxRecords=100"])
      const inSpace = yield* find(small, { spaceId: 5, period: "yesterday" })
      assert.deepStrictEqual(readAgents(inSpace.requests), ["2"])
      assert.include(inSpace.requests[0], "spaceId=5")
      const both = yield* find(small, { spaceId: 5, agentIds: [1, 2], period: "yesterday" })
      assert.deepStrictEqual(readAgents(both.requests), ["2"])
    })
  )

  it.effect("shows the newest where there are more than may be, and counts the causes of all", () =>
    Effect.gen(function* () {
      const { result } = yield* find(small, { maxRecords: 2, period: "last7Days" })
      assert.deepStrictEqual(idsOf(result), [24, 23])
      assert.strictEqual(result["notice"], "7 runs were found: the newest 2 are shown.")
      assert.deepNestedPropertyVal(result, "causes[0].count", 2)
    })
  )

  it.effect("stops to page through agents where none can have been active, unless the list is in another order", () =>
    Effect.gen(function* () {
      const agents = Array.from({ length: 250 }, (_, index) =>
        agent(index + 1, new Date(Date.parse(now) - index * 3_600_000).toISOString())
      )
      const runs = Object.fromEntries(agents.map(({ id }) => [id, []]))
      const pages = (requests: ReadonlyArray<string>) => requests.filter((line) => line.includes("/agent/all")).length
      const sorted = yield* find({ agents, runs }, { period: "yesterday" })
      assert.strictEqual(pages(sorted.requests), 1)
      assert.strictEqual(readAgents(sorted.requests).length, 37)
      const shuffled = yield* find(
        (sent) => {
          const step = answering({ agents, runs })({
            ...sent,
            query: { ...sent.query, pageIndex: "1", recordsPerPage: "250" }
          })
          if (sent.path !== "/agent/all" || typeof step === "string" || !("body" in step)) return step
          const page = Number(sent.query["pageIndex"])
          const odd = [...agents].sort((left, right) => (left.id % 7) - (right.id % 7))
          return { body: { agents: odd.slice((page - 1) * 100, page * 100) } }
        },
        { period: "yesterday" }
      )
      assert.strictEqual(pages(shuffled.requests), 3)
      assert.strictEqual(readAgents(shuffled.requests).length, 37)
      // Whoever was active last is read first.
      assert.deepStrictEqual(readAgents(shuffled.requests).slice(0, 3), ["1", "2", "3"])
    })
  )

  it.effect("reads further back where the first runs of an agent do not reach the start of the period", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 1200 }, (_, index) =>
        run(2000 - index, 10, new Date(Date.parse(now) - index * 60_000).toISOString())
      )
      const busy: Fleet = { agents: [agent(1, now)], runs: { 1: many } }
      const hours = yield* find(busy, { startDate: "2026-03-11T07:00:00Z", maxRecords: 500 })
      assert.deepStrictEqual(hours.requests.slice(1), [
        "GET /agent/1/runs?maxRecords=100",
        "GET /agent/1/runs?maxRecords=1000"
      ])
      assert.strictEqual(idsOf(hours.result).length, 301)
      assert.notProperty(hours.result, "notice")
      const days = yield* find(busy, { startDate: "2026-03-01", maxRecords: 500 })
      assert.include(String(days.result["notice"]), "Of agent 1 only the newest 1000 runs could be looked at")
    })
  )

  it.effect("costs an agent that can't be read, or one row, that only, and says so", () =>
    Effect.gen(function* () {
      const { result } = yield* find((sent) => {
        if (sent.path === "/agent/1/runs") return { status: 403 }
        return sent.path === "/agent/3/runs" ? { body: [{ id: 30 }, run(31, 1, now)] } : answering(small)(sent)
      }, {})
      assert.deepStrictEqual(idsOf(result), [31, 24, 23, 22])
      assert.include(String(result["notice"]), "1 of 3 agents could not be read: agent 1.")
      assert.include(String(result["notice"]), "One of 2 rows that Sequentum sent could not be read")
    })
  )

  it.effect("keeps the agents of the pages that could be read", () =>
    Effect.gen(function* () {
      const agents = Array.from({ length: 150 }, (_, index) => agent(index + 1, now))
      const runs = Object.fromEntries(agents.map(({ id }) => [id, []]))
      const { requests, result } = yield* find(
        (sent) => (sent.query["pageIndex"] === "2" ? { status: 403 } : answering({ agents, runs })(sent)),
        {}
      )
      assert.strictEqual(readAgents(requests).length, 100)
      assert.match(String(result["notice"]), /^Only 100 of \w+ agents could be listed\. This account may not do that/)
    })
  )

  it.effect("reads five agents at a time, and reports progress that never goes back", () =>
    Effect.gen(function* () {
      const agents = Array.from({ length: 12 }, (_, index) => agent(index + 1, now))
      const reports: Array<ProgressReport> = []
      yield* TestClock.setTime(Date.parse(now))
      const { call } = yield* toolsOver(
        answering({ agents, runs: Object.fromEntries(agents.map(({ id }) => [id, []])) })
      )
      yield* whileTimePasses(
        call("find_runs", {}).pipe(
          Effect.provideService(Progress, { report: (report) => Effect.sync(() => void reports.push(report)) })
        )
      )
      assert.strictEqual(reports.length, 12)
      assert.deepStrictEqual(
        reports.map(({ progress, total }) => [progress, total]),
        agents.map((_, index) => [index + 1, 12])
      )
    })
  )
})

describe("get_agent_runs", () => {
  const list = (args: JsonObject, runs = small.runs[2] ?? []) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(now))
      const { call, sent } = yield* toolsOver(answering({ agents: [], runs: { 2: runs } }))
      const result = yield* call("get_agent_runs", { agentId: 2, ...args })
      return { result, requests: sent.map(requestLine) }
    })

  it.effect("keeps runs of a status and a period, and gives the dates that it took", () =>
    Effect.gen(function* () {
      const failed = (yield* list({ status: "Failed" })).result
      assert.deepStrictEqual(idsOf(failed), [22])
      assert.match(String(failed["notice"]), /those of status Failure are left out\.$/u)
      const { result } = yield* list({ period: "today" })
      assert.deepStrictEqual(idsOf(result), [24, 23])
      assert.strictEqual(result["startDate"], "2026-03-11T00:00:00.000Z")
      assert.deepStrictEqual(idsOf((yield* list({ endDate: "2026-03-10T12:00:00Z" })).result), [21])
    })
  )

  it.effect("shows when a queued run was created, whether a run goes on, and no time twice", () =>
    Effect.gen(function* () {
      const runs = [
        { id: 2, status: 4, created: "2026-03-11T11:59:00.000Z" },
        { id: 1, status: 10, created: "2026-03-11T10:00:00.000Z", startTime: "2026-03-11T10:00:01.500Z" }
      ]
      assert.deepStrictEqual((yield* list({}, runs)).result["runs"], [
        { runId: 2, status: "Queuing", isFinal: false, created: "2026-03-11T11:59:00Z" },
        { runId: 1, status: "Success", startTime: "2026-03-11T10:00:01.500Z" }
      ])
    })
  )

  it.effect("says that there may be older runs where as many came as were asked for", () =>
    Effect.gen(function* () {
      const whole = yield* list({})
      assert.notProperty(whole.result, "notice")
      const cut = yield* list({ maxRecords: 4 })
      assert.strictEqual(
        cut.result["notice"],
        "The newest 4 are shown, and there may be older ones: ask with a larger maxRecords or a period, or count them with get_agent_run_summary."
      )
      const few = yield* list({ maxRecords: 1, status: ["Success", "Completed"] })
      assert.deepStrictEqual(idsOf(few.result), [23])
      assert.match(String(few.result["notice"]), /^The newest 1 are shown/)
    })
  )
})
