import { assert, describe, type Vitest } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { ConfirmMode } from "../../src/mcp/confirm.ts"
import type { Era } from "../../src/mcp/era.ts"
import {
  accept,
  cancel,
  decline,
  noticeOf,
  questionIn,
  refuse,
  textOf,
  withAnswer,
  type Json,
  type Reply
} from "./conversation.ts"

interface OneRun {
  readonly agentId: number
  readonly runId: number
}

interface OneSchedule {
  readonly agentId: number
  readonly scheduleId: number
}

/** Things of an account that the tools which ask are called with. */
export interface Scene {
  readonly agentId: number
  readonly endedRun: OneRun
  readonly stoppingRun: OneRun
  /** Starts every five minutes, once it is enabled. */
  readonly oftenSchedule: OneSchedule
  readonly deletedSchedule: OneSchedule
  /** Enabled. */
  readonly changedSchedule: OneSchedule
  readonly spaceId: number
  readonly versionNumber: number
}

interface Asking {
  readonly args: (scene: Scene) => Json
  /** Arguments that the user was not asked about. */
  readonly altered: (scene: Scene) => Json
  /** What the question names. */
  readonly names: RegExp
}

const often = { cronExpression: "*/5 * * * *" }
const everyMinute = { cronExpression: "* * * * *" }

const startsOften = /288 times in the next 24 hours, at times only 5 minutes apart\./u

/** Every tool that asks. */
export const askingTools: Readonly<Record<string, Asking>> = {
  kill_agent: {
    args: ({ stoppingRun }) => ({ ...stoppingRun }),
    altered: ({ stoppingRun }) => ({ ...stoppingRun, runId: stoppingRun.runId + 1 }),
    names: /^End run \d+ of agent .* by force\?/u
  },
  delete_run: {
    args: ({ endedRun }) => ({ ...endedRun }),
    altered: ({ endedRun }) => ({ ...endedRun, removeMethod: "RemoveAllFiles" }),
    names: /^Delete run \d+ of agent .*can't be undone/u
  },
  delete_agent_schedule: {
    args: ({ deletedSchedule }) => ({ ...deletedSchedule }),
    altered: ({ deletedSchedule }) => ({ ...deletedSchedule, scheduleId: deletedSchedule.scheduleId + 1 }),
    names: /^Delete the schedule “.*” \(\d+\) of agent /u
  },
  restore_agent_version: {
    args: ({ agentId, versionNumber }) => ({ agentId, versionNumber, comments: "Back" }),
    altered: ({ agentId, versionNumber }) => ({ agentId, versionNumber: versionNumber - 1, comments: "Back" }),
    names: /^Make version \d+ of agent /u
  },
  run_space_agents: {
    args: ({ spaceId }) => ({ spaceId }),
    altered: ({ spaceId }) => ({ spaceId: spaceId + 1 }),
    names: /^Start (?:all \d+ agents|the only agent) of space /u
  },
  start_agent: {
    args: ({ agentId }) => ({ agentId, parallelism: 8 }),
    altered: ({ agentId }) => ({ agentId, parallelism: 50 }),
    names: /^Start agent .* in 8 parallel parts\?/u
  },
  create_agent_schedule: {
    args: ({ agentId }) => ({ agentId, name: "Often", ...often }),
    altered: ({ agentId }) => ({ agentId, name: "Often", ...everyMinute }),
    names: startsOften
  },
  update_agent_schedule: {
    args: ({ changedSchedule }) => ({ ...changedSchedule, ...often }),
    altered: ({ changedSchedule }) => ({ ...changedSchedule, ...everyMinute }),
    names: startsOften
  },
  enable_agent_schedule: {
    args: ({ oftenSchedule }) => ({ ...oftenSchedule }),
    altered: ({ oftenSchedule }) => ({ ...oftenSchedule, agentId: oftenSchedule.agentId + 1 }),
    names: startsOften
  }
}

/** Answers that are no yes, and the reason in the result. */
export const noes = [
  ["no", refuse, /did not confirm/u],
  ["declined", decline, /did not confirm/u],
  ["closed", cancel, /closed the question/u],
  ["yes without a word", { action: "accept", content: {} }, /did not confirm/u],
  ["yes as a text", { action: "accept", content: { confirm: "true" } }, /did not confirm/u]
] as const

export type Who = "owner" | "stranger"

/** A client of a server with an account of its own. */
export interface Talk {
  readonly scene: Scene
  readonly call: (tool: string, args: Json, more?: Json) => Effect.Effect<Json>
  /** How many requests that may change something reached the account. */
  readonly writes: Effect.Effect<number>
  /** The questions of the older era. */
  readonly questions: ReadonlyArray<string>
  /** Ends once the first of them has come. */
  readonly asked: Effect.Effect<void>
  /** How questions of the older era are answered from now on; undefined leaves them open. */
  readonly answerBy: (reply: Reply) => void
  /** Who calls from now on, in the newer era. */
  readonly actAs: (who: Who) => void
  /** Answers the first question of the older era by a message of its own, where a stranger can. */
  readonly answerAs?: (who: Who, reply: Json) => Effect.Effect<void>
}

export interface Setting {
  readonly era: Era
  /** Calls in the same situation may use the same account: each tool changes things of its own. */
  readonly situation: string
  readonly mode?: ConfirmMode
  readonly skip?: ReadonlyArray<string>
  readonly capabilities?: Json
}

/** Connects to a server with these settings. */
export type Open<R> = (setting: Setting) => Effect.Effect<Talk, never, R | Scope.Scope>

export const isDone = (result: Json, writes: number) => {
  assert.notStrictEqual(result["isError"], true, textOf(result))
  assert.isUndefined(result["error"])
  assert.isFalse(questionIn(result).isAsked, questionIn(result).question)
  assert.isAtLeast(writes, 1)
}

export const isRefused = (result: Json, why: RegExp, writes: number) => {
  assert.strictEqual(result["isError"], true, textOf(result))
  assert.match(textOf(result), why)
  assert.match(textOf(result), /Nothing was done\./u)
  assert.strictEqual(writes, 0)
}

export const isLeft = (result: Json, why: RegExp, writes: number) => {
  assert.notStrictEqual(result["isError"], true, textOf(result))
  assert.match(noticeOf(result), why)
  assert.match(noticeOf(result), /Nothing was done\./u)
  assert.strictEqual(writes, 0)
}

/** Each tool that asks, in each situation, in both eras. */
export const consentMatrix = <R>(it: Vitest.MethodsNonLive<R>, open: Open<R>) => {
  for (const [tool, { altered, args, names }] of Object.entries(askingTools)) {
    const other = tool === "delete_run" ? "kill_agent" : "delete_run"

    describe(`${tool}, asked in the newer era`, () => {
      it.scoped("yes: does it once, and only then", () =>
        Effect.gen(function* () {
          const { call, scene, writes } = yield* open({ era: "modern", situation: "yes" })
          const question = yield* call(tool, args(scene))
          assert.isTrue(questionIn(question).isAsked, textOf(question))
          assert.match(questionIn(question).question, names)
          assert.strictEqual(yield* writes, 0)
          isDone(yield* call(tool, args(scene), withAnswer(question, accept)), yield* writes)
          const before = yield* writes
          const again = yield* call(tool, args(scene), withAnswer(question, accept))
          isRefused(again, /was used before/u, (yield* writes) - before)
        })
      )

      it.scoped("the same yes twice at once: does it once", () =>
        Effect.gen(function* () {
          const { call, scene, writes } = yield* open({ era: "modern", situation: "yes twice" })
          const yes = withAnswer(yield* call(tool, args(scene)), accept)
          const results = yield* Effect.all([call(tool, args(scene), yes), call(tool, args(scene), yes)], {
            concurrency: 2
          })
          assert.strictEqual(results.filter((result) => /was used before/u.test(textOf(result))).length, 1)
          const [done] = results.filter((result) => result["isError"] !== true)
          isDone(done ?? {}, yield* writes)
          assert.strictEqual(yield* writes, 1)
        })
      )

      it.scoped("anything but yes: changes nothing, and says so", () =>
        Effect.gen(function* () {
          const { call, scene, writes } = yield* open({ era: "modern", situation: "nothing is done" })
          const question = yield* call(tool, args(scene))
          for (const [, answer, why] of noes) {
            isLeft(yield* call(tool, args(scene), withAnswer(question, answer)), why, yield* writes)
          }
        })
      )

      it.scoped("altered, of another caller, of another tool, forged or without an answer: changes nothing", () =>
        Effect.gen(function* () {
          const { actAs, call, scene, writes } = yield* open({ era: "modern", situation: "nothing is done" })
          const question = yield* call(tool, args(scene))
          const yes = withAnswer(question, accept)
          isRefused(yield* call(tool, altered(scene), yes), /not those that the user was asked about/u, yield* writes)
          actAs("stranger")
          isRefused(yield* call(tool, args(scene), yes), /given for another call/u, yield* writes)
          actAs("owner")
          const ofOther = yield* call(other, askingTools[other]?.args(scene) ?? {})
          assert.isTrue(questionIn(ofOther).isAsked)
          const yesToOther = withAnswer(ofOther, accept)
          isRefused(yield* call(tool, args(scene), yesToOther), /given for another call/u, yield* writes)
          const state = String(question["requestState"])
          const forged = { ...yes, requestState: `${state.startsWith("A") ? "B" : "A"}${state.slice(1)}` }
          isRefused(yield* call(tool, args(scene), forged), /given for another call/u, yield* writes)
          const unanswered = yield* call(tool, args(scene), { requestState: question["requestState"] })
          assert.isTrue(questionIn(unanswered).isAsked)
          const unsealed = yield* call(tool, args(scene), { inputResponses: { confirm: accept } })
          assert.isTrue(questionIn(unsealed).isAsked)
          assert.strictEqual(yield* writes, 0)
        })
      )

      it.scoped("expired: changes nothing", () =>
        Effect.gen(function* () {
          const { call, scene, writes } = yield* open({ era: "modern", situation: "nothing is done" })
          const question = yield* call(tool, args(scene))
          yield* TestClock.adjust("301 seconds")
          isRefused(
            yield* call(tool, args(scene), withAnswer(question, accept)),
            /more than 5 minutes ago/u,
            yield* writes
          )
        })
      )
    })

    describe(`${tool}, asked in the older era`, () => {
      it.scoped("yes: does it once", () =>
        Effect.gen(function* () {
          const { answerAs, answerBy, call, questions, scene, writes } = yield* open({
            era: "legacy",
            situation: "yes"
          })
          answerBy(accept)
          isDone(yield* call(tool, args(scene)), yield* writes)
          assert.strictEqual(questions.length, 1)
          assert.match(questions[0] ?? "", names)
          const before = yield* writes
          if (answerAs !== undefined) yield* answerAs("owner", accept)
          assert.strictEqual(yield* writes, before)
        })
      )

      it.scoped("anything but yes: changes nothing, and says so", () =>
        Effect.gen(function* () {
          const { answerBy, call, scene, writes } = yield* open({ era: "legacy", situation: "nothing is done" })
          for (const [, answer, why] of noes) {
            answerBy(answer)
            isLeft(yield* call(tool, args(scene)), why, yield* writes)
          }
        })
      )

      it.scoped("answered by another caller, then by nobody for 45 seconds: changes nothing, and says so", () =>
        Effect.gen(function* () {
          const { answerAs, asked, call, scene, writes } = yield* open({ era: "legacy", situation: "nothing is done" })
          const calling = yield* Effect.fork(call(tool, args(scene)))
          yield* asked
          if (answerAs !== undefined) yield* answerAs("stranger", accept)
          yield* TestClock.adjust("44 seconds")
          assert.isTrue(Option.isNone(yield* Fiber.poll(calling)))
          yield* TestClock.adjust("1 second")
          isLeft(yield* Fiber.join(calling), /did not answer within 45 seconds/u, yield* writes)
        })
      )
    })

    for (const era of ["modern", "legacy"] as const) {
      describe(`${tool}, in the ${era} era`, () => {
        for (const capabilities of [{}, { elicitation: { url: {} } }]) {
          const who = `a client that declares ${JSON.stringify(capabilities)}`
          it.scoped(`auto does it for ${who}, and always refuses it`, () =>
            Effect.gen(function* () {
              const strict = yield* open({ era, capabilities, mode: "always", situation: "nothing is done" })
              isRefused(
                yield* strict.call(tool, args(strict.scene)),
                /needs the user's confirmation here/u,
                yield* strict.writes
              )
              const { call, questions, scene, writes } = yield* open({ era, capabilities, situation: who })
              isDone(yield* call(tool, args(scene)), yield* writes)
              assert.deepStrictEqual(questions, [])
            })
          )
        }

        it.scoped("always asks a client that can be asked, also where other tools are skipped", () =>
          Effect.gen(function* () {
            const skip = Object.keys(askingTools).filter((name) => name !== tool)
            for (const setting of [{}, { skip }]) {
              const { answerBy, call, questions, scene, writes } = yield* open({
                era,
                mode: "always",
                situation: "nothing is done",
                ...setting
              })
              answerBy(refuse)
              const result = yield* call(tool, args(scene))
              assert.isTrue(era === "modern" ? questionIn(result).isAsked : questions.length === 1)
              assert.strictEqual(yield* writes, 0)
            }
          })
        )

        for (const [what, setting] of [
          ["never", { mode: "never" }],
          ["a name that is skipped", { mode: "always", skip: [tool] }]
        ] as const) {
          it.scoped(`${what} does not ask`, () =>
            Effect.gen(function* () {
              const { call, questions, scene, writes } = yield* open({ era, situation: what, ...setting })
              isDone(yield* call(tool, args(scene)), yield* writes)
              assert.deepStrictEqual(questions, [])
            })
          )
        }
      })
    }
  }
}
