import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { loadSettings } from "../../src/config.ts"
import { operatorSelection } from "../../src/serve/layers.ts"
import { makeSealing } from "../../src/runtime/sealed.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { account } from "../support/account.ts"
import { askingTools, consentMatrix, isDone, isRefused, type Open, type Scene } from "../support/consent.ts"
import { accept, conversation, stranger, withAnswer, type Conversation } from "../support/conversation.ts"
import { keyCaller, type Respond } from "../support/http.ts"

const now = "2026-03-11T12:00:00Z"

const schedule = {
  id: 31,
  configId: 7,
  name: "Every five minutes",
  schedule: "*/5 * * * *",
  scheduleType: 3,
  isEnabled: true
}
const run = { id: 90, configId: 7, status: 5, created: now }

/** An account with a run that is stopping and a schedule that starts often. */
const respond: Respond = (sent) => {
  const { method, path } = sent
  if (path === "/agent/7/run/90/status") return { body: run }
  if (path === "/agent/7/schedules/31" && method === "GET") return { body: schedule }
  if (path.startsWith("/billing/")) return { status: 404, body: {} }
  return account(sent)
}

const oneRun = { agentId: 7, runId: 90 }
const oneSchedule = { agentId: 7, scheduleId: 31 }

const scene: Scene = {
  agentId: 7,
  endedRun: oneRun,
  stoppingRun: oneRun,
  oftenSchedule: oneSchedule,
  deletedSchedule: oneSchedule,
  changedSchedule: oneSchedule,
  spaceId: 3,
  versionNumber: 3
}

const talk = (options: Partial<Conversation>) =>
  Effect.zipRight(TestClock.setTime(Date.parse(now)), conversation({ era: "modern", respond, ...options }))

/** Connects to a server over stdio. */
const open: Open<never> = (setting) =>
  Effect.map(talk(setting), ({ actAs, answerBy, asked, call, questions, writes }) => ({
    scene,
    call,
    writes: Effect.sync(() => writes().length),
    questions,
    asked,
    answerBy,
    actAs: (who) => actAs(who === "owner" ? keyCaller : stranger)
  }))

it("every tool that asks is tested here", () => {
  const confirming = allTools.filter(({ name }) => name in askingTools).length
  assert.strictEqual(confirming, Object.keys(askingTools).length)
  assert.deepStrictEqual(
    allTools.filter(({ annotations, name }) => annotations.destructiveHint && !(name in askingTools)),
    []
  )
})

consentMatrix(it, open)

describe("at replicas in the newer era", () => {
  for (const [tool, { args }] of Object.entries(askingTools)) {
    it.scoped(`${tool}: an answer counts at any that has the key`, () =>
      Effect.gen(function* () {
        const sealing = makeSealing(Option.none())
        const first = yield* talk({ sealing })
        const second = yield* talk({ sealing })
        const third = yield* talk({})
        const question = yield* first.call(tool, args(scene))
        const yes = withAnswer(question, accept)
        isRefused(yield* third.call(tool, args(scene), yes), /given for another call/u, third.writes().length)
        isDone(yield* second.call(tool, args(scene), yes), second.writes().length)
        assert.deepStrictEqual(first.writes(), [])
      })
    )
  }
})

it.effect("SEQUENTUM_CONFIRM_SKIP names tools that there are", () =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(
      new Map([
        ["SEQUENTUM_CONFIRM_SKIP", "delete_run,delete_everything"],
        ["SEQUENTUM_TOOLS", "nope"]
      ])
    )
    const { problems } = yield* Effect.flip(operatorSelection(settings))
    assert.strictEqual(problems.length, 2)
    assert.match(problems[0] ?? "", /^Unknown tool: "nope"/u)
    assert.match(
      problems[1] ?? "",
      /^Unknown tool to skip the confirmation of: "delete_everything"\. Valid: list_agents, /u
    )
    yield* operatorSelection(yield* loadSettings(new Map([["SEQUENTUM_CONFIRM_SKIP", "delete_run"]])))
  })
)

describe("what needs no question", () => {
  for (const [tool, args] of [
    ["start_agent", { agentId: 7, parallelism: 5 }],
    ["create_agent_schedule", { agentId: 7, name: "Rare", cronExpression: "*/15 * * * *" }],
    ["create_agent_schedule", { agentId: 7, name: "Paused", cronExpression: "*/5 * * * *", isEnabled: false }],
    ["update_agent_schedule", { ...oneSchedule, isEnabled: false }],
    ["stop_agent", oneRun],
    ["disable_agent_schedule", oneSchedule]
  ] as const) {
    it.scoped(`${tool} ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk({ mode: "always" })
        isDone(yield* call(tool, args), writes().length)
      })
    )
  }

  it.scoped("a kill that only stops", () =>
    Effect.gen(function* () {
      const running: Respond = (sent) =>
        sent.path === "/agent/7/run/90/status" ? { body: { ...run, status: 3 } } : respond(sent)
      const { call, writes } = yield* talk({ mode: "always", respond: running })
      isDone(yield* call("kill_agent", oneRun), writes().length)
    })
  )
})
