import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { requestLine, type Answer, type Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"
import { whileTimePasses } from "../support/time.ts"

const at = (instant: string) => TestClock.setTime(Date.parse(instant))

const cron = (id: number, schedule: string, rest: object = {}) => ({
  id,
  name: `Schedule ${id}`,
  scheduleType: 3,
  schedule,
  timezone: "Europe/Berlin",
  isEnabled: true,
  parallelism: 1,
  ...rest
})

const sixHourly = {
  id: 41,
  name: "Every six hours",
  scheduleType: 2,
  runEveryCount: 6,
  runEveryPeriod: 2,
  timezone: "UTC",
  nextRunTime: "2026-03-12T06:30:00Z",
  isEnabled: true
}

/** Sequentum with these schedules of agents, by agent. */
const fleet =
  (schedules: Readonly<Record<number, Answer>>, upcoming: ReadonlyArray<object> = []): Respond =>
  ({ path, query }) => {
    if (path === "/analytics/schedules/upcoming") return { body: upcoming }
    if (path === "/agent/all") {
      const ids = Object.keys(schedules).map(Number)
      const from = (Number(query["pageIndex"]) - 1) * Number(query["recordsPerPage"])
      return {
        body: {
          agents: ids.slice(from, from + Number(query["recordsPerPage"])).map((id) => ({ id, name: `Agent ${id}` })),
          totalRecordCount: ids.length
        }
      }
    }
    return schedules[Number(path.split("/")[2])] ?? { status: 404 }
  }

describe("list_agent_schedules without agentId", () => {
  it.effect("lists those of all agents, paused ones included, and says which agents failed", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(
        fleet({
          7: { body: [cron(31, "0 2 * * *", { nextRunTime: "2026-03-12T01:00:00Z" })] },
          8: { body: [cron(32, "0 3 * * *", { isEnabled: false, parallelism: 4 })] },
          9: { status: 403 },
          10: { body: [] }
        })
      )
      assert.deepStrictEqual(yield* call("list_agent_schedules", { spaceId: 3 }), {
        schedules: [
          {
            scheduleId: 31,
            agentId: 7,
            cronExpression: "0 2 * * *",
            name: "Schedule 31",
            scheduleType: "CRON",
            timezone: "Europe/Berlin",
            nextRunTime: "2026-03-12T01:00:00Z",
            isEnabled: true,
            agentName: "Agent 7"
          },
          {
            scheduleId: 32,
            agentId: 8,
            cronExpression: "0 3 * * *",
            parallelism: 4,
            name: "Schedule 32",
            scheduleType: "CRON",
            timezone: "Europe/Berlin",
            isEnabled: false,
            agentName: "Agent 8"
          }
        ],
        notice: "1 of 4 agents could not be read: agent 9. This account may not do that (403, GET /agent/9/schedules)."
      })
      assert.deepStrictEqual(sent.map(requestLine), [
        "GET /agent/all?pageIndex=1&recordsPerPage=100&sortColumn=lastActivity&sortOrder=1&spaceId=3",
        ...[7, 8, 9, 10].map((id) => `GET /agent/${id}/schedules`)
      ])
    })
  )

  it.effect("reads all pages of agents, and stops where the rate limit leaves no more", () =>
    Effect.gen(function* () {
      const schedules = Object.fromEntries(
        Array.from({ length: 130 }, (_, index): [number, Answer] => [
          1000 + index,
          { body: [cron(index + 1, "0 2 * * *")], headers: { "x-ratelimit-limit": "100" } }
        ])
      )
      const { call, sent } = yield* toolsOver(fleet(schedules))
      const { notice, schedules: found } = yield* call("list_agent_schedules", {})
      assert.strictEqual(Array.isArray(found) ? found.length : 0, 78)
      assert.strictEqual(sent.length, 80)
      assert.match(String(notice), /^52 of 130 agents were not read, since the rest of the rate limit .*agent 1078, /)
    })
  )
})

describe("get_scheduled_runs", () => {
  const upcoming = (scheduleId: number, agentId: number, nextRunTime: string, rest: object = {}) => ({
    scheduleId,
    agentId,
    agentName: `Agent ${agentId}`,
    scheduleName: `Schedule ${scheduleId}`,
    nextRunTime,
    timezone: "UTC",
    isEnabled: true,
    ...rest
  })

  const day = { startDate: "2026-03-12", endDate: "2026-03-12" }

  const starts = (respond: Respond, args: object) =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const { call, sent } = yield* toolsOver(respond)
      const { notice, scheduledRuns } = yield* call("get_scheduled_runs", args)
      const rows: ReadonlyArray<Readonly<Record<string, unknown>>> = Array.isArray(scheduledRuns) ? scheduledRuns : []
      return {
        notice,
        sent: sent.map(requestLine),
        rows: rows.map((row) => [row["scheduleId"], row["nextRunTime"], row["localTime"]])
      }
    })

  it.effect("lists every start of every enabled schedule in time order", () =>
    Effect.gen(function* () {
      const found = yield* starts(
        fleet(
          {
            7: { body: [sixHourly, cron(42, "0 9 * * *", { isEnabled: false })] },
            8: { body: [cron(43, "0 8 * * *")] },
            9: { status: 404 }
          },
          [upcoming(41, 7, "2026-03-12T06:30:00Z"), upcoming(43, 8, "2026-03-12T07:00:00Z")]
        ),
        day
      )
      assert.deepStrictEqual(found, {
        notice: undefined,
        sent: [
          "GET /analytics/schedules/upcoming?endDate=2026-03-12&startDate=2026-03-11T12:00:00.000Z",
          "GET /agent/7/schedules",
          "GET /agent/8/schedules"
        ],
        rows: [
          [41, "2026-03-12T06:30:00Z", "2026-03-12T06:30:00+00:00"],
          [43, "2026-03-12T07:00:00Z", "2026-03-12T08:00:00+01:00"],
          [41, "2026-03-12T12:30:00Z", "2026-03-12T12:30:00+00:00"],
          [41, "2026-03-12T18:30:00Z", "2026-03-12T18:30:00+00:00"]
        ]
      })
    })
  )

  it.effect("takes a window in local time, and shows local times of that zone", () =>
    Effect.gen(function* () {
      const found = yield* starts(fleet({ 7: { body: [sixHourly] } }, [upcoming(41, 7, "2026-03-12T06:30:00Z")]), {
        startDate: "2026-03-12T02:00",
        endDate: "2026-03-12T09:00",
        timezone: "America/New_York"
      })
      assert.deepStrictEqual(found.rows, [
        [41, "2026-03-12T06:30:00Z", "2026-03-12T02:30:00-04:00"],
        [41, "2026-03-12T12:30:00Z", "2026-03-12T08:30:00-04:00"]
      ])
    })
  )

  it.effect("lists nothing that is over, and says whose clocks change", () =>
    Effect.gen(function* () {
      const found = yield* starts(
        fleet({ 8: { body: [cron(43, "0 13 * * 0")] } }, [upcoming(43, 8, "2026-03-15T12:00:00Z")]),
        { startDate: "2026-03-01", endDate: "2026-03-31" }
      )
      assert.deepStrictEqual(
        found.rows.map(([, utc]) => utc),
        ["2026-03-15T12:00:00Z", "2026-03-22T12:00:00Z", "2026-03-29T11:00:00Z"]
      )
      assert.match(String(found.notice), /^The clocks of Europe\/Berlin change in this period\./)
      const over = yield* starts(fleet({}), { startDate: "2026-03-01", endDate: "2026-03-02" })
      assert.deepStrictEqual([over.rows, over.notice], [[], "This period is over: only coming starts are listed."])
    })
  )

  it.effect("keeps the next start of what it can't read or compute, and says so", () =>
    Effect.gen(function* () {
      const found = yield* starts(
        fleet({ 7: { status: 403 }, 8: { body: [cron(43, "at eight")] }, 10: { body: [cron(45, "0 8 * * *")] } }, [
          upcoming(41, 7, "2026-03-12T06:30:00Z"),
          upcoming(43, 8, "2026-03-12T07:00:00Z"),
          upcoming(44, 9, "2026-03-12T05:00:00Z", { isEnabled: false }),
          upcoming(45, 10, "2026-03-12T07:00:00Z")
        ]),
        day
      )
      assert.deepStrictEqual(
        found.rows.map(([id]) => id),
        [41, 45, 43]
      )
      assert.strictEqual(
        found.notice,
        "1 of 3 agents could not be read: agent 7. This account may not do that (403, GET /agent/7/schedules). Only the next start is listed of schedules that could not be computed: 41, 43."
      )
    })
  )

  it.effect("keeps the next starts for a caller who may not read schedules", () =>
    Effect.gen(function* () {
      const found = yield* starts(fleet({ 7: { status: 403 } }, [upcoming(41, 7, "2026-03-12T06:30:00Z")]), day)
      assert.deepStrictEqual(found.rows, [[41, "2026-03-12T06:30:00Z", "2026-03-12T06:30:00+00:00"]])
    })
  )

  it.effect("lists at most 500 starts and says until when", () =>
    Effect.gen(function* () {
      const found = yield* starts(
        fleet({ 7: { body: [cron(41, "* * * * *")] }, 8: { body: [cron(42, "* * * * *")] } }, [
          upcoming(41, 7, "2026-03-11T23:00:00Z"),
          upcoming(42, 8, "2026-03-11T23:00:00Z")
        ]),
        { startDate: "2026-03-12", endDate: "2026-03-14" }
      )
      // The result is cut to its limit in bytes, too.
      assert.match(
        String(found.notice),
        /^There are more starts: the first 500 are listed, until 2026-03-12T04:09:00Z\. Ask again from there on\. The result was too large/
      )
    })
  )

  it.effect("keeps what it has when its time is over", () =>
    Effect.gen(function* () {
      const respond: Respond = (sent) =>
        sent.path === "/agent/8/schedules"
          ? "silence"
          : fleet({ 7: { body: [sixHourly] } }, [
              upcoming(41, 7, "2026-03-12T06:30:00Z"),
              upcoming(43, 8, "2026-03-12T07:00:00Z")
            ])(sent)
      const found = yield* whileTimePasses(starts(respond, day), "5 seconds", 20)
      assert.deepStrictEqual(
        found.rows.map(([id]) => id),
        [41, 43, 41, 41]
      )
      assert.match(
        String(found.notice),
        /1 of 2 agents (?:were not read, since 45 seconds were over|could not be read): agent 8\./
      )
    })
  )
})

describe("the next runs of a schedule that was changed", () => {
  const changed = (answer: object) =>
    Effect.gen(function* () {
      yield* at("2026-03-28T12:00:00Z")
      const { call } = yield* toolsOver(() => ({ body: answer }))
      return (yield* call("update_agent_schedule", { agentId: 7, scheduleId: 31, name: "New" }))["nextRuns"]
    })

  it.effect("are five, in UTC and local, across a change to summer time", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* changed(cron(31, "30 2 * * *")), [
        { utc: "2026-03-29T01:30:00Z", local: "2026-03-29T03:30:00+02:00" },
        ...[30, 31].map((day) => ({ utc: `2026-03-${day}T00:30:00Z`, local: `2026-03-${day}T02:30:00+02:00` })),
        ...["01", "02"].map((day) => ({ utc: `2026-04-${day}T00:30:00Z`, local: `2026-04-${day}T02:30:00+02:00` }))
      ])
    })
  )

  it.effect("are one for a single run, and none while it is paused", () =>
    Effect.gen(function* () {
      const once = { id: 31, scheduleType: 1, startTime: "2026-04-01T06:00:00Z", isEnabled: true }
      assert.deepStrictEqual(yield* changed(once), [
        { utc: "2026-04-01T06:00:00Z", local: "2026-04-01T06:00:00+00:00" }
      ])
      assert.isUndefined(yield* changed({ ...once, isEnabled: false }))
    })
  )
})
