import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import type { Credentials } from "../../src/sequentum/Credentials.ts"
import { AgentBuilder } from "../../src/sequentum/AgentBuilder.ts"
import { Agents } from "../../src/sequentum/Agents.ts"
import { Analytics } from "../../src/sequentum/Analytics.ts"
import { Billing } from "../../src/sequentum/Billing.ts"
import type { SequentumError } from "../../src/sequentum/errors.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { Runs } from "../../src/sequentum/Runs.ts"
import { AgentId, RunId, ScheduleId, SessionId, SpaceId } from "../../src/sequentum/schemas/common.ts"
import { Schedules } from "../../src/sequentum/Schedules.ts"
import { services, type Services } from "../../src/sequentum/services.ts"
import { SequentumClient } from "../../src/sequentum/SequentumClient.ts"
import { Spaces } from "../../src/sequentum/Spaces.ts"
import { cleanDetail } from "../../src/sequentum/upstreamError.ts"
import { Versions } from "../../src/sequentum/Versions.ts"
import { scripted } from "../registry/upstream.ts"
import { asCaller, secretKey } from "../support/http.ts"
import * as Duration from "effect/Duration"

const agentId = AgentId.make(7)
const runId = RunId.make(90)
const scheduleId = ScheduleId.make(5)
const spaceId = SpaceId.make(3)
const sessionId = SessionId.make("s")
const range = { startDate: "2026-01-01", endDate: "2026-01-31" }
const page = { pageIndex: 1, recordsPerPage: 50 }

type Ask = Effect.Effect<unknown, SequentumError, Services | Credentials>

/** Every method whose answer is decoded. */
const methods: Readonly<Record<string, Ask>> = {
  "Agents.list": Effect.flatMap(Agents, (agents) => agents.list(page)),
  "Agents.get": Effect.flatMap(Agents, (agents) => agents.get(agentId)),
  "Agents.search": Effect.flatMap(Agents, (agents) => agents.search("a")),
  "Agents.searchCount": Effect.flatMap(Agents, (agents) => agents.searchCount("a")),
  "Agents.personalCount": Effect.flatMap(Agents, (agents) => agents.personalCount()),
  "Runs.list": Effect.flatMap(Runs, (runs) => runs.list(agentId)),
  "Runs.summary": Effect.flatMap(Runs, (runs) => runs.summary(agentId)),
  "Runs.status": Effect.flatMap(Runs, (runs) => runs.status(agentId, runId)),
  "Runs.start": Effect.flatMap(Runs, (runs) => runs.start(agentId, {})),
  "Runs.startAndWait": Effect.flatMap(Runs, (runs) => runs.startAndWait(agentId, {}, Duration.seconds(1))),
  "Files.list": Effect.flatMap(Files, (files) => files.list(agentId, runId)),
  "Versions.list": Effect.flatMap(Versions, (versions) => versions.list(agentId)),
  "Schedules.list": Effect.flatMap(Schedules, (schedules) => schedules.list(agentId)),
  "Schedules.get": Effect.flatMap(Schedules, (schedules) => schedules.get(agentId, scheduleId)),
  "Schedules.create": Effect.flatMap(Schedules, (schedules) => schedules.create(agentId, {})),
  "Schedules.update": Effect.flatMap(Schedules, (schedules) => schedules.update(agentId, scheduleId, {})),
  "Schedules.upcoming": Effect.flatMap(Schedules, (schedules) => schedules.upcoming(range)),
  "Spaces.list": Effect.flatMap(Spaces, (spaces) => spaces.list()),
  "Spaces.get": Effect.flatMap(Spaces, (spaces) => spaces.get(spaceId)),
  "Spaces.searchByName": Effect.flatMap(Spaces, (spaces) => spaces.searchByName("a")),
  "Spaces.agents": Effect.flatMap(Spaces, (spaces) => spaces.agents(spaceId)),
  "Spaces.agentCount": Effect.flatMap(Spaces, (spaces) => spaces.agentCount(spaceId)),
  "Spaces.runAll": Effect.flatMap(Spaces, (spaces) => spaces.runAll(spaceId)),
  "Billing.credits": Effect.flatMap(Billing, (billing) => billing.credits()),
  "Billing.spending": Effect.flatMap(Billing, (billing) => billing.spending({})),
  "Billing.history": Effect.flatMap(Billing, (billing) => billing.history(page)),
  "Billing.agentsUsage": Effect.flatMap(Billing, (billing) => billing.agentsUsage(page)),
  "Billing.costBreakdown": Effect.flatMap(Billing, (billing) => billing.costBreakdown(agentId, range)),
  "Billing.runsCost": Effect.flatMap(Billing, (billing) => billing.runsCost(agentId, page)),
  "Analytics.runs": Effect.flatMap(Analytics, (analytics) => analytics.runs({})),
  "Analytics.records": Effect.flatMap(Analytics, (analytics) => analytics.records({})),
  "Analytics.diagnostics": Effect.flatMap(Analytics, (analytics) => analytics.diagnostics(agentId, runId)),
  "Analytics.latestFailure": Effect.flatMap(Analytics, (analytics) => analytics.latestFailure(agentId)),
  "AgentBuilder.start": Effect.flatMap(AgentBuilder, (builder) => builder.start("a")),
  "AgentBuilder.status": Effect.flatMap(AgentBuilder, (builder) => builder.status(sessionId))
}

let answer: unknown = null

/** The services over a Sequentum that answers everything with `answer`. */
const answering = services.pipe(
  Layer.provide(
    SequentumClient.layer({ apiUrl: new URL("https://sequentum.test"), requestTimeout: Duration.seconds(30) })
  ),
  Layer.provide(scripted(() => ({ body: JSON.stringify(answer) })))
)

/** Names of fields that the API sends, so that bodies come near real ones. */
const fields = [
  "id",
  "status",
  "agents",
  "items",
  "totalCount",
  "totalCost",
  "results",
  "runId",
  "sessionId",
  "name",
  "created",
  "runs",
  "message"
]

/** JSON that is like an answer of the API, or like anything at all. */
const anyBody = FastCheck.oneof(
  FastCheck.jsonValue(),
  FastCheck.array(FastCheck.dictionary(FastCheck.constantFrom(...fields), FastCheck.jsonValue({ maxDepth: 1 })), {
    maxLength: 3
  }),
  FastCheck.dictionary(FastCheck.constantFrom(...fields), FastCheck.jsonValue({ maxDepth: 2 }))
)

layer(answering)("any JSON that the API could send", (it) => {
  for (const [name, ask] of Object.entries(methods)) {
    it.effect.prop(
      `either decodes or is unexpected: ${name}`,
      [anyBody],
      ([body]) =>
        Effect.gen(function* () {
          answer = body
          const exit = yield* Effect.exit(asCaller(ask))
          if (Exit.isSuccess(exit)) return
          assert.strictEqual(exit.cause._tag, "Fail")
          assert.isTrue(exit.cause._tag === "Fail" && exit.cause.error._tag === "UnexpectedResponse")
        }),
      { fastCheck: { numRuns: 100 } }
    )
  }
})

describe("what is cleaned for display", () => {
  it.prop(
    "never holds the secret, markup or a line break",
    [FastCheck.string({ maxLength: 400 }), FastCheck.string({ maxLength: 400 })],
    ([before, after]) => {
      const clean = cleanDetail(`${before}${secretKey}${after}`, secretKey) ?? ""
      assert.notInclude(clean, secretKey)
      assert.notMatch(clean, /[\r\n\u0000-\u001f]/u)
      assert.isAtMost(clean.length, 300)
    },
    { fastCheck: { numRuns: 500 } }
  )
})
