import { assert, layer } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { AgentBuilder } from "../../src/sequentum/AgentBuilder.ts"
import { Agents } from "../../src/sequentum/Agents.ts"
import { Analytics } from "../../src/sequentum/Analytics.ts"
import { Billing } from "../../src/sequentum/Billing.ts"
import type { Credentials } from "../../src/sequentum/Credentials.ts"
import type { SequentumError } from "../../src/sequentum/errors.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { Runs } from "../../src/sequentum/Runs.ts"
import { AgentId, FileId, RunId, ScheduleId, SessionId, SpaceId } from "../../src/sequentum/schemas/common.ts"
import { Schedules } from "../../src/sequentum/Schedules.ts"
import { services, type Services } from "../../src/sequentum/services.ts"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"
import { Spaces } from "../../src/sequentum/Spaces.ts"
import { Versions } from "../../src/sequentum/Versions.ts"
import { account } from "../support/account.ts"
import { asCaller, scripted, type Respond } from "../support/http.ts"
import { many, spoiling } from "../support/mutate.ts"

const agentId = AgentId.make(7)
const runId = RunId.make(90)
const failedRunId = RunId.make(88)
const fileId = FileId.make(5)
const scheduleId = ScheduleId.make(31)
const spaceId = SpaceId.make(3)
const sessionId = SessionId.make("session-1")
const range = { startDate: "2026-01-01", endDate: "2026-01-31" }
const page = { pageIndex: 1, recordsPerPage: 50 }

type Ask = Effect.Effect<unknown, SequentumError, Services | Credentials>

/** Every method that decodes its response. */
const decoding: Readonly<Record<string, Ask>> = {
  "Agents.list": Effect.flatMap(Agents, (agents) => agents.list(page)),
  "Agents.get": Effect.flatMap(Agents, (agents) => agents.get(agentId)),
  "Agents.search": Effect.flatMap(Agents, (agents) => agents.search("a")),
  "Agents.searchCount": Effect.flatMap(Agents, (agents) => agents.searchCount("a")),
  "Agents.personalCount": Effect.flatMap(Agents, (agents) => agents.personalCount()),
  "Runs.list": Effect.flatMap(Runs, (runs) => runs.list(agentId)),
  "Runs.summary": Effect.flatMap(Runs, (runs) => runs.summary(agentId)),
  "Runs.status": Effect.flatMap(Runs, (runs) => runs.status(agentId, runId)),
  "Runs.start": Effect.flatMap(Runs, (runs) => runs.start(agentId, {})),
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
  "Analytics.diagnostics": Effect.flatMap(Analytics, (analytics) => analytics.diagnostics(agentId, failedRunId)),
  "Analytics.latestFailure": Effect.flatMap(Analytics, (analytics) => analytics.latestFailure(agentId)),
  "AgentBuilder.start": Effect.flatMap(AgentBuilder, (builder) => builder.start("a")),
  "AgentBuilder.status": Effect.flatMap(AgentBuilder, (builder) => builder.status(sessionId))
}

/** Methods whose response is any JSON, or text. */
const unread: Readonly<Record<string, Ask>> = {
  "Runs.startAndWait": Effect.flatMap(Runs, (runs) => runs.startAndWait(agentId, {}, Duration.seconds(1)))
}

/** Methods whose response carries nothing: any JSON will do but a plain no. */
const accepting: Readonly<Record<string, Ask>> = {
  "Runs.stop": Effect.flatMap(Runs, (runs) => runs.stop(agentId, runId)),
  "Runs.kill": Effect.flatMap(Runs, (runs) => runs.kill(agentId, runId)),
  "Runs.remove": Effect.flatMap(Runs, (runs) => runs.remove(agentId, runId, "RemoveEntireRun")),
  "Versions.restore": Effect.flatMap(Versions, (versions) => versions.restore(agentId, 3, "a")),
  "Schedules.remove": Effect.flatMap(Schedules, (schedules) => schedules.remove(agentId, scheduleId)),
  "Schedules.enable": Effect.flatMap(Schedules, (schedules) => schedules.enable(agentId, scheduleId)),
  "Schedules.disable": Effect.flatMap(Schedules, (schedules) => schedules.disable(agentId, scheduleId)),
  "AgentBuilder.stop": Effect.flatMap(AgentBuilder, (builder) => builder.stop(sessionId))
}

/** Methods that need a redirect and no body. */
const redirected: Readonly<Record<string, Ask>> = {
  "Files.downloadUrl": Effect.flatMap(Files, (files) => files.downloadUrl(agentId, runId, fileId)),
  "Files.content": Effect.flatMap(Files, (files) =>
    Effect.map(Stream.runCollect(files.content(agentId, runId, fileId)), Chunk.size)
  )
}

/** How the account responds next. */
let respond: Respond = account

const answering = services.pipe(
  Layer.provide(
    SequentumClient.layer({ apiUrl: new URL("https://sequentum.test"), requestTimeout: Duration.seconds(30) })
  ),
  Layer.provide(layerHttpClient(new URL("https://sequentum.test"))),
  Layer.provide(scripted((sent) => respond(sent)))
)

const outcome = (method: Ask) =>
  Effect.map(Effect.exit(asCaller(method)), (exit) =>
    Exit.isSuccess(exit) ? "success" : exit.cause._tag === "Fail" ? exit.cause.error._tag : exit.cause._tag
  )

/** Statuses after which no call is retried. */
const unretried = [200, 201, 202, 300, 302, 399, 400, 401, 403, 404, 409, 410, 422, 451, 499]

const runs = { fastCheck: { numRuns: 6 } }

layer(answering)("any JSON body", (it) => {
  for (const [name, method] of Object.entries(decoding)) {
    it.effect.prop(
      `is decoded or is an UnexpectedResponse: ${name}`,
      [many(spoiling)],
      ([spoilings]) =>
        Effect.gen(function* () {
          respond = account
          assert.strictEqual(yield* outcome(method), "success")
          for (const spoil of spoilings) {
            let body: unknown
            respond = (sent) => {
              const answer = account(sent)
              body = JSON.stringify(spoil(answer.body))
              return { ...answer, body }
            }
            assert.include(["success", "UnexpectedResponse"], yield* outcome(method), String(body))
          }
        }),
      runs
    )
  }

  it.effect.prop(
    "is accepted where none is needed",
    [
      many(
        FastCheck.tuple(FastCheck.constantFrom(...Object.values({ ...accepting, ...unread })), FastCheck.jsonValue())
      )
    ],
    ([asked]) =>
      Effect.gen(function* () {
        for (const [method, body] of asked) {
          respond = () => ({ body: JSON.stringify(body) })
          const isNo = body === false && !Object.values(unread).includes(method)
          assert.strictEqual(yield* outcome(method), isNo ? "UnexpectedResponse" : "success", JSON.stringify(body))
        }
      }),
    runs
  )

  for (const [name, method] of Object.entries(redirected)) {
    it.effect.prop(
      `is ignored in a redirect: ${name}`,
      [
        many(
          FastCheck.record({
            location: FastCheck.oneof(
              FastCheck.constantFrom("https://files.test/a", "/a", "a", "", "//", "https://", "mailto:a", "\t"),
              FastCheck.webUrl(),
              FastCheck.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/gu, ""))
            ),
            status: FastCheck.constantFrom(200, 204, 301, 302, 303, 307, 308),
            body: FastCheck.jsonValue({ maxDepth: 1 })
          })
        )
      ],
      ([answers]) =>
        Effect.gen(function* () {
          for (const { body, location, status } of answers) {
            respond = ({ path }) =>
              path.endsWith("/download")
                ? { status, headers: { location }, body: status === 204 ? "" : JSON.stringify(body) }
                : { body: "file" }
            assert.include(["success", "UnexpectedResponse"], yield* outcome(method), `${status} ${location}`)
          }
        }),
      runs
    )
  }
})

const anyText = FastCheck.oneof(
  FastCheck.string({ unit: "binary", maxLength: 40 }),
  FastCheck.json().map((json) => json.slice(0, -1)),
  FastCheck.constantFrom("", " ", "<html>", "null", "{", "\ufeff{}", "NaN", "undefined", "\u0000")
)

layer(answering)("any response", (it) => {
  const methods = { ...decoding, ...accepting, ...unread, ...redirected }
  it.effect.prop(
    "succeeds or is an API error, for every method",
    [
      many(
        FastCheck.record({
          method: FastCheck.constantFrom(...Object.values(methods)),
          status: FastCheck.constantFrom(...unretried),
          body: anyText
        })
      )
    ],
    ([answers]) =>
      Effect.gen(function* () {
        for (const { method, ...answer } of answers) {
          respond = () => answer
          assert.include(
            ["success", "UnexpectedResponse", "Unauthorized", "Forbidden", "NotFound", "Conflict", "Rejected"],
            yield* outcome(method),
            JSON.stringify(answer)
          )
        }
      }),
    { fastCheck: { numRuns: 40 } }
  )
})
