import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { AgentId, ScheduleId } from "../../src/sequentum/schemas/common.ts"
import { account } from "../support/account.ts"
import { callOver } from "../support/fakes.ts"
import type { Respond } from "../support/http.ts"
import { refused, written } from "../support/tools.ts"
import { schedule } from "./schedules.cases.ts"

const at = (instant: string) => TestClock.setTime(Date.parse(instant))

/** The account with another schedule 31. */
const withSchedule =
  (changes: object): Respond =>
  (sent) =>
    sent.path === "/agent/7/schedules/31" ? { body: { ...schedule, ...changes } } : account(sent)

describe("create_agent_schedule", () => {
  const create = { agentId: 7, name: "Nightly" }
  const created = (args: object) => written(account, "create_agent_schedule", { ...create, ...args })

  it.effect.each(["0 6 * * 1-5", "*/15 * * * *", "0 0 1 1 *", "30 7 * * 1,3,5", " 0 6 * * * "])(
    "accepts the cron expression %j",
    (cronExpression) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* created({ cronExpression }), {
          name: "Nightly",
          scheduleType: 3,
          cronExpression: cronExpression.trim(),
          isEnabled: true,
          parallelism: 1
        })
      })
  )

  it.effect.each(["2026-03-11T12:01:00Z", "2026-03-11T12:01:00", "2026-03-11T14:01:00+02:00"])(
    "accepts a single run that starts a minute from now, given as %s",
    (startTime) =>
      Effect.gen(function* () {
        yield* at("2026-03-11T12:00:00Z")
        assert.deepStrictEqual(yield* created({ scheduleType: 1, startTime }), {
          name: "Nightly",
          scheduleType: 1,
          startTime: "2026-03-11T12:01:00.000Z",
          isEnabled: true,
          parallelism: 1
        })
      })
  )

  it.effect("accepts an interval with a count, a period and, if given, a start in the future", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const interval = { scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2 }
      assert.deepStrictEqual(yield* created({ ...interval, startTime: "2026-03-11T12:00:01Z" }), {
        name: "Nightly",
        ...interval,
        startTime: "2026-03-11T12:00:01.000Z",
        isEnabled: true,
        parallelism: 1
      })
      assert.deepStrictEqual(yield* created(interval), {
        name: "Nightly",
        ...interval,
        isEnabled: true,
        parallelism: 1
      })
    })
  )
})

describe("update_agent_schedule", () => {
  const update = { agentId: 7, scheduleId: 31 }
  const updated = (args: object, respond: Respond = account) =>
    written(respond, "update_agent_schedule", { ...update, ...args })
  const problems = (args: object, respond: Respond = account) =>
    refused(respond, "update_agent_schedule", { ...update, ...args })

  const kept = {
    name: "Nightly",
    timezone: "Europe/Berlin",
    inputParameters: '{"category":"Fiction"}',
    isEnabled: true,
    parallelism: 2,
    parallelMaxConcurrency: 1,
    parallelExport: "Separated",
    logLevel: "Warning",
    logMode: "TextAndHtml",
    isExclusive: true,
    isWaitOnFailure: false
  }
  const cron = { scheduleType: 3, cronExpression: "0 2 * * *" }
  const everySixHours = { scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2 }

  it.effect("keeps what is not given", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* updated({ name: "Earlier" }), { ...kept, name: "Earlier", ...cron })
      assert.deepStrictEqual(yield* updated({ isEnabled: false }), { ...kept, isEnabled: false, ...cron })
    })
  )

  it.effect("sends the name and the parameters back as they are stored, also what is never shown", () =>
    Effect.gen(function* () {
      const stored = { name: "Night\u200bly\u202e  \n", inputParameters: '{"a":"\u200b\u202e\ttext"}' }
      assert.deepStrictEqual(yield* updated({ isEnabled: false }, withSchedule(stored)), {
        ...kept,
        ...cron,
        ...stored,
        isEnabled: false
      })
    })
  )

  it.effect("infers the type from the given fields and drops the fields of the old type", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* updated({ runEveryCount: 6, runEveryPeriod: 2 }), { ...kept, ...everySixHours })
      const every = withSchedule({ ...everySixHours, schedule: null })
      assert.deepStrictEqual(yield* updated({ cronExpression: "0 3 * * *" }, every), {
        ...kept,
        scheduleType: 3,
        cronExpression: "0 3 * * *"
      })
      assert.deepStrictEqual(yield* updated({ runEveryCount: 12 }, every), {
        ...kept,
        ...everySixHours,
        runEveryCount: 12
      })
      yield* at("2026-03-11T12:00:00Z")
      assert.deepStrictEqual(yield* updated({ scheduleType: 1, startTime: "2026-03-12T06:00:00Z" }), {
        ...kept,
        scheduleType: 1,
        startTime: "2026-03-12T06:00:00.000Z"
      })
    })
  )

  it.effect("uses the given type where the fields contradict each other", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* updated({ cronExpression: "0 3 * * *", ...everySixHours }), {
        ...kept,
        ...everySixHours
      })
    })
  )

  it.effect("checks the schedule as it would become", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      assert.deepStrictEqual(yield* problems({ scheduleType: 2, runEveryCount: 6 }), [
        "runEveryPeriod is required for a RunEvery schedule."
      ])
      assert.deepStrictEqual(yield* problems({ timezone: "Mars/Olympus" }), [
        'timezone must be an IANA time zone such as Europe/Berlin, but was "Mars/Olympus".'
      ])
      assert.match((yield* problems({ cronExpression: "0 3 * *" }))[0], /^cronExpression must have 5 fields/)
      const once = withSchedule({ scheduleType: 1, schedule: null, startTime: "2026-03-12T06:00:00Z" })
      assert.match(
        (yield* problems({ startTime: "2026-03-11T12:00:30Z" }, once))[0],
        /^startTime must be at least 1 minute ahead/
      )
    })
  )
})

describe("over a fake service", () => {
  it.effect("get_agent_schedule shows the timing of its type and no internal settings", () =>
    Effect.gen(function* () {
      const get = () =>
        Effect.succeed({
          id: ScheduleId.make(31),
          configId: AgentId.make(7),
          scheduleType: "RunEvery" as const,
          runEveryCount: 6,
          runEveryPeriod: "hours" as const,
          serverGroupId: 1,
          logLevel: "Info"
        })
      assert.deepStrictEqual(
        yield* callOver({ schedules: { get } }, "get_agent_schedule", { agentId: 7, scheduleId: 31 }),
        { scheduleId: 31, agentId: 7, scheduleType: "RunEvery", runEveryCount: 6, runEveryPeriod: "hours" }
      )
    })
  )

  it.effect("enable and disable switch the schedule that is named", () =>
    Effect.gen(function* () {
      const switched: Array<unknown> = []
      const note = (what: string) => (agentId: AgentId, scheduleId: ScheduleId) =>
        Effect.sync(() => void switched.push([what, agentId, scheduleId]))
      const fakes = { schedules: { enable: note("on"), disable: note("off") } }
      yield* callOver(fakes, "enable_agent_schedule", { agentId: 7, scheduleId: 31 })
      yield* callOver(fakes, "disable_agent_schedule", { agentId: 7, scheduleId: 32 })
      assert.deepStrictEqual(switched, [
        ["on", 7, 31],
        ["off", 7, 32]
      ])
    })
  )
})
