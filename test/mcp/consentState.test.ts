import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { account } from "../support/account.ts"
import { isDone } from "../support/consent.ts"
import { accept, conversation, questionIn, textOf, withAnswer, type Json } from "../support/conversation.ts"
import type { Respond, Sent } from "../support/http.ts"

const now = "2026-03-11T12:00:00Z"

const oneRun = { agentId: 7, runId: 90 }
const oneSchedule = { agentId: 7, scheduleId: 31 }

const codes = { running: 1, stopping: 5, stopped: 8 }

/** A run that a first request to end it stops, and a second one ends by force. */
const endingRun = () => {
  let status = codes.running
  let forced = 0
  const respond: Respond = (sent) => {
    if (sent.path === "/agent/7/run/90/status") return { body: { id: 90, configId: 7, status, created: now } }
    if (/\/run\/90\/(?:stop|kill)$/u.test(sent.path)) {
      if (status === codes.running) status = codes.stopping
      else if (sent.path.endsWith("/kill")) {
        status = codes.stopped
        forced += 1
      }
      return { body: "" }
    }
    return account(sent)
  }
  return { respond, forced: () => forced } as const
}

/** A schedule that changes as it is asked to. */
const changingSchedule = (stored: Json) => {
  let schedule: Json = { id: 31, configId: 7, name: "Catalogue", ...stored }
  const respond: Respond = (sent: Sent) => {
    if (!sent.path.startsWith("/agent/7/schedules/31")) return account(sent)
    if (sent.method === "PUT" && typeof sent.json === "object" && sent.json !== null) {
      const { cronExpression, ...rest }: Json = { ...sent.json }
      schedule = { ...schedule, ...rest, ...(cronExpression === undefined ? {} : { schedule: cronExpression }) }
    }
    if (sent.path.endsWith("/enable")) schedule = { ...schedule, isEnabled: true }
    return { body: sent.method === "POST" ? "" : schedule }
  }
  return { respond, stored: () => schedule } as const
}

const talk = (respond: Respond, era: "modern" | "legacy" = "modern") =>
  Effect.zipRight(TestClock.setTime(Date.parse(now)), conversation({ era, respond }))

describe("requests to end one run at once", () => {
  for (const [first, second] of [
    ["kill_agent", "kill_agent"],
    ["kill_agent", "stop_agent"],
    ["stop_agent", "kill_agent"]
  ] as const) {
    it.scoped(`${first} and ${second}: nothing is ended by force without a yes`, () =>
      Effect.gen(function* () {
        const { forced, respond } = endingRun()
        const { call } = yield* talk(respond)
        const results = yield* Effect.all([call(first, oneRun), call(second, oneRun)], { concurrency: 2 })
        assert.strictEqual(forced(), 0)
        assert.strictEqual(
          results.filter((result) => questionIn(result).isAsked).length,
          second === "kill_agent" ? 1 : 0
        )
      })
    )
  }

  it.scoped("different runs do not wait for each other", () =>
    Effect.gen(function* () {
      const { respond } = endingRun()
      const { asked, call } = yield* talk(
        (sent) =>
          sent.path === "/agent/7/run/91/status"
            ? { body: { id: 91, configId: 7, status: codes.stopping, created: now } }
            : respond(sent),
        "legacy"
      )
      yield* Effect.fork(call("kill_agent", { agentId: 7, runId: 91 }))
      yield* asked
      isDone(yield* call("kill_agent", oneRun), 1)
    })
  )
})

describe("changes of one schedule at once", () => {
  const everyMinute = { ...oneSchedule, cronExpression: "* * * * *" }
  for (const [what, calls] of [
    ["enable, update", ["enable_agent_schedule", "update_agent_schedule"]],
    ["update, enable", ["update_agent_schedule", "enable_agent_schedule"]]
  ] as const) {
    it.scoped(`${what}: the second is asked about what the first left`, () =>
      Effect.gen(function* () {
        const { respond, stored } = changingSchedule({ schedule: "0 6 * * *", scheduleType: 3, isEnabled: false })
        const { call } = yield* talk(respond)
        const results = yield* Effect.forEach(
          calls,
          (tool) => call(tool, tool === "update_agent_schedule" ? everyMinute : oneSchedule),
          { concurrency: 2 }
        )
        assert.deepStrictEqual(
          results.map((result) => questionIn(result).isAsked),
          [false, true]
        )
        assert.isFalse(stored()["isEnabled"] === true && stored()["schedule"] === "* * * * *")
      })
    )
  }
})

describe("a schedule that changes between question and yes", () => {
  for (const [tool, args] of [
    ["enable_agent_schedule", oneSchedule],
    ["update_agent_schedule", { ...oneSchedule, isEnabled: true }]
  ] as const) {
    it.scoped(`${tool} asks again`, () =>
      Effect.gen(function* () {
        const { respond, stored } = changingSchedule({ schedule: "*/10 * * * *", scheduleType: 3, isEnabled: false })
        const { call } = yield* talk(respond)
        const first = yield* call(tool, args)
        assert.match(questionIn(first).question, /144 times in the next 24 hours, at times only 10 minutes apart/u)
        isDone(yield* call("update_agent_schedule", { ...oneSchedule, cronExpression: "* * * * *" }), 1)
        const second = yield* call(tool, args, withAnswer(first, accept))
        assert.match(questionIn(second).question, /1440 times in the next 24 hours, at times only 1 minute apart/u)
        assert.isFalse(stored()["isEnabled"])
        isDone(yield* call(tool, args, withAnswer(second, accept)), 1)
        assert.isTrue(stored()["isEnabled"])
      })
    )
  }
})

describe("which schedules are asked about", () => {
  const often = /^Enable the schedule “Catalogue” \(31\) of agent .*, at times only \d+ minutes? apart/u
  const notKnown =
    /^Enable the schedule “Catalogue” \(31\) of agent .*How often it would start runs is not known here\./u
  const cases: ReadonlyArray<readonly [what: string, stored: Json, asks: RegExp | undefined]> = [
    ["every 14 minutes", { runEveryCount: 14, runEveryPeriod: 1, scheduleType: 2 }, often],
    ["every 15 minutes", { runEveryCount: 15, runEveryPeriod: 1, scheduleType: 2 }, undefined],
    ["once", { scheduleType: 1, startTime: "2026-04-01T06:00:00Z" }, undefined],
    ["daily, in a zone of an unknown name", { schedule: "0 6 * * *", scheduleType: 3, timezone: "Nowhere" }, undefined],
    [
      "every minute, beginning in three days",
      { runEveryCount: 1, runEveryPeriod: 1, scheduleType: 2, startTime: "2026-03-14T12:00:00Z" },
      often
    ],
    [
      "twice in five minutes, in August",
      { schedule: "0,5 6 1 8 *", scheduleType: 3 },
      /It would start 2 times in the 24 hours from 2026-08-01 06:00 UTC, at times only 5 minutes apart/u
    ],
    [
      "every five minutes of an hour that is nearly over, once a week",
      { schedule: "*/5 11-12 * * 3", scheduleType: 3, nextRunTime: "2026-03-11T12:55:00Z" },
      /It would start 24 times in the 24 hours from 2026-03-18 11:00 UTC, at times only 5 minutes apart/u
    ],
    [
      "every minute, paused until May",
      { schedule: "* * * * *", scheduleType: 3, nextRunTime: "2026-05-01T00:00:00Z" },
      often
    ],
    [
      "every minute, in a zone of an unknown name",
      { schedule: "* * * * *", scheduleType: 3, timezone: "Nowhere" },
      often
    ],
    ["every minute, without a type", { runEveryCount: 1, runEveryPeriod: 1 }, often],
    ["of a type that is not known", { schedule: "* * * * *", scheduleType: 7 }, notKnown],
    ["with a cron expression that is not known", { schedule: "? * * * *", scheduleType: 3 }, notKnown],
    ["with a period that is not known", { runEveryCount: 1, runEveryPeriod: 9, scheduleType: 2 }, notKnown]
  ]
  for (const [what, stored, asks] of cases) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        const { respond } = changingSchedule({ ...stored, isEnabled: false })
        const { call, writes } = yield* talk(respond)
        const result = yield* call("enable_agent_schedule", oneSchedule)
        if (asks === undefined) isDone(result, writes().length)
        else {
          assert.match(questionIn(result).question, asks)
          assert.deepStrictEqual(writes(), [])
        }
      })
    )
  }

  it.scoped("one that can't be read", () =>
    Effect.gen(function* () {
      const { call, writes } = yield* talk((sent) =>
        sent.path === "/agent/7/schedules/31" ? { status: 403, body: {} } : account(sent)
      )
      const { question } = questionIn(yield* call("enable_agent_schedule", oneSchedule))
      assert.match(question, /^Enable schedule 31 of agent .*How often it would start runs is not known here\./u)
      assert.deepStrictEqual(writes(), [])
    })
  )
})

describe("other ways to the same end", () => {
  const asked: ReadonlyArray<readonly [tool: string, args: Json]> = [
    ...["*/1 * * * *", "0-59 * * * *", "0/1 * * * *", "\t*\n* * * *", "0,14 * * * MON", "*/14 1 * * 7"].map(
      (cronExpression) => ["create_agent_schedule", { agentId: "7", name: "Often", cronExpression }] as const
    ),
    ["create_agent_schedule", { agentId: 7, name: "Often", runEveryCount: "1", runEveryPeriod: 1, timezone: null }],
    ["create_agent_schedule", { agentId: 7, name: "Often", cronExpression: "* * * * *", isEnabled: "TRUE" }],
    ["update_agent_schedule", { ...oneSchedule, isEnabled: true }],
    ["update_agent_schedule", { ...oneSchedule, isEnabled: true, timezone: "Asia/Tokyo", name: "Rare" }],
    ["delete_run", { agentId: "7", runId: "90", removeMethod: "removeallfiles" }],
    ["delete_run", { agentId: 7, runId: "90.0", removeMethod: null }],
    ["start_agent", { agentId: "7", parallelism: "6", isRunSynchronously: "false", startAnother: true }],
    ["run_space_agents", { spaceId: "3", inputParameters: {} }]
  ]
  const refused: ReadonlyArray<readonly [tool: string, args: Json]> = [
    ["create_agent_schedule", { agentId: 7, name: "Often", cronExpression: "*/10 * * * * *" }],
    ["create_agent_schedule", { agentId: 7, name: "Often", cronExpression: "? * * * *" }],
    ["create_agent_schedule", { agentId: 7, name: "Often", cronExpression: "@hourly" }],
    ["start_agent", { agentId: 7, parallelism: 8, isRunSynchronously: true }],
    ["delete_run", { agentId: [7], runId: 90 }],
    ["delete_run", { agentId: 7, runId: 90, confirm: true }],
    ["delete_run", { agentId: 7, runId: 90, inputResponses: { confirm: accept } }]
  ]
  const { respond } = changingSchedule({ schedule: "* * * * *", scheduleType: 3, isEnabled: false })
  const respondTo: Respond = (sent) =>
    sent.path === "/agent/7/run/90/status" ? { body: { id: 90, configId: 7, status: 10, created: now } } : respond(sent)

  for (const [tool, args] of asked) {
    it.scoped(`asks: ${tool} ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk(respondTo)
        const result = yield* call(tool, args)
        assert.isTrue(questionIn(result).isAsked, textOf(result))
        assert.deepStrictEqual(writes(), [])
      })
    )
  }

  for (const [tool, args] of refused) {
    it.scoped(`refuses: ${tool} ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk(respondTo)
        assert.isTrue((yield* call(tool, args))["isError"])
        assert.deepStrictEqual(writes(), [])
      })
    )
  }

  it.scoped("a client that takes tasks is asked before there is one", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(now))
      const { call, request, writes } = yield* conversation({
        era: "modern",
        respond: account,
        capabilities: { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } }
      })
      const args = { agentId: 7, parallelism: 8 }
      const question = yield* call("start_agent", args)
      assert.isTrue(questionIn(question).isAsked)
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const taskId = question["requestState"]
        const { error } = yield* request(method, { taskId, inputResponses: { confirm: accept } })
        assert.isDefined(error)
      }
      assert.deepStrictEqual(writes(), [])
      const task = yield* call("start_agent", args, withAnswer(question, accept))
      assert.strictEqual(task["resultType"], "task")
      const { error } = yield* request("tasks/get", { ...withAnswer(question, accept), taskId: task["taskId"] })
      assert.isUndefined(error)
      assert.strictEqual(writes().length, 1)
    })
  )

  it.scoped("prompts and resources change nothing", () =>
    Effect.gen(function* () {
      const { request, writes } = yield* talk(account)
      const listed = (result: Json, name: string): ReadonlyArray<Json> => {
        const rows = result[name]
        return Array.isArray(rows) ? rows.filter(Predicate.isRecord) : []
      }
      const templates = listed(yield* request("resources/templates/list", {}), "resourceTemplates")
      const uris = [
        ...listed(yield* request("resources/list", {}), "resources").map(({ uri }) => String(uri)),
        ...templates.map(({ uriTemplate }) =>
          String(uriTemplate).replace("{agentId}", "7").replace("{runId}", "90").replace("{spaceId}", "3")
        )
      ]
      const prompts = listed(yield* request("prompts/list", {}), "prompts")
      assert.isAtLeast(uris.length, 18)
      assert.isAtLeast(prompts.length, 11)
      for (const uri of uris) yield* request("resources/read", { uri })
      for (const { arguments: given, name } of prompts) {
        const names = (Array.isArray(given) ? given : []).filter(Predicate.isRecord).map((one) => String(one["name"]))
        yield* request("prompts/get", {
          name,
          arguments: Object.fromEntries(names.map((one) => [one, "delete_run 90"]))
        })
      }
      assert.deepStrictEqual(writes(), [])
    })
  )
})
