import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { makeSealing } from "../../src/runtime/sealed.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { account } from "../support/account.ts"
import {
  accept,
  refuse,
  conversation,
  noticeOf,
  questionIn,
  stranger,
  textOf,
  withAnswer,
  type Conversation,
  type Json
} from "../support/conversation.ts"
import type { Respond, Step } from "../support/http.ts"

const now = "2026-03-11T12:00:00Z"

const takesTasks = { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } }

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const structured = (result: unknown): Json => record(record(result)["structuredContent"])

const codeOf = (result: Json) => record(result["error"])["code"]

const sessionId = "session-1"

/** A build as it stands in a result, which says itself whether it is final. */
const withoutFinal = ({ isFinal: _, ...build }: Json): Json => build

/** An account whose run and build have the state that the test sets. */
const changing = () => {
  const state: {
    run: number
    build: string
    /** In place of the answer to a read of a run or build, or to a request that ends one. */
    reads?: Step
    stops?: Step
    /** Agents that the start of the space starts, and that it does not. */
    started: number
    failed: number
  } = { run: 3, build: "processing", started: 1, failed: 1 }
  const runAll = () => ({
    spaceId: 3,
    spaceName: "Retail",
    totalAgents: state.started + state.failed,
    agentsStarted: state.started,
    agentsFailed: state.failed,
    results: [
      ...Array.from({ length: state.started }, (_, index) => ({ agentId: 7, success: true, runId: 95 + index })),
      ...Array.from({ length: state.failed }, (_, index) => ({
        agentId: 700 + index,
        success: false,
        errorMessage: "Archived"
      }))
    ]
  })
  const respond: Respond = (sent) => {
    const { method, path } = sent
    const [, , agentId, , id] = path.split("/")
    if (/^\/agent\/\d+\/run\/\d+\/status$/u.test(path)) {
      const run = { id: Number(id), configId: Number(agentId), status: state.run, created: now, dataCount: 12 }
      return state.reads ?? { body: run }
    }
    if (path === `/agent-builder/${sessionId}/status`) {
      const agent = state.build === "ready" || state.build === "completed" ? { agentId: 9, agentName: "New" } : {}
      const error = state.build === "error" ? { error: "System.Exception" } : {}
      return state.reads ?? { body: { status: state.build, ...agent, ...error } }
    }
    if (method === "POST" && path.endsWith("/stop")) return state.stops ?? account(sent)
    if (path === "/spaces/3/run-all") return { body: runAll() }
    if (path === "/agent/7/start") return { body: { id: 95, configId: 7, status: 1, created: now } }
    return account(sent)
  }
  return { state, respond }
}

const sealing = makeSealing(Option.none())

const talk = (options: Partial<Conversation> & Pick<Conversation, "respond">) =>
  Effect.zipRight(
    TestClock.setTime(Date.parse(now)),
    conversation({ era: "modern", capabilities: takesTasks, sealing, ...options })
  )

/** Lets time pass until a fiber is done. */
const passing = (fiber: Fiber.RuntimeFiber<unknown, unknown>, step: Duration.DurationInput) =>
  Effect.repeat(Effect.zipRight(TestClock.adjust(step), Fiber.poll(fiber)), { until: Option.isSome })

const success = 10
const failure = 6
const stopped = 8

describe("a start as a task", () => {
  it.scoped("works, and completes with the result of the start; another process answers for it", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const first = yield* talk({ respond })
      const task = yield* first.call("start_agent", { agentId: 7 })
      assert.strictEqual(task["resultType"], "task")
      assert.strictEqual(task["status"], "working")
      assert.isNumber(task["ttlMs"])
      const { taskId } = task
      const second = yield* talk({ respond })
      for (const process of [first, second]) {
        const seen = yield* process.request("tasks/get", { taskId })
        assert.strictEqual(seen["resultType"], "complete")
        assert.strictEqual(seen["status"], "working")
        assert.isUndefined(seen["result"])
      }
      state.run = success
      const done = yield* second.request("tasks/get", { taskId })
      assert.strictEqual(done["status"], "completed")
      assert.strictEqual(record(done["result"])["resultType"], "complete")
      const run = record(record(record(done["result"])["structuredContent"])["run"])
      assert.deepStrictEqual([run["runId"], run["isFinal"], run["dataCount"]], [95, true, 12])
      assert.deepStrictEqual(second.writes(), [])
    })
  )

  it.scoped("completes with its result where the run failed, and is cancelled where it was stopped", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      state.run = failure
      const failed = yield* request("tasks/get", { taskId })
      assert.strictEqual(failed["status"], "completed")
      assert.isDefined(failed["result"])
      state.run = stopped
      const ended = yield* request("tasks/get", { taskId })
      assert.strictEqual(ended["status"], "cancelled")
      assert.isUndefined(ended["result"])
    })
  )

  it.scoped("is stopped by a cancel", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, request, writes } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      const before = writes().length
      assert.isUndefined((yield* request("tasks/cancel", { taskId }))["error"])
      assert.deepStrictEqual(writes().slice(before), ["POST /agent/7/run/95/stop"])
    })
  )

  it.scoped("is confirmed before there is a task", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, writes } = yield* talk({ respond })
      const args = { agentId: 7, parallelism: 8 }
      const question = yield* call("start_agent", args)
      assert.isTrue(questionIn(question).isAsked)
      assert.deepStrictEqual(writes(), [])
      assert.strictEqual((yield* call("start_agent", args, withAnswer(question, accept)))["resultType"], "task")
    })
  )

  it.scoped("says that its state could not be read where that may pass", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      for (const reads of [{ status: 503, body: {} }, { fails: { code: "ECONNRESET" } }] as const) {
        state.reads = reads
        const asked = yield* Effect.fork(request("tasks/get", { taskId }))
        yield* passing(asked, "1 second")
        const seen = yield* Fiber.join(asked)
        assert.strictEqual(seen["status"], "working")
        assert.match(String(seen["statusMessage"]), /^Its state could not be read: /u)
        assert.isUndefined(seen["result"])
      }
    })
  )

  it.scoped("goes on where Sequentum does not answer in time", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      state.reads = "silence"
      const asked = yield* Effect.fork(request("tasks/get", { taskId }))
      yield* passing(asked, "1 second")
      assert.strictEqual((yield* Fiber.join(asked))["status"], "working")
    })
  )

  it.scoped("asks to be read later where Sequentum does", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const task = yield* call("start_agent", { agentId: 7 })
      assert.strictEqual(task["pollIntervalMs"], 5000)
      state.reads = { status: 429, headers: { "retry-after": "90" }, body: {} }
      const seen = yield* request("tasks/get", { taskId: task["taskId"] })
      assert.strictEqual(seen["status"], "working")
      assert.strictEqual(seen["pollIntervalMs"], 90_000)
    })
  )

  it.scoped("completes with an error where its run was deleted", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      state.reads = { status: 404, body: {} }
      const seen = yield* request("tasks/get", { taskId })
      assert.strictEqual(seen["status"], "completed")
      assert.strictEqual(record(seen["result"])["isError"], true)
      assert.include(textOf(record(seen["result"])), "404")
    })
  )

  it.scoped("is an error of the request, not of the task, where the credentials are refused", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      for (const status of [401, 403]) {
        state.reads = { status, body: {} }
        state.stops = { status, body: {} }
        assert.strictEqual(codeOf(yield* request("tasks/get", { taskId })), -32603)
        assert.strictEqual(codeOf(yield* request("tasks/cancel", { taskId })), -32603)
      }
    })
  )

  it.scoped("is cancelled only if Sequentum was told, or had nothing to stop", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const { call, request } = yield* talk({ respond })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      state.stops = { fails: { code: "ECONNREFUSED", syscall: "connect" } }
      const asked = yield* Effect.fork(request("tasks/cancel", { taskId }))
      yield* passing(asked, "1 second")
      assert.strictEqual(codeOf(yield* Fiber.join(asked)), -32603)
      state.stops = { status: 400, body: { message: "The run has ended." } }
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId })))
      state.stops = { status: 404, body: {} }
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId })))
    })
  )

  it.scoped("stops nothing where stop_agent is not offered", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, request, writes } = yield* talk({ respond, selection: ({ name }) => name !== "stop_agent" })
      const { taskId } = yield* call("start_agent", { agentId: 7 })
      const before = writes().length
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId })))
      assert.strictEqual(writes().length, before)
    })
  )

  it.scoped("keeps its times and its id, and says when it was read", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, request } = yield* talk({ respond })
      const task = yield* call("start_agent", { agentId: 7 })
      yield* TestClock.adjust("1 hour")
      const seen = yield* request("tasks/get", { taskId: task["taskId"] })
      const day = 24 * 60 * 60 * 1000
      for (const one of [task, seen]) {
        assert.strictEqual(one["taskId"], task["taskId"])
        assert.strictEqual(one["createdAt"], "2026-03-11T12:00:00.000Z")
        assert.strictEqual(one["ttlMs"], day)
      }
      assert.strictEqual(task["lastUpdatedAt"], task["createdAt"])
      assert.strictEqual(seen["lastUpdatedAt"], "2026-03-11T13:00:00.000Z")
    })
  )

  it.scoped("is none where the start is synchronous: the run shown may be another's", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const unsure: Respond = (sent) => {
        if (sent.path === "/agent/7/start") return { status: 502, body: {} }
        return sent.path === "/agent/7/runs"
          ? {
              headers: { date: new Date(now).toUTCString() },
              body: [{ id: 95, configId: 7, status: 3, created: now }]
            }
          : respond(sent)
      }
      const { call } = yield* talk({ respond: unsure })
      const found = yield* call("start_agent", { agentId: 7, isRunSynchronously: true })
      assert.strictEqual(found["resultType"], "complete")
      assert.strictEqual(record(structured(found)["run"])["runId"], 95)
      // The run of a start that is not synchronous is its own, or looks like it.
      assert.strictEqual((yield* call("start_agent", { agentId: 7, startAnother: true }))["resultType"], "task")
    })
  )

  it.scoped("has an id short enough for a header, whatever the inputs are", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call } = yield* talk({ respond })
      const inputParameters = JSON.stringify({ query: "ü".repeat(3000) })
      const { taskId } = yield* call("start_agent", { agentId: 7, inputParameters, allowUnknownInputs: true })
      assert.isBelow(String(taskId).length, 3000)
    })
  )

  it.scoped("keeps its result within the limit, as the text and as the structure", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const sealed = { respond, sealing }
      const first = yield* talk(sealed)
      const inputParameters = JSON.stringify({ query: "x".repeat(800) })
      const { taskId } = yield* first.call("start_agent", { agentId: 7, inputParameters, allowUnknownInputs: true })
      state.run = success
      const { result } = yield* first.request("tasks/get", { taskId })
      assert.isAbove(JSON.stringify(structured(result)).length, 800)
      const narrow = yield* talk({ ...sealed, maxResultBytes: 600 })
      const { result: cut } = yield* narrow.request("tasks/get", { taskId })
      assert.isAtMost(JSON.stringify(structured(cut)).length, 600)
      for (const one of [result, cut].map(record)) {
        assert.strictEqual(textOf(one), JSON.stringify([{ type: "text", text: JSON.stringify(structured(one)) }]))
      }
    })
  )
})

describe("the start of a space as a task", () => {
  const args = { spaceId: 3 }

  /** Confirmed by the user. */
  const started = ({ call }: Effect.Effect.Success<ReturnType<typeof talk>>) =>
    Effect.flatMap(call("run_space_agents", args), (question) =>
      call("run_space_agents", args, withAnswer(question, accept))
    )

  it.scoped("is confirmed first, works, and completes with the state of each run and what did not start", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      const talked = yield* talk({ respond })
      const { call, request, writes } = talked
      const question = yield* call("run_space_agents", args)
      assert.isTrue(questionIn(question).isAsked)
      const refused = yield* call("run_space_agents", args, withAnswer(question, refuse))
      assert.strictEqual(refused["resultType"], "complete")
      assert.match(noticeOf(refused), /Nothing was done/u)
      assert.deepStrictEqual(writes(), [])
      const task = yield* call("run_space_agents", args, withAnswer(question, accept))
      assert.strictEqual(task["resultType"], "task")
      assert.deepStrictEqual(writes(), ["POST /spaces/3/run-all"])
      const { taskId } = task
      const seen = yield* request("tasks/get", { taskId })
      assert.deepStrictEqual([seen["status"], seen["statusMessage"]], ["working", "0 of 1 runs ended"])
      state.run = success
      const done = yield* request("tasks/get", { taskId })
      assert.strictEqual(done["status"], "completed")
      assert.deepStrictEqual(structured(done["result"]), {
        spaceId: 3,
        spaceName: "Retail",
        totalAgents: 2,
        agentsStarted: 1,
        agentsFailed: 1,
        results: [
          { agentId: 7, runId: 95, status: "Success", success: true },
          { agentId: 700, success: false, errorMessage: "Archived" }
        ]
      })
      assert.strictEqual(writes().length, 1)
    })
  )

  it.scoped("is stopped run by run by a cancel, and is cancelled once each is stopped", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.started = 2
      const talked = yield* talk({ respond })
      const { request, writes } = talked
      const { taskId } = yield* started(talked)
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId })))
      assert.sameMembers(writes().slice(1), ["POST /agent/7/run/95/stop", "POST /agent/7/run/96/stop"])
      state.run = stopped
      const ended = yield* request("tasks/get", { taskId })
      assert.strictEqual(ended["status"], "cancelled")
      assert.isUndefined(ended["result"])
    })
  )

  it.scoped("says which runs can't be read, and completes without them", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.started = 2
      const partly: Respond = (sent) =>
        sent.path === "/agent/7/run/96/status" ? { status: 404, body: {} } : respond(sent)
      const talked = yield* talk({ respond: partly })
      const { taskId } = yield* started(talked)
      state.run = success
      const done = yield* talked.request("tasks/get", { taskId })
      assert.strictEqual(done["status"], "completed")
      assert.strictEqual(done["statusMessage"], "1 of 2 runs ended, 1 could not be read")
      const { results } = structured(done["result"])
      assert.isArray(results)
      assert.match(JSON.stringify(results), /"runId":96,"status":"Unknown","success":true,"errorMessage":"[^"]/u)
    })
  )

  it.scoped("waits for a run that may still be read, beside one that is gone", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.started = 2
      const partly: Respond = (sent) =>
        sent.path === "/agent/7/run/95/status" ? { status: 404, body: {} } : respond(sent)
      const talked = yield* talk({ respond: partly })
      const { taskId } = yield* started(talked)
      state.reads = { status: 503, body: {} }
      assert.strictEqual((yield* talked.request("tasks/get", { taskId }))["status"], "working")
    })
  )

  it.scoped("is read at most once a second for each run, and its id fits a header", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.started = 20
      state.failed = 50
      const talked = yield* talk({ respond })
      const task = yield* started(talked)
      const { taskId } = task
      assert.strictEqual(task["pollIntervalMs"], 20_000)
      assert.isBelow(String(taskId).length, 4000)
      state.run = success
      const before = talked.sent.length
      const done = yield* talked.request("tasks/get", { taskId })
      assert.strictEqual(talked.sent.length - before, 20)
      assert.match(String(structured(done["result"])["notice"]), /^\d+ agents that did not start are not shown/u)
    })
  )

  it.scoped("names no tool that is not offered", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.failed = 50
      const talked = yield* talk({ respond, selection: ({ name }) => name !== "get_space_agents" })
      const { taskId } = yield* started(talked)
      state.run = success
      assert.notInclude(JSON.stringify(yield* talked.request("tasks/get", { taskId })), "get_space_agents")
    })
  )

  for (const [what, count] of [
    ["no run", 0],
    ["more than 20 runs", 21]
  ] as const) {
    it.scoped(`is a plain result with ${what}`, () =>
      Effect.gen(function* () {
        const { respond, state } = changing()
        state.started = count
        const talked = yield* talk({ respond })
        assert.strictEqual((yield* started(talked))["resultType"], "complete")
      })
    )
  }
})

describe("a build as a task", () => {
  const prompt = "Scrape all books from https://books.example"

  for (const [tool, args, whole] of [
    ["start_agent_build", { prompt }, (build: Json) => ({ sessionId, build })],
    ["wait_for_agent_build", { sessionId }, (build: Json) => ({ build, isFinal: true, waitedSeconds: 0 })]
  ] as const) {
    it.scoped(`${tool} works, and completes with the agent`, () =>
      Effect.gen(function* () {
        const { respond, state } = changing()
        const { call, request } = yield* talk({ respond })
        const task = yield* call(tool, args)
        assert.strictEqual(task["resultType"], "task")
        const { taskId } = task
        assert.strictEqual((yield* request("tasks/get", { taskId }))["statusMessage"], "Build processing")
        state.build = "completed"
        const done = yield* request("tasks/get", { taskId })
        assert.strictEqual(done["status"], "completed")
        const build = { sessionId, status: "completed", isFinal: true, agentId: 9, agentName: "New" }
        assert.deepInclude(structured(done["result"]), whole(withoutFinal(build)))
      })
    )

    it.scoped(`${tool} completes where the build failed, without the raw error, and is cancelled where it was`, () =>
      Effect.gen(function* () {
        const { respond, state } = changing()
        const { call, request } = yield* talk({ respond })
        const { taskId } = yield* call(tool, args)
        state.build = "error"
        const failed = yield* request("tasks/get", { taskId })
        assert.strictEqual(failed["status"], "completed")
        assert.include(JSON.stringify(failed), "The build failed")
        assert.notInclude(JSON.stringify(failed), "System.Exception")
        state.build = "cancelled"
        const ended = yield* request("tasks/get", { taskId })
        assert.strictEqual(ended["status"], "cancelled")
        assert.isUndefined(ended["result"])
      })
    )

    it.scoped(`${tool} completes with the draft of a build that stays ready`, () =>
      Effect.gen(function* () {
        const { respond, state } = changing()
        const { call, request } = yield* talk({ respond })
        const { taskId } = yield* call(tool, args)
        state.build = "ready"
        const asked = yield* Effect.fork(request("tasks/get", { taskId }))
        yield* passing(asked, "1 second")
        const done = yield* Fiber.join(asked)
        assert.deepStrictEqual([done["status"], done["statusMessage"]], ["completed", "Build ready"])
        assert.strictEqual(record(structured(done["result"])["build"])["agentId"], 9)
      })
    )
  }

  it.scoped("does not count as over because the server stops", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.build = "ready"
      const { call, request } = yield* talk({ respond, isStopping: true })
      const { taskId } = yield* call("start_agent_build", { prompt })
      const seen = yield* request("tasks/get", { taskId })
      assert.deepStrictEqual([seen["status"], seen["statusMessage"]], ["working", "Build ready"])
    })
  )

  it.scoped("is stopped by the cancel of a start, not by that of a wait", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, request, writes } = yield* talk({ respond })
      const wait = yield* call("wait_for_agent_build", { sessionId })
      const start = yield* call("start_agent_build", { prompt })
      const before = writes().length
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId: wait["taskId"] })))
      assert.strictEqual(writes().length, before)
      assert.isUndefined(codeOf(yield* request("tasks/cancel", { taskId: start["taskId"] })))
      assert.deepStrictEqual(writes().slice(before), [`POST /agent-builder/${sessionId}/stop`])
    })
  )

  it.scoped("is a plain result where nothing was started, or all is over", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.build = "completed"
      const { call } = yield* talk({ respond })
      const asked = yield* call("start_agent_build", { prompt: "Scrape all books, please" })
      assert.strictEqual(asked["resultType"], "complete")
      const wait = yield* call("wait_for_agent_build", { sessionId })
      assert.strictEqual(wait["resultType"], "complete")
      assert.strictEqual(structured(wait)["isFinal"], true)
    })
  )
})

describe("a wait as a task", () => {
  for (const [what, args] of [
    ["one run", { agentId: 7, runId: 90 }],
    ["several runs", { runs: [{ agentId: 7, runId: 90 }] }]
  ] as const) {
    it.scoped(`for ${what} reads once, completes, and its cancel ends nothing`, () =>
      Effect.gen(function* () {
        const { respond, state } = changing()
        const { call, request, writes } = yield* talk({ respond })
        const task = yield* call("wait_for_run", args)
        assert.strictEqual(task["resultType"], "task")
        assert.match(String(task["statusMessage"]), /^(?:Run Starting|0 of 1 runs ended)$/u)
        const { taskId } = task
        assert.isUndefined((yield* request("tasks/cancel", { taskId }))["error"])
        assert.deepStrictEqual(writes(), [])
        assert.strictEqual((yield* request("tasks/get", { taskId }))["status"], "working")
        state.run = success
        const done = yield* request("tasks/get", { taskId })
        assert.strictEqual(done["status"], "completed")
        assert.strictEqual(record(record(done["result"])["structuredContent"])["isFinal"], true)
      })
    )
  }

  it.scoped("is a plain result where all is over", () =>
    Effect.gen(function* () {
      const { respond, state } = changing()
      state.run = success
      const { call } = yield* talk({ respond })
      assert.strictEqual((yield* call("wait_for_run", { agentId: 7, runId: 90 }))["resultType"], "complete")
    })
  )
})

describe("a tool", () => {
  it("goes on as a task where its work does, and no other", () => {
    assert.sameMembers(
      allTools.flatMap(({ name, task }) => (task === undefined ? [] : [name])),
      ["start_agent", "run_space_agents", "start_agent_build", "wait_for_run", "wait_for_agent_build"]
    )
  })

  it.scoped("gives no task for the asking: the server alone decides", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call } = yield* talk({ respond })
      for (const ttl of [0, -1, 1e300, 1000]) {
        const run = yield* call("get_run_status", { agentId: 7, runId: 90 }, { task: { ttl } })
        assert.strictEqual(run["resultType"], "complete")
        const task = yield* call("wait_for_run", { agentId: 7, runId: 90 }, { task: { ttl } })
        assert.strictEqual(task["ttlMs"], 24 * 60 * 60 * 1000)
      }
    })
  )
})

describe("a client", () => {
  it.scoped("that does not declare tasks never gets one, and asks about none", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const plain = yield* talk({ respond, capabilities: {} })
      assert.strictEqual((yield* plain.call("start_agent", { agentId: 7 }))["resultType"], "complete")
      const declared = yield* talk({ respond })
      const { taskId } = yield* declared.call("start_agent", { agentId: 7 })
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const { code, data } = record((yield* plain.request(method, { taskId }))["error"])
        assert.strictEqual(code, -32021)
        assert.deepStrictEqual(record(data)["requiredCapabilities"], {
          extensions: { "io.modelcontextprotocol/tasks": {} }
        })
      }
    })
  )

  it.scoped("of the older era never gets one", () =>
    Effect.gen(function* () {
      const { respond } = changing()
      const { call, request } = yield* talk({ respond, era: "legacy" })
      const started = yield* call("start_agent", { agentId: 7 })
      assert.isUndefined(started["taskId"])
      assert.isDefined(started["structuredContent"])
      assert.strictEqual(record((yield* request("tasks/get", { taskId: "x" }))["error"])["code"], -32601)
    })
  )

  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
    it.scoped(`is refused by ${method} for ids that are unknown, expired or another caller's`, () =>
      Effect.gen(function* () {
        const { respond } = changing()
        const { actAs, call, request, writes } = yield* talk({ respond })
        const { taskId } = yield* call("start_agent", { agentId: 7 })
        const other = yield* talk({ respond, sealing: makeSealing(Option.none()) })
        const question = yield* call("start_agent", { agentId: 7, parallelism: 8 })
        const before = writes().length
        assert.isUndefined(codeOf(yield* request("tasks/update", { taskId })))
        const id = String(taskId)
        for (const altered of ["nonsense", "", id.slice(0, -1), `${id}A`, `${id}=`, ` ${id}`, "x".repeat(100_000)]) {
          assert.strictEqual(codeOf(yield* request(method, { taskId: altered })), -32602)
        }
        for (const odd of [undefined, null, 5, {}, [id]]) {
          assert.strictEqual(codeOf(yield* request(method, { taskId: odd })), -32602)
        }
        assert.strictEqual(codeOf(yield* request(method, { taskId: question["requestState"] })), -32602)
        assert.strictEqual(codeOf(yield* other.request(method, { taskId })), -32602)
        actAs(stranger)
        assert.strictEqual(codeOf(yield* request(method, { taskId })), -32602)
        assert.strictEqual(writes().length, before)
      })
    )

    it.scoped(`is refused by ${method} after a day`, () =>
      Effect.gen(function* () {
        const { respond } = changing()
        const { call, request } = yield* talk({ respond })
        const { taskId } = yield* call("start_agent", { agentId: 7 })
        yield* TestClock.adjust("24 hours")
        assert.isUndefined((yield* request("tasks/update", { taskId }))["error"])
        yield* TestClock.adjust("1 second")
        assert.strictEqual(record((yield* request(method, { taskId }))["error"])["code"], -32602)
      })
    )
  }
})
