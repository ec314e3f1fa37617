import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { balancer, bySession, roundRobin, type Choose } from "../support/balancer.ts"
import { askingTools, isDone } from "../support/consent.ts"
import {
  answering,
  callAs,
  legacyClient,
  record,
  sandboxScene,
  slow,
  statsOf,
  type Call
} from "../support/consentHttp.ts"
import {
  accept,
  cancel,
  conversation,
  decline,
  refuse,
  textOf,
  type Json,
  type Reply
} from "../support/conversation.ts"
import { endpoint } from "../support/endpoint.ts"
import { keyCaller } from "../support/http.ts"
import { frequentSchedules, wreck } from "../support/wreck.ts"

describe("consent at two replicas", () => {
  const replicas = (choose: Choose) =>
    Effect.gen(function* () {
      const STATE_KEY = randomBytes(32).toString("base64")
      const first = yield* endpoint({ STATE_KEY }, slow)
      const second = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: first.apiUrl })
      const { counts, mcp } = yield* balancer([first.url, second.url], choose)
      return { apiUrl: first.apiUrl, counts, mcp }
    })

  const tools = Object.entries(askingTools)

  it.scopedLive("in turn, in the newer era", () =>
    Effect.gen(function* () {
      const at = yield* replicas(roundRobin)
      const scene = yield* sandboxScene(at, "alice")
      for (const [tool, { args }] of tools) {
        const before = yield* statsOf(at)
        const done = yield* answering(callAs("alice", at), accept)(tool, args(scene))
        isDone(done, (yield* statsOf(at)).writes - before.writes)
      }
      assert.deepStrictEqual(at.counts(), [tools.length, tools.length])
    })
  )

  it.scopedLive("by a hash of the session id, in the older era", () =>
    Effect.gen(function* () {
      const at = yield* replicas(bySession)
      const scene = yield* sandboxScene(at, "alice")
      const { answerBy, call, questions } = yield* legacyClient(at)
      answerBy(accept)
      for (const [tool, { args }] of tools) {
        const before = yield* statsOf(at)
        isDone(yield* call(tool, args(scene)), (yield* statsOf(at)).writes - before.writes)
      }
      assert.strictEqual(questions.length, tools.length)
    })
  )
})

/** What a client answers to questions, in turn; nothing leaves them open. */
const clients = [
  ["says no, declines or closes every question", [refuse, decline, cancel], {}],
  ["answers nothing", [], {}],
  ["can't be asked, where that is needed", [], { mode: "always", capabilities: {} }]
] as const

type Client = (typeof clients)[number]

/** Gives the answers of a client to its questions. */
const answeringBy = (
  era: "modern" | "legacy",
  answers: Client[1],
  call: Call,
  answerBy: (reply: Reply) => void
): Call => {
  let asked = 0
  return (tool, args) =>
    Effect.suspend(() => {
      asked += 1
      const answer = answers[asked % answers.length]
      answerBy(answer)
      return (era === "modern" && answer !== undefined ? answering(call, answer) : call)(tool, args)
    })
}

const ceiling = 7

interface Wrecked {
  readonly call: Call
  readonly stats: ReturnType<typeof statsOf>
}

/** Over stdio, in this process. */
const overStdio = (era: "modern" | "legacy", [, answers, setting]: Client) =>
  Effect.gen(function* () {
    const at = yield* endpoint({}, slow)
    const { answerBy, call } = yield* conversation({
      era,
      apiUrl: at.apiUrl,
      maxStartsPerMinute: ceiling,
      ...setting
    })
    return {
      call: answeringBy(era, answers, call, answerBy),
      stats: statsOf(at, `ApiKey ${Redacted.value(keyCaller.secret)}`)
    }
  })

const overHttp = (era: "modern" | "legacy", [, answers, setting]: Client) =>
  Effect.gen(function* () {
    const mode = "mode" in setting ? setting.mode : "auto"
    const declared: { readonly capabilities?: Json } =
      "capabilities" in setting ? { capabilities: setting.capabilities } : {}
    const at = yield* endpoint({ SEQUENTUM_MAX_STARTS_PER_MINUTE: String(ceiling), SEQUENTUM_CONFIRM: mode }, slow)
    const { answerBy, call } =
      era === "legacy"
        ? yield* legacyClient(at, declared)
        : { call: callAs("alice", at, declared.capabilities), answerBy: () => undefined }
    return { call: answeringBy(era, answers, call, answerBy), stats: statsOf(at) }
  })

/** Lets time pass until an effect ends that waits for answers. */
const whileTimePasses = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* Effect.promise(() => new Promise<void>((done) => setTimeout(done, 20)))
      yield* TestClock.adjust("3 seconds")
    }
    return yield* Fiber.join(fiber)
  })

describe("the wreck of an account", () => {
  for (const [transport, connect] of [
    ["stdio", overStdio],
    ["HTTP", overHttp]
  ] as const) {
    for (const era of ["modern", "legacy"] as const) {
      for (const client of clients) {
        const [who, answers, setting] = client
        const isUnanswered = answers.length === 0 && !("mode" in setting)
        it.scoped(
          `over ${transport} in the ${era} era, by a client that ${who}: nothing but starts, within the ceiling`,
          () =>
            Effect.gen(function* () {
              yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
              const { call, stats }: Wrecked = yield* connect(era, client)
              const maxAgents = transport === "HTTP" && answers.length > 0 ? 12 : 4
              const wrecking = wreck(call, maxAgents)
              const { active } = yield* isUnanswered ? whileTimePasses(wrecking) : wrecking
              assert.deepStrictEqual(yield* frequentSchedules(call), [])
              const { byRoute } = yield* stats
              const written = Object.entries(byRoute).filter(([route]) => !route.startsWith("GET "))
              assert.deepStrictEqual(
                // Rare schedules may be enabled, paused ones changed, and runs stopped: nothing is lost by it.
                written.filter(([route]) => !/\/start$|^PUT .*\/schedules\/|\/enable$|\/kill$/u.test(route)),
                []
              )
              const starts = written.reduce((sum, [route, count]) => (route.endsWith("/start") ? sum + count : sum), 0)
              const kills = written.reduce((sum, [route, count]) => (route.endsWith("/kill") ? sum + count : sum), 0)
              // A second one would end a run by force.
              assert.isAtMost(kills, active)
              assert.isAtLeast(starts, 1)
              assert.isAtMost(starts, ceiling)
            })
        )
      }
    }
  }
})

describe("the ceiling on starts", () => {
  it.scopedLive("is a clear error beyond it; one confirmed start of a space may pass it", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ SEQUENTUM_MAX_STARTS_PER_MINUTE: "2" })
      const yes = (token: string) => answering(callAs(token, at), accept)
      const space = yield* yes("alice")("run_space_agents", { spaceId: 101 })
      assert.notStrictEqual(space["isError"], true, textOf(space))
      assert.isAtLeast(Number(record(space["structuredContent"])["totalAgents"]), 3)
      const refused = yield* yes("alice")("start_agent", { agentId: 4101 })
      assert.strictEqual(refused["isError"], true)
      assert.match(
        textOf(refused),
        /At most 2 runs and builds may be started in a minute here; \d+ were.*Nothing was started\. Try again in \d+ seconds/u
      )
      const second = yield* yes("alice")("run_space_agents", { spaceId: 101 })
      assert.strictEqual(second["isError"], true)
      assert.notStrictEqual((yield* yes("bob")("start_agent", { agentId: 4101 }))["isError"], true)
    })
  )
})
