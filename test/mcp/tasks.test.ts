import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { makeSealing } from "../../src/runtime/sealed.ts"
import { account } from "../support/account.ts"
import {
  accept,
  conversation,
  questionIn,
  stranger,
  withAnswer,
  type Conversation,
  type Json
} from "../support/conversation.ts"
import type { Respond } from "../support/http.ts"

const now = "2026-03-11T12:00:00Z"

const takesTasks = { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } }

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

/** An account whose run and build have the state that the test sets. */
const changing = () => {
  const state = { run: 3, build: "processing", broken: false }
  const respond: Respond = (sent) => {
    const { method, path } = sent
    if (state.broken && method === "GET") return { status: 400, body: {} }
    if (path.endsWith("/status") && path.startsWith("/agent/")) {
      const [, , agentId, , id] = path.split("/")
      return { body: { id: Number(id), configId: Number(agentId), status: state.run, created: now, dataCount: 12 } }
    }
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
      state.broken = true
      const seen = yield* request("tasks/get", { taskId })
      assert.include(["working", "completed"], seen["status"])
      assert.isUndefined(seen["error"])
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
        const codeOf = (result: Json) => record(result["error"])["code"]
        assert.isUndefined(codeOf(yield* request("tasks/update", { taskId })))
        assert.strictEqual(codeOf(yield* request(method, { taskId: "nonsense" })), -32602)
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
