import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { loadSettings } from "../../src/config.ts"
import { operatorSelection } from "../../src/serve/layers.ts"
import { makeSealing } from "../../src/runtime/sealed.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { account } from "../support/account.ts"
import {
  accept,
  cancel,
  conversation,
  decline,
  noticeOf,
  questionIn,
  refuse,
  stranger,
  textOf,
  withAnswer,
  type Conversation,
  type Json
} from "../support/conversation.ts"
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

interface Asking {
  readonly args: Json
  /** Arguments that the user was not asked about. */
  readonly altered: Json
  /** What the question names. */
  readonly names: RegExp
}

const oneRun = { agentId: 7, runId: 90 }
const oneSchedule = { agentId: 7, scheduleId: 31 }
const often = { cronExpression: "*/5 * * * *" }

const askingTools: Readonly<Record<string, Asking>> = {
  kill_agent: { args: oneRun, altered: { ...oneRun, runId: 91 }, names: /by force/u },
  delete_run: {
    args: oneRun,
    altered: { ...oneRun, removeMethod: "RemoveAllFiles" },
    names: /^Delete run 90 of agent .*can't be undone/u
  },
  delete_agent_schedule: {
    args: oneSchedule,
    altered: { ...oneSchedule, scheduleId: 32 },
    names: /^Delete the schedule/u
  },
  restore_agent_version: {
    args: { agentId: 7, versionNumber: 3, comments: "Back" },
    altered: { agentId: 7, versionNumber: 2, comments: "Back" },
    names: /^Make version 3 of agent /u
  },
  run_space_agents: {
    args: { spaceId: 3 },
    altered: { spaceId: 4 },
    names: /^Start all \d+ agents? of space .*no basis for an estimate.*could not be read/u
  },
  start_agent: {
    args: { agentId: 7, parallelism: 8 },
    altered: { agentId: 7, parallelism: 50 },
    names: /in 8 parallel parts\? There is no basis for an estimate/u
  },
  create_agent_schedule: {
    args: { agentId: 7, name: "Often", ...often },
    altered: { agentId: 7, name: "Often", cronExpression: "* * * * *" },
    names: /288 times in the next 24 hours, at times only 5 minutes apart/u
  },
  update_agent_schedule: {
    args: { ...oneSchedule, ...often },
    altered: { ...oneSchedule, cronExpression: "* * * * *" },
    names: /288 times/u
  },
  enable_agent_schedule: { args: oneSchedule, altered: { ...oneSchedule, agentId: 8 }, names: /288 times/u }
}

const talk = (options: Partial<Conversation>) =>
  Effect.zipRight(TestClock.setTime(Date.parse(now)), conversation({ era: "modern", respond, ...options }))

const isDone = (result: Json, writes: ReadonlyArray<string>) => {
  assert.notStrictEqual(result["isError"], true, textOf(result))
  assert.isUndefined(result["error"])
  assert.isAtLeast(writes.length, 1)
}

const isRefused = (result: Json, why: RegExp, writes: ReadonlyArray<string>) => {
  assert.strictEqual(result["isError"], true)
  assert.match(textOf(result), why)
  assert.match(textOf(result), /Nothing was done\./u)
  assert.deepStrictEqual(writes, [])
}

const isLeft = (result: Json, why: RegExp, writes: ReadonlyArray<string>) => {
  assert.notStrictEqual(result["isError"], true, textOf(result))
  assert.match(noticeOf(result), why)
  assert.match(noticeOf(result), /Nothing was done\./u)
  assert.deepStrictEqual(writes, [])
}

const noes = [
  ["no", refuse, /did not confirm/u],
  ["declined", decline, /did not confirm/u],
  ["closed", cancel, /closed the question/u],
  ["yes without a word", { action: "accept", content: {} }, /did not confirm/u],
  ["yes as a text", { action: "accept", content: { confirm: "true" } }, /did not confirm/u]
] as const

it("every tool that asks is tested here", () => {
  const confirming = allTools.filter(({ name }) => name in askingTools).length
  assert.strictEqual(confirming, Object.keys(askingTools).length)
  assert.deepStrictEqual(
    allTools.filter(({ annotations, name }) => annotations.destructiveHint && !(name in askingTools)),
    []
  )
})

for (const [tool, { altered, args, names }] of Object.entries(askingTools)) {
  describe(`${tool}, asked in the newer era`, () => {
    it.scoped("yes: does it once, and only then", () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk({})
        const question = yield* call(tool, args)
        assert.isTrue(questionIn(question).isAsked, textOf(question))
        assert.match(questionIn(question).question, names)
        assert.deepStrictEqual(writes(), [])
        isDone(yield* call(tool, args, withAnswer(question, accept)), writes())
        const before = writes().length
        const again = yield* call(tool, args, withAnswer(question, accept))
        isRefused(again, /was used before/u, writes().slice(before))
      })
    )

    for (const [what, answer, why] of noes) {
      it.scoped(`${what}: changes nothing, and says so`, () =>
        Effect.gen(function* () {
          const { call, writes } = yield* talk({})
          const question = yield* call(tool, args)
          isLeft(yield* call(tool, args, withAnswer(question, answer)), why, writes())
        })
      )
    }

    it.scoped("altered, of another caller, of another tool, forged or without an answer: changes nothing", () =>
      Effect.gen(function* () {
        const { actAs, call, writes } = yield* talk({})
        const question = yield* call(tool, args)
        const yes = withAnswer(question, accept)
        isRefused(yield* call(tool, altered, yes), /not those that the user was asked about/u, writes())
        actAs(stranger)
        isRefused(yield* call(tool, args, yes), /given for another call/u, writes())
        const other = yield* call(tool === "delete_run" ? "kill_agent" : "delete_run", oneRun)
        isRefused(yield* call(tool, args, withAnswer(other, accept)), /given for another call/u, writes())
        const forged = { ...yes, requestState: `${String(question["requestState"]).slice(0, -2)}AA` }
        isRefused(yield* call(tool, args, forged), /given for another call/u, writes())
        actAs(keyCaller)
        assert.isTrue(questionIn(yield* call(tool, args, { requestState: question["requestState"] })).isAsked)
        assert.deepStrictEqual(writes(), [])
      })
    )

    it.scoped("expired: changes nothing", () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk({})
        const question = yield* call(tool, args)
        yield* TestClock.adjust("301 seconds")
        isRefused(yield* call(tool, args, withAnswer(question, accept)), /more than 5 minutes ago/u, writes())
      })
    )

    it.scoped("on two replicas in turn", () =>
      Effect.gen(function* () {
        const sealing = makeSealing(Option.none())
        const first = yield* talk({ sealing })
        const second = yield* talk({ sealing })
        const third = yield* talk({})
        const question = yield* first.call(tool, args)
        const yes = withAnswer(question, accept)
        isRefused(yield* third.call(tool, args, yes), /given for another call/u, third.writes())
        isDone(yield* second.call(tool, args, yes), second.writes())
        assert.deepStrictEqual(first.writes(), [])
      })
    )
  })

  describe(`${tool}, asked in the older era`, () => {
    it.scoped("yes: does it", () =>
      Effect.gen(function* () {
        const { answerBy, call, questions, writes } = yield* talk({ era: "legacy" })
        answerBy(accept)
        isDone(yield* call(tool, args), writes())
        assert.strictEqual(questions.length, 1)
        assert.match(questions[0] ?? "", names)
      })
    )

    for (const [what, answer, why] of noes) {
      it.scoped(`${what}: changes nothing, and says so`, () =>
        Effect.gen(function* () {
          const { answerBy, call, writes } = yield* talk({ era: "legacy" })
          answerBy(answer)
          isLeft(yield* call(tool, args), why, writes())
        })
      )
    }

    it.scoped("unanswered for 45 seconds: changes nothing, and says so", () =>
      Effect.gen(function* () {
        const { asked, call, writes } = yield* talk({ era: "legacy" })
        const calling = yield* Effect.fork(call(tool, args))
        yield* asked
        yield* TestClock.adjust("44 seconds")
        assert.isTrue(Option.isNone(yield* Fiber.poll(calling)))
        yield* TestClock.adjust("1 second")
        isLeft(yield* Fiber.join(calling), /did not answer within 45 seconds/u, writes())
      })
    )
  })

  for (const era of ["modern", "legacy"] as const) {
    describe(`${tool}, in the ${era} era`, () => {
      for (const capabilities of [{}, { elicitation: { url: {} } }]) {
        const who = `a client that declares ${JSON.stringify(capabilities)}`
        it.scoped(`auto does it for ${who}`, () =>
          Effect.gen(function* () {
            const { call, writes } = yield* talk({ era, capabilities })
            isDone(yield* call(tool, args), writes())
          })
        )
        it.scoped(`always refuses it to ${who}`, () =>
          Effect.gen(function* () {
            const { call, writes } = yield* talk({ era, capabilities, mode: "always" })
            isRefused(yield* call(tool, args), /needs the user's confirmation here/u, writes())
          })
        )
      }
      it.scoped("always asks a client that can be asked", () =>
        Effect.gen(function* () {
          const { answerBy, call, questions, writes } = yield* talk({ era, mode: "always" })
          answerBy(refuse)
          const result = yield* call(tool, args)
          assert.isTrue(era === "modern" ? questionIn(result).isAsked : questions.length === 1)
          assert.deepStrictEqual(writes(), [])
        })
      )
      for (const [what, options] of [
        ["never", { mode: "never" }],
        ["a name that is skipped", { mode: "always", skip: [tool] }]
      ] as const) {
        it.scoped(`${what} does not ask`, () =>
          Effect.gen(function* () {
            const { call, questions, writes } = yield* talk({ era, ...options })
            isDone(yield* call(tool, args), writes())
            assert.deepStrictEqual(questions, [])
          })
        )
      }
    })
  }
}

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
    ["create_agent_schedule", { agentId: 7, name: "Paused", ...often, isEnabled: false }],
    ["update_agent_schedule", { ...oneSchedule, isEnabled: false }],
    ["stop_agent", oneRun],
    ["disable_agent_schedule", oneSchedule]
  ] as const) {
    it.scoped(`${tool} ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const { call, writes } = yield* talk({ mode: "always" })
        isDone(yield* call(tool, args), writes())
      })
    )
  }

  it.scoped("a kill that only stops", () =>
    Effect.gen(function* () {
      const running: Respond = (sent) =>
        sent.path === "/agent/7/run/90/status" ? { body: { ...run, status: 3 } } : respond(sent)
      const { call, writes } = yield* talk({ mode: "always", respond: running })
      isDone(yield* call("kill_agent", oneRun), writes())
    })
  )
})
