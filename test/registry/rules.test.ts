import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import { readResource } from "../../src/resources/read.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { buildFailed } from "../../src/tools/catalog/builder.ts"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { account, run, schedule } from "./account.ts"
import { whileTimePasses } from "./drive.ts"
import { caller, requestLine, toolsOver, type Answer, type Respond } from "./upstream.ts"

const at = (instant: string) => TestClock.setTime(Date.parse(instant))

/** The sentences about arguments that a call was refused with. Nothing may have been written. */
const refusals = (name: string, args: unknown, respond: Respond = account): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    const outcome = yield* Effect.either(call(name, args))
    assert.deepStrictEqual(sent.filter(({ method }) => method !== "GET").map(requestLine), [])
    const error = Either.isLeft(outcome) ? outcome.left : undefined
    return error?._tag === "InvalidArguments" ? error.problems : [`It was not refused: ${error?._tag ?? "success"}`]
  })

/** The body of the one write that a call made. */
const written = (name: string, args: unknown, respond: Respond = account) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    const outcome = yield* Effect.either(call(name, args))
    assert.deepStrictEqual(Either.isLeft(outcome) ? outcome.left : undefined, undefined)
    const writes = sent.filter(({ method }) => method !== "GET")
    assert.strictEqual(writes.length, 1)
    return writes[0]?.body
  })

/** The account with another schedule 31. */
const withSchedule =
  (changes: object): Respond =>
  (sent) =>
    sent.path === "/agent/7/schedules/31" ? { body: { ...schedule, ...changes } } : account(sent)

const periods = [
  "get_spending_summary",
  "get_agents_usage",
  "get_agent_cost_breakdown",
  "get_agent_runs_cost",
  "get_runs_summary",
  "get_records_summary",
  "get_scheduled_runs"
]
const needsAgent = new Set(["get_agent_cost_breakdown", "get_agent_runs_cost"])

describe("periods", () => {
  it.effect.each(periods)("%s refuses a start after its end", (name) =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const agent = needsAgent.has(name) ? { agentId: 7 } : {}
      const problems = yield* refusals(name, { ...agent, startDate: "2026-03-10", endDate: "2026-03-09" })
      assert.deepStrictEqual(problems, ["startDate must not be after endDate, but 2026-03-10 is after 2026-03-09."])
      const { call } = yield* toolsOver(account)
      yield* call(name, { ...agent, startDate: "2026-03-10T18:00:00Z", endDate: "2026-03-10" })
      yield* call(name, { ...agent, startDate: "2026-03-10", endDate: "2026-03-10" })
      const zones = { startDate: "2026-03-10T12:00:00+02:00", endDate: "2026-03-10T11:00:00Z" }
      yield* call(name, { ...agent, ...zones })
    })
  )

  it.effect.each(periods)("%s takes real dates only", (name) =>
    Effect.gen(function* () {
      const agent = needsAgent.has(name) ? { agentId: 7 } : {}
      for (const date of [
        "2026-02-30",
        "yesterday",
        "2026-3-1",
        "2026-03-01T25:00:00Z",
        "",
        " 2026-03-01",
        "01/03/2026"
      ]) {
        const [problem] = yield* refusals(name, { ...agent, startDate: date })
        assert.strictEqual(
          problem,
          `startDate must be an ISO 8601 date such as 2026-01-31, or 2026-01-31T06:00:00Z, but was ${JSON.stringify(date)}.`
        )
      }
    })
  )

  const cases: ReadonlyArray<readonly [now: string, start: string, end: string]> = [
    ["2026-03-11T12:00:00.000Z", "2026-03-01", "2026-03-11T12:00:00.000Z"],
    ["2026-12-31T23:59:59.000Z", "2026-12-01", "2026-12-31T23:59:59.000Z"],
    ["2027-01-01T00:00:00.000Z", "2027-01-01", "2027-01-01T00:00:00.000Z"],
    ["2028-02-29T00:30:00.000Z", "2028-02-01", "2028-02-29T00:30:00.000Z"]
  ]

  it.effect.each(cases)("at %s the month to date is %s to %s", ([now, start, end]) =>
    Effect.gen(function* () {
      yield* at(now)
      const { call, sent } = yield* toolsOver(account)
      yield* call("get_agents_usage", {})
      yield* call("get_agent_cost_breakdown", { agentId: 7 })
      yield* call("get_agent_runs_cost", { agentId: 7 })
      assert.strictEqual(sent.length, 3)
      for (const { query } of sent) {
        assert.strictEqual(query["startDate"], start)
        assert.strictEqual(query["endDate"], end)
      }
    })
  )

  it.effect("the part of a period that is given is kept", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const { call, sent } = yield* toolsOver(account)
      yield* call("get_agents_usage", { startDate: "2026-01-05" })
      yield* call("get_agents_usage", { endDate: "2026-03-05" })
      assert.deepStrictEqual(
        sent.map(({ query }) => [query["startDate"], query["endDate"]]),
        [
          ["2026-01-05", "2026-03-11T12:00:00.000Z"],
          ["2026-03-01", "2026-03-05"]
        ]
      )
      assert.deepStrictEqual(yield* refusals("get_agents_usage", { startDate: "2026-03-12" }), [
        "startDate must not be after endDate, but 2026-03-12 is after 2026-03-11T12:00:00.000Z."
      ])
    })
  )

  it.effect("scheduled runs are those of seven days from today", () =>
    Effect.gen(function* () {
      yield* at("2026-12-28T23:00:00Z")
      const { call, sent } = yield* toolsOver(account)
      yield* call("get_scheduled_runs", {})
      yield* call("get_scheduled_runs", { startDate: "2026-06-01" })
      assert.deepStrictEqual(
        sent.map(({ query }) => [query["startDate"], query["endDate"]]),
        [
          ["2026-12-28", "2027-01-04"],
          ["2026-06-01", "2026-06-08"]
        ]
      )
    })
  )

  it.effect("resources have the periods that they say", () =>
    Effect.gen(function* () {
      yield* at("2027-01-01T06:00:00Z")
      const { sent, tools } = yield* toolsOver(account)
      const read = (path: string) =>
        readResource(`sequentum://${path}`).pipe(
          Effect.provideService(ToolRegistry, tools),
          Effect.provideService(Credentials, caller)
        )
      for (const path of [
        "billing/spending",
        "billing/agents-usage",
        "analytics/runs",
        "analytics/upcoming-schedules"
      ]) {
        yield* read(path)
      }
      assert.deepStrictEqual(sent.map(requestLine), [
        "GET /billing/spending?endDate=2027-01-01T06:00:00.000Z&startDate=2027-01-01",
        "GET /billing/agents?endDate=2027-01-01T06:00:00.000Z&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2027-01-01",
        "GET /analytics/runs/summary?endDate=2027-01-01T06:00:00.000Z&includeDetails=true&startDate=2026-12-31T06:00:00.000Z",
        "GET /analytics/schedules/upcoming?endDate=2027-01-08&startDate=2027-01-01"
      ])
    })
  )
})

describe("create_agent_schedule", () => {
  const create = { agentId: 7, name: "Nightly" }

  it.effect.each([
    ["* * * *", "cronExpression must have 5 fields (minute hour day month weekday), but has 4."],
    ["0 0 6 * * *", "cronExpression must have 5 fields (minute hour day month weekday), but has 6."],
    ["61 * * * *", 'cronExpression is not valid: "61 * * * *". An example is "0 6 * * 1-5".'],
    ["0 25 * * *", 'cronExpression is not valid: "0 25 * * *". An example is "0 6 * * 1-5".'],
    ["every day at six o'clock", "cronExpression must have 5 fields (minute hour day month weekday), but has 5."],
    [undefined, "cronExpression is required for a CRON schedule (scheduleType 3)."]
  ] as const)("refuses the cron expression %s", ([cronExpression, problem]) =>
    Effect.gen(function* () {
      const problems = yield* refusals("create_agent_schedule", {
        ...create,
        ...(cronExpression === undefined ? {} : { cronExpression })
      })
      assert.strictEqual(problems.length, 1)
      if (cronExpression === "every day at six o'clock") assert.match(problems[0] ?? "", /^cronExpression is not valid/)
      else assert.strictEqual(problems[0], problem)
    })
  )

  it.effect.each(["0 6 * * 1-5", "*/15 * * * *", "0 0 1 1 *", "30 7 * * 1,3,5", " 0 6 * * * "])(
    "takes the cron expression %j",
    (cronExpression) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* written("create_agent_schedule", { ...create, cronExpression }), {
          name: "Nightly",
          scheduleType: 3,
          cronExpression: cronExpression.trim(),
          isEnabled: true,
          parallelism: 1
        })
      })
  )

  it.effect.each(["Mars/Olympus", "+02:00", "CET+1", "Europe/Berlin ", "../etc"])(
    "refuses the time zone %j",
    (timezone) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* refusals("create_agent_schedule", { ...create, cronExpression: "0 6 * * *", timezone }),
          [`timezone must be an IANA time zone such as Europe/Berlin, but was ${JSON.stringify(timezone)}.`]
        )
      })
  )

  it.effect("wants a single run at least a minute ahead", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const once = { ...create, scheduleType: 1 }
      assert.deepStrictEqual(yield* refusals("create_agent_schedule", once), [
        "startTime is required for a RunOnce schedule (scheduleType 1)."
      ])
      assert.deepStrictEqual(yield* refusals("create_agent_schedule", { ...once, startTime: "2026-03-11T12:00:59Z" }), [
        "startTime must be at least 1 minute ahead, but was 2026-03-11T12:00:59Z; it is now 2026-03-11T12:00:00.000Z."
      ])
      for (const startTime of ["2026-03-11T12:01:00Z", "2026-03-11T12:01:00", "2026-03-11T14:01:00+02:00"]) {
        assert.deepStrictEqual(yield* written("create_agent_schedule", { ...once, startTime }), {
          name: "Nightly",
          scheduleType: 1,
          startTime: "2026-03-11T12:01:00.000Z",
          isEnabled: true,
          parallelism: 1
        })
      }
    })
  )

  it.effect("wants a count and a period for an interval, and a start that is to come", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const every = { ...create, scheduleType: 2 }
      const count = "runEveryCount is required for a RunEvery schedule (scheduleType 2)."
      const period = "runEveryPeriod is required for a RunEvery schedule (scheduleType 2)."
      assert.deepStrictEqual(yield* refusals("create_agent_schedule", every), [count, period])
      assert.deepStrictEqual(yield* refusals("create_agent_schedule", { ...every, runEveryPeriod: 2 }), [count])
      assert.deepStrictEqual(yield* refusals("create_agent_schedule", { ...every, runEveryCount: 6 }), [period])
      const full = { ...every, runEveryCount: 6, runEveryPeriod: 2 }
      assert.match(
        (yield* refusals("create_agent_schedule", { ...full, startTime: "2026-03-11T12:00:00Z" }))[0] ?? "",
        /^startTime must be in the future/
      )
      yield* written("create_agent_schedule", { ...full, startTime: "2026-03-11T12:00:01Z" })
      yield* written("create_agent_schedule", full)
      for (const runEveryPeriod of [0, 6]) {
        assert.deepStrictEqual(yield* refusals("create_agent_schedule", { ...full, runEveryPeriod }), [
          `runEveryPeriod must be an integer from 1 to 5, but was ${runEveryPeriod}.`
        ])
      }
    })
  )

  it.effect("names everything that is wrong at once", () =>
    Effect.gen(function* () {
      const problems = yield* refusals("create_agent_schedule", {
        name: " ",
        scheduleType: 9,
        parallelism: 51,
        isEnabled: "yes",
        inputParameters: "[secret]"
      })
      assert.deepStrictEqual(problems, [
        "agentId is required: an integer of at least 1.",
        'name must be a text of 1 to 200 characters, not blank, but was " ".',
        "scheduleType must be an integer from 1 to 3, but was 9.",
        "inputParameters must be JSON text of an object, but was a text of 8 characters.",
        'isEnabled must be true or false, but was "yes".',
        "parallelism must be an integer from 1 to 50, but was 51."
      ])
    })
  )
})

describe("update_agent_schedule", () => {
  const update = { agentId: 7, scheduleId: 31 }
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

  it.effect("keeps what is not given", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* written("update_agent_schedule", { ...update, name: "Earlier" }), {
        ...kept,
        name: "Earlier",
        scheduleType: 3,
        cronExpression: "0 2 * * *"
      })
      assert.deepStrictEqual(yield* written("update_agent_schedule", { ...update, isEnabled: false }), {
        ...kept,
        isEnabled: false,
        scheduleType: 3,
        cronExpression: "0 2 * * *"
      })
    })
  )

  it.effect("takes the type from the fields that are given, and drops those of the old one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* written("update_agent_schedule", { ...update, runEveryCount: 6, runEveryPeriod: 2 }),
        { ...kept, scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2 }
      )
      const every = withSchedule({ scheduleType: 2, schedule: null, runEveryCount: 6, runEveryPeriod: 2 })
      assert.deepStrictEqual(
        yield* written("update_agent_schedule", { ...update, cronExpression: "0 3 * * *" }, every),
        { ...kept, scheduleType: 3, cronExpression: "0 3 * * *" }
      )
      assert.deepStrictEqual(yield* written("update_agent_schedule", { ...update, runEveryCount: 12 }, every), {
        ...kept,
        scheduleType: 2,
        runEveryCount: 12,
        runEveryPeriod: 2
      })
      yield* at("2026-03-11T12:00:00Z")
      assert.deepStrictEqual(
        yield* written("update_agent_schedule", { ...update, scheduleType: 1, startTime: "2026-03-12T06:00:00Z" }),
        { ...kept, scheduleType: 1, startTime: "2026-03-12T06:00:00.000Z" }
      )
    })
  )

  it.effect("refuses fields that contradict each other, before it reads anything", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(account)
      for (const every of [{ runEveryCount: 6 }, { runEveryPeriod: 2 }, { runEveryCount: 6, runEveryPeriod: 2 }]) {
        const error = yield* Effect.flip(
          call("update_agent_schedule", { ...update, cronExpression: "0 3 * * *", ...every })
        )
        assert.strictEqual(error._tag, "InvalidArguments")
        assert.deepStrictEqual(error._tag === "InvalidArguments" ? error.problems : [], [
          "cronExpression and runEveryCount or runEveryPeriod contradict each other: give scheduleType to say which is meant."
        ])
      }
      assert.deepStrictEqual(sent, [])
      const both = { cronExpression: "0 3 * * *", runEveryCount: 6, runEveryPeriod: 2 }
      assert.deepStrictEqual(yield* written("update_agent_schedule", { ...update, ...both, scheduleType: 2 }), {
        ...kept,
        scheduleType: 2,
        runEveryCount: 6,
        runEveryPeriod: 2
      })
    })
  )

  it.effect("checks the schedule as it would be", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      assert.deepStrictEqual(
        yield* refusals("update_agent_schedule", { ...update, scheduleType: 2, runEveryCount: 6 }),
        ["runEveryPeriod is required for a RunEvery schedule (scheduleType 2)."]
      )
      assert.deepStrictEqual(yield* refusals("update_agent_schedule", { ...update, timezone: "Mars/Olympus" }), [
        'timezone must be an IANA time zone such as Europe/Berlin, but was "Mars/Olympus".'
      ])
      assert.match(
        (yield* refusals("update_agent_schedule", { ...update, cronExpression: "0 3 * *" }))[0] ?? "",
        /^cronExpression must have 5 fields/
      )
      const once = withSchedule({ scheduleType: 1, schedule: null, startTime: "2026-03-12T06:00:00Z" })
      assert.match(
        (yield* refusals("update_agent_schedule", { ...update, startTime: "2026-03-11T12:00:30Z" }, once))[0] ?? "",
        /^startTime must be at least 1 minute ahead/
      )
    })
  )
})

describe("start_agent", () => {
  it.effect("refuses more than one part when it waits for the data", () =>
    Effect.gen(function* () {
      const sync = { agentId: 7, isRunSynchronously: true }
      assert.deepStrictEqual(yield* refusals("start_agent", { ...sync, parallelism: 2 }), [
        "parallelism must be 1 when isRunSynchronously is true."
      ])
      const { call, sent } = yield* toolsOver(() => ({ body: [{ title: "Emma" }] }))
      assert.deepStrictEqual(yield* call("start_agent", { ...sync, timeout: 5 }), { data: [{ title: "Emma" }] })
      assert.deepStrictEqual(sent[0]?.body, {
        parallelism: 1,
        parallelMaxConcurrency: 1,
        parallelExport: "Combined",
        timeout: 5,
        isExclusive: true,
        isWaitOnFailure: false,
        isRunSynchronously: true,
        logLevel: "Info",
        logMode: "Text"
      })
    })
  )

  it.effect("never repeats its input parameters in a refusal", () =>
    Effect.gen(function* () {
      for (const inputParameters of ["{oops: 'hunter2'}", '["hunter2"]', '"hunter2"', "null", ""]) {
        const [problem] = yield* refusals("start_agent", { agentId: 7, inputParameters })
        assert.match(
          problem ?? "",
          /^inputParameters must be JSON text of an object, but was a text of \d+ characters\.$/
        )
      }
    })
  )
})

describe("start_agent_build", () => {
  it.effect("counts the prompt without outer white space, and passes it on as it is", () =>
    Effect.gen(function* () {
      const start = (prompt: string) => written("start_agent_build", { prompt })
      for (const prompt of [
        "ten chars!",
        `  ten chars!\n`,
        "x".repeat(5000),
        `${"x".repeat(5000)}   `,
        "📚".repeat(5000)
      ]) {
        assert.deepStrictEqual(yield* start(prompt), { prompt })
      }
      for (const prompt of ["nine char", "   nine char   ", "x".repeat(5001), "📚".repeat(9), "          "]) {
        const [problem] = yield* refusals("start_agent_build", { prompt })
        assert.match(
          problem ?? "",
          /^prompt must be a text \(the user's own words, 10 to 5000 characters without outer white space\), but was a text of \d+ characters\.$/
        )
        assert.notInclude(problem ?? "", "nine char")
      }
    })
  )

  it.effect("changes nothing of the user's wording", () =>
    Effect.gen(function* () {
      const prompt = "Scrape shoes.example\n\n- name\n- price in €  <b>all</b> {{pages}} \u00a0 \\n"
      assert.deepStrictEqual(yield* written("start_agent_build", { prompt, spaceId: 3 }), { prompt, spaceId: 3 })
    })
  )
})

describe("a build", () => {
  const raw = "System.NullReferenceException: at Builder.Plan() in /srv/builder/Plan.cs:line 88"
  const status = (body: object): Answer => ({ body })

  it.effect.each(["get_agent_build_status", "wait_for_agent_build"])("%s never shows the raw error", (name) =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ annotations, message }) => {
        logged.push(JSON.stringify([message, HashMap.toEntries(annotations)]))
      })
      const { call } = yield* toolsOver(() => status({ status: "error", agentId: null, error: raw }))
      const result = yield* call(name, { sessionId: "session-1" }).pipe(
        Logger.withMinimumLogLevel(LogLevel.Debug),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      const text = JSON.stringify(result)
      assert.notInclude(text, "NullReference")
      assert.notInclude(text, "/srv/")
      assert.include(text, JSON.stringify(buildFailed).slice(1, -1))
      assert.strictEqual(logged.filter((line) => line.includes("NullReferenceException")).length, 1)
    })
  )

  it.effect("is looked at after 1 second and then ever less often, until the time is over", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => status({ status: "processing" }))
      const seconds: Array<number> = []
      const fiber = yield* Effect.fork(call("wait_for_agent_build", { sessionId: "session-1", timeoutSeconds: 45 }))
      for (let quarter = 0; quarter <= 45 * 4; quarter++) {
        while (seconds.length < sent.length) seconds.push(quarter / 4)
        yield* TestClock.adjust("250 millis")
      }
      assert.deepStrictEqual(seconds, [0.25, 1, 2.5, 4.75, 8.25, 13.25, 21, 32.25])
      assert.deepStrictEqual(yield* fiber, {
        build: { sessionId: "session-1", status: "processing", isFinal: false },
        isFinal: false,
        waitedSeconds: 45
      })
    })
  )

  it.effect("that stays ready is given as it is after ten seconds", () =>
    Effect.gen(function* () {
      let looks = 0
      const { call } = yield* toolsOver(() => {
        looks += 1
        return status(looks === 1 ? { status: "processing" } : { status: "ready", agentId: 9, agentName: "Shoes" })
      })
      const result = yield* whileTimePasses(
        call("wait_for_agent_build", { sessionId: "session-1", timeoutSeconds: 45 })
      )
      assert.deepStrictEqual(result, {
        build: { sessionId: "session-1", status: "ready", isFinal: false, agentId: 9, agentName: "Shoes" },
        isFinal: false,
        waitedSeconds: 13
      })
      assert.strictEqual(looks, 6)
    })
  )

  it.effect("that is ready and then completed is final", () =>
    Effect.gen(function* () {
      let looks = 0
      const reports: Array<ProgressReport> = []
      const { call } = yield* toolsOver(() => {
        looks += 1
        const word = looks === 1 ? "processing" : looks === 2 ? "ready" : "completed"
        return status({ status: word, agentId: looks === 1 ? null : 9 })
      })
      const result = yield* whileTimePasses(
        Effect.provideService(call("wait_for_agent_build", { sessionId: "session-1" }), Progress, {
          report: (report) => Effect.sync(() => void reports.push(report))
        })
      )
      assert.deepStrictEqual(result, {
        build: { sessionId: "session-1", status: "completed", isFinal: true, agentId: 9 },
        isFinal: true,
        waitedSeconds: 3
      })
      assert.deepStrictEqual(
        reports.map(({ message }) => message),
        ["Build processing", "Build ready", "Build completed"]
      )
    })
  )
})

describe("a run that is waited for", () => {
  it.effect("goes on in a state that this server does not know", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({ body: { ...run, status: sentSoFar() } }))
      let looks = 0
      const sentSoFar = () => [4, 13, 13, 10][looks++]
      const result = yield* whileTimePasses(call("wait_for_run", { agentId: 7, runId: 90 }))
      assert.strictEqual(result["isFinal"], true)
      assert.strictEqual(sent.length, 4)
    })
  )

  it.effect("is given as it stands when the time is over", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: { ...run, status: 1 } }))
      const result = yield* whileTimePasses(call("wait_for_run", { agentId: 7, runId: 90, timeoutSeconds: 3 }))
      assert.strictEqual(result["isFinal"], false)
      assert.strictEqual(result["waitedSeconds"], 3)
      for (const timeoutSeconds of [0, 46, 1.5]) {
        assert.deepStrictEqual(yield* refusals("wait_for_run", { agentId: 7, runId: 90, timeoutSeconds }), [
          `timeoutSeconds must be an integer from 1 to 45, but was ${timeoutSeconds}.`
        ])
      }
    })
  )
})

describe("get_latest_failure", () => {
  const without =
    (answer: Answer): Respond =>
    (sent) =>
      sent.path.endsWith("/latest-failure") ? answer : account(sent)

  it.effect("says that there is none, however Sequentum says it", () =>
    Effect.gen(function* () {
      for (const answer of [{ status: 404, body: {} }, { body: { message: "No failed runs." } }]) {
        const { call } = yield* toolsOver(without(answer))
        assert.deepStrictEqual(yield* call("get_latest_failure", { agentId: 7 }), { hasFailure: false, agentId: 7 })
      }
    })
  )

  it.effect("of an agent that does not exist is an error", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(without({ status: 404, body: {} }))
      const error = yield* Effect.flip(call("get_latest_failure", { agentId: 8 }))
      assert.strictEqual(error._tag, "NotFound")
      assert.strictEqual(error._tag === "NotFound" ? error.path : "", "/agent/8")
    })
  )
})
