import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { account } from "../support/account.ts"
import { schedule } from "./schedules.cases.ts"
import { overSandbox } from "../support/sandbox.ts"
import { whileTimePasses } from "../support/time.ts"
import type { Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

const create = { agentId: 7, name: "Nightly" }
const update = { agentId: 7, scheduleId: 31 }

/** What a call writes and answers, at noon of 11 March 2026 in UTC; the problems if it is refused. */
const called = (tool: string, args: unknown, respond: Respond = account) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
    const { call, sent } = yield* toolsOver(respond)
    const ended = yield* Effect.either(call(tool, args))
    return {
      body: sent.find(({ method }) => method !== "GET")?.json,
      notice: Either.isRight(ended) ? ended.right["notice"] : undefined,
      problems: Either.isLeft(ended) && ended.left._tag === "InvalidArguments" ? ended.left.problems : []
    }
  })

const sentAlways = { isEnabled: true, parallelism: 1, name: "Nightly" }

const withSchedule =
  (changes: object): Respond =>
  (sent) =>
    sent.path === "/agent/7/schedules/31" ? { body: { ...schedule, ...changes } } : account(sent)

describe("the type of a new schedule", () => {
  for (const [what, fields, timing] of [
    ["CRON of cronExpression", { cronExpression: "0 6 * * *" }, { scheduleType: 3, cronExpression: "0 6 * * *" }],
    [
      "RunEvery of runEveryCount and runEveryPeriod",
      { runEveryCount: 6, runEveryPeriod: 2 },
      { scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2 }
    ],
    [
      "RunEvery of these with a startTime",
      { runEveryCount: 6, runEveryPeriod: 2, startTime: "2026-03-12T06:00:00Z" },
      { scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2, startTime: "2026-03-12T06:00:00.000Z" }
    ],
    [
      "RunOnce of startTime alone",
      { startTime: "2026-03-12T06:00:00Z" },
      { scheduleType: 1, startTime: "2026-03-12T06:00:00.000Z" }
    ]
  ] as const) {
    it.effect(`is ${what}`, () =>
      Effect.gen(function* () {
        const { body, notice } = yield* called("create_agent_schedule", { ...create, ...fields })
        assert.deepStrictEqual<unknown>(body, { ...sentAlways, ...timing })
        assert.isUndefined(notice)
      })
    )
  }

  it.effect("is refused where the fields contradict each other", () =>
    Effect.gen(function* () {
      const fields = { cronExpression: "0 6 * * *", runEveryCount: 6 }
      const { body, problems } = yield* called("create_agent_schedule", { ...create, ...fields })
      assert.isUndefined(body)
      assert.deepStrictEqual(problems, [
        "cronExpression and runEveryCount or runEveryPeriod contradict each other: give scheduleType to say which is meant."
      ])
    })
  )

  it.effect("leaves out the fields of other types, and says so", () =>
    Effect.gen(function* () {
      const fields = { cronExpression: "0 6 * * *", runEveryCount: 6, startTime: "2026-03-12T06:00:00Z" }
      const { body, notice } = yield* called("create_agent_schedule", { ...create, ...fields, scheduleType: 3 })
      assert.deepStrictEqual(body, { ...sentAlways, scheduleType: 3, cronExpression: "0 6 * * *" })
      assert.strictEqual(notice, "A schedule of type CRON does not use runEveryCount, startTime.")
    })
  )
})

describe("a cron expression with days of the month and of the week", () => {
  it.effect.each([
    ["0 9 13 * 5", true],
    ["0 9 1-7 * MON", true],
    ["0 9 13 * *", false],
    ["0 9 * * 1-5", false],
    ["0 9 */2 * 1", false]
  ] as const)("%s has two readings: %s", ([cronExpression, isUnclear]) =>
    Effect.gen(function* () {
      const { body, notice } = yield* called("create_agent_schedule", { ...create, cronExpression })
      assert.propertyVal(body, "cronExpression", cronExpression)
      const said = /Whether Sequentum starts on either or needs both is not documented/u
      assert.strictEqual(typeof notice === "string" && said.test(notice), isUnclear)
    })
  )
})

describe("a startTime without a zone", () => {
  for (const [startTime, timezone, instant, note] of [
    ["2026-03-12T06:00:00", undefined, "2026-03-12T06:00:00.000Z", undefined],
    ["2026-03-12T06:00", "Europe/Berlin", "2026-03-12T05:00:00.000Z", undefined],
    ["2026-07-12T06:00", "Europe/Berlin", "2026-07-12T04:00:00.000Z", undefined],
    ["2026-03-12", "Asia/Kolkata", "2026-03-11T18:30:00.000Z", undefined],
    ["2026-03-12T06:00:00Z", "Europe/Berlin", "2026-03-12T06:00:00.000Z", undefined],
    ["2026-03-12T06:00:00-05:00", "Europe/Berlin", "2026-03-12T11:00:00.000Z", undefined],
    [
      "2026-03-29T02:30:00",
      "Europe/Berlin",
      "2026-03-29T01:30:00.000Z",
      "The clocks go forward in Europe/Berlin and skip 2026-03-29T02:30:00: 2026-03-29T03:30 is meant, 2026-03-29T01:30:00.000Z."
    ],
    [
      "2026-10-25T02:30:00",
      "Europe/Berlin",
      "2026-10-25T00:30:00.000Z",
      "The clocks go back in Europe/Berlin, so 2026-10-25T02:30:00 comes twice: the first is meant, 2026-10-25T00:30:00.000Z."
    ],
    [
      "2026-11-01T01:15",
      "America/New_York",
      "2026-11-01T05:15:00.000Z",
      "The clocks go back in America/New_York, so 2026-11-01T01:15 comes twice: the first is meant, 2026-11-01T05:15:00.000Z."
    ]
  ] as const) {
    it.effect(`${startTime} of ${timezone ?? "no zone"} is ${instant}`, () =>
      Effect.gen(function* () {
        const zone = timezone === undefined ? {} : { timezone }
        const made = yield* called("create_agent_schedule", { ...create, startTime, ...zone })
        assert.propertyVal(made.body, "startTime", instant)
        assert.strictEqual(made.notice, note)
      })
    )
  }

  it.effect("is compared with the present in its zone", () =>
    Effect.gen(function* () {
      const local = { startTime: "2026-03-11T13:00:30", timezone: "Europe/Berlin" }
      assert.deepStrictEqual((yield* called("create_agent_schedule", { ...create, ...local })).problems, [
        "startTime must be at least 1 minute ahead, but was 2026-03-11T13:00:30 in Europe/Berlin; it is now 2026-03-11T12:00:00.000Z."
      ])
    })
  )

  it.effect("is local to the zone that the schedule has, when it is updated", () =>
    Effect.gen(function* () {
      const once = withSchedule({ scheduleType: 1, schedule: null, startTime: "2026-03-13T06:00:00" })
      const moved = yield* called("update_agent_schedule", { ...update, startTime: "2026-03-12T06:00" }, once)
      assert.propertyVal(moved.body, "startTime", "2026-03-12T05:00:00.000Z")
      const kept = yield* called("update_agent_schedule", { ...update, name: "Once" }, once)
      assert.propertyVal(kept.body, "startTime", "2026-03-13T06:00:00.000Z")
      const other = yield* called(
        "update_agent_schedule",
        { ...update, startTime: "2026-03-12T06:00", timezone: "Asia/Tokyo" },
        once
      )
      assert.propertyVal(other.body, "startTime", "2026-03-11T21:00:00.000Z")
    })
  )

  it.effect("is not used by a CRON schedule, which says so", () =>
    Effect.gen(function* () {
      const updated = yield* called("update_agent_schedule", { ...update, startTime: "2026-03-12T06:00" })
      assert.notProperty(updated.body, "startTime")
      assert.strictEqual(updated.notice, "A schedule of type CRON does not use startTime.")
    })
  )
})

describe("the sandbox", () => {
  const zones = [
    ...Intl.supportedValuesOf("timeZone"),
    "GMT",
    "GMT0",
    "UTC",
    "Etc/GMT+5",
    "EST",
    "US/Eastern",
    "europe/berlin"
  ].filter((zone) => Option.isSome(DateTime.zoneMakeNamed(zone)))

  it.scoped("takes every time zone that the tool takes", () =>
    Effect.gen(function* () {
      const { call } = yield* overSandbox()
      assert.isAbove(zones.length, 400)
      const refused = yield* whileTimePasses(
        Effect.filter(
          zones,
          (timezone) =>
            Effect.map(
              Effect.either(
                call("create_agent_schedule", { agentId: 4101, name: timezone, cronExpression: "0 6 * * *", timezone })
              ),
              Either.isLeft
            ),
          { concurrency: 20 }
        )
      )
      assert.deepStrictEqual(refused, [])
    })
  )
})
