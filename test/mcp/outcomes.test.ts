import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { errorText } from "../../src/mcp/results.ts"
import { meaningOf } from "../../src/sequentum/errors.ts"
import type { ToolResult } from "../../src/tools/bounds.ts"
import type { UnknownTool } from "../../src/tools/errors.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { ToolError } from "../../src/tools/Tool.ts"
import { whileTimePasses } from "../support/time.ts"
import { overHttp } from "../support/tools.ts"
import { asCaller, secretKey } from "../support/http.ts"

/** What Sequentum, or something before it, does with a request. */
type Answer =
  | {
      readonly status: number
      readonly body?: unknown
      readonly html?: true
      readonly date?: false | string
      readonly after?: number
      readonly retryAfter?: string
    }
  | "broken connection"
  | "no connection"
  | "silence"

/** Answers by method and last part of the path, such as `POST start`; several are given one after the other. */
type Answers = Readonly<Record<string, Answer | ReadonlyArray<Answer>>>

class NetworkError extends Error {
  readonly code: string
  readonly syscall: string
  constructor(code: string, syscall: string) {
    super(code)
    this.code = code
    this.syscall = syscall
  }
}

const isList = (answer: Answer | ReadonlyArray<Answer>): answer is ReadonlyArray<Answer> => Array.isArray(answer)

const pageOf = (title: string) => `<!doctype html><html><title>${title}</title></html>`

const answering = (answers: Answers, seen: Array<string>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const line = `${request.method} ${url.pathname.split("/").at(-1) ?? ""}`
        const before = seen.filter((other) => other === line).length
        seen.push(line)
        yield* Effect.yieldNow()
        const given = answers[line]
        const answer = given === undefined || !isList(given) ? given : given[Math.min(before, given.length - 1)]
        if (answer === undefined) return yield* Effect.dieMessage(`${line} is not expected`)
        if (answer === "silence") return yield* Effect.never
        if (answer === "broken connection" || answer === "no connection") {
          const cause =
            answer === "no connection"
              ? new NetworkError("ECONNREFUSED", "connect")
              : new NetworkError("ECONNRESET", "read")
          return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause })
        }
        const { after = 0, body, date, html, retryAfter, status } = answer
        if (after > 0) yield* Effect.sleep(after)
        const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body)
        const now = date ?? new Date(yield* Clock.currentTimeMillis).toUTCString()
        return HttpClientResponse.fromWeb(
          request,
          new Response(status === 204 ? null : text, {
            status,
            headers: {
              "content-type": html === true ? "text/html" : "application/json",
              ...(now === false ? {} : { date: now }),
              ...(retryAfter === undefined ? {} : { "retry-after": retryAfter })
            }
          })
        )
      })
    )
  )

const signIn: Answer = { status: 200, html: true, body: pageOf("Sign in") }
const gateway: Answer = { status: 502, html: true, body: pageOf("Bad gateway") }
const missingPage: Answer = { status: 404, html: true, body: pageOf("Not found") }
const missing: Answer = { status: 404, body: { statusCode: 404, message: "Not there." } }

const start = "2026-03-11T12:00:00.500Z"

const run = (id: number | string, status: number, created: string | null = "2026-03-11T12:00:00Z") => ({
  id,
  configId: 7,
  status,
  created
})
const old = run(90, 10, "2026-03-11T11:59:00Z")

const schedule = {
  id: 31,
  configId: 7,
  name: "Nightly",
  schedule: "0 2 * * *",
  scheduleType: 3,
  isEnabled: true,
  nextRunTime: "2026-03-12T02:00:00Z",
  created: "2026-03-11T12:00:00Z"
}

/** The next runs of a schedule of every day at an hour, as they stand in the text of a result. */
const nextRuns = (hour: number) => {
  const times = [12, 13, 14, 15, 16].map((day) => `2026-03-${day}T0${hour}:00:00`)
  return `"nextRuns":${JSON.stringify(times.map((time) => ({ utc: `${time}Z`, local: `${time}+00:00` })))}`
}

const agent = { agentId: 7 }
const oneRun = { ...agent, runId: 90 }
const oneSchedule = { ...agent, scheduleId: 31 }
const build = { sessionId: "s1" }

const calls = {
  start: ["start_agent", agent],
  startAndWait: ["start_agent", { ...agent, isRunSynchronously: true, timeout: 60 }],
  stop: ["stop_agent", oneRun],
  kill: ["kill_agent", oneRun],
  deleteRun: ["delete_run", oneRun],
  deleteFiles: ["delete_run", { ...oneRun, removeMethod: "RemoveAllFiles" }],
  deleteFilesAndInput: ["delete_run", { ...oneRun, removeMethod: "RemoveAllFilesAndAgentInput" }],
  restore: ["restore_agent_version", { ...agent, versionNumber: 3, comments: "Back to the old menu" }],
  create: ["create_agent_schedule", { ...agent, name: "Nightly", cronExpression: "0 2 * * *" }],
  update: ["update_agent_schedule", { ...oneSchedule, cronExpression: "0 3 * * *" }],
  enable: ["enable_agent_schedule", oneSchedule],
  disable: ["disable_agent_schedule", oneSchedule],
  deleteSchedule: ["delete_agent_schedule", oneSchedule],
  runAll: ["run_space_agents", { spaceId: 3 }],
  build: ["start_agent_build", { prompt: "All books of https://books.example" }],
  stopBuild: ["stop_agent_build", build]
} as const

type Outcome = "done" | "refused" | "unknown"

interface Told {
  readonly outcome: Outcome
  /** JSON of a result, or the words of an error. */
  readonly text: string
}

/** Calls a tool at `start`: what a model reads, which requests went out, and how many seconds it took. */
const carryOut = ([tool, args]: readonly [tool: string, args: unknown], answers: Answers) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(start))
    const seen: Array<string> = []
    const tools = yield* Effect.provide(ToolRegistry, overHttp(answering(answers, seen)))
    const ended = yield* whileTimePasses(Effect.either(asCaller(tools.call(tool, args))), "100 millis", 2000)
    const seconds = ((yield* Clock.currentTimeMillis) - Date.parse(start)) / 1000
    return { seen, seconds, told: toldBy(ended) }
  })

const toldBy = (ended: Either.Either<ToolResult, ToolError | UnknownTool>): Told => {
  if (Either.isRight(ended)) return { outcome: "done", text: ended.right.json }
  const error = ended.left
  switch (error._tag) {
    case "UnknownTool":
    case "InvalidArguments":
    case "ToolFailure":
      return { outcome: "refused", text: error.message }
    case "ConfirmationNeeded":
      return { outcome: "refused", text: errorText(error, () => true) }
    case "OutcomeUnknown":
      return { outcome: meaningOf(error.error).outcome, text: errorText(error, () => true) }
    default:
      return { outcome: meaningOf(error).outcome, text: errorText(error, () => true) }
  }
}

const unusable = (line: string, status: number, problem: string) =>
  `Sequentum's answer to ${line} could not be used (status ${status}): it had ${problem}.`
const notKnown = "It is not known whether Sequentum acted, so do not simply repeat the call."
const found =
  "But a run that was started at that time is there, and is the one shown: yours, unless somebody else started the agent too. Do not start it again before you have seen how this run ends."
const seeRuns = "Use get_agent_runs to see whether a run was started before starting again."

/** What happens, to which call, what is answered, and what a model reads: the JSON of a result or the words of an error. */
const cases: ReadonlyArray<
  readonly [what: string, call: keyof typeof calls, answers: Answers, outcome: Outcome, text: string]
> = [
  [
    "202 with the run",
    "start",
    { "POST start": { status: 202, body: run(91, 4) } },
    "done",
    `{"run":{"runId":91,"agentId":7,"status":"Queuing","isFinal":false,"created":"2026-03-11T12:00:00Z"}}`
  ],
  [
    "202 with an empty body, and a run of that time",
    "start",
    { "POST start": { status: 202 }, "GET runs": { status: 200, body: [run(91, 4), old] } },
    "done",
    `{"run":{"runId":91,"agentId":7,"status":"Queuing","isFinal":false,"created":"2026-03-11T12:00:00Z"},"notice":"${unusable("POST /agent/7/start", 202, "an empty body where JSON was expected")} ${found}"}`
  ],
  [
    "200 with a run id only, and no run of that time",
    "start",
    { "POST start": { status: 200, body: { runId: 77 } }, "GET runs": { status: 200, body: [old] } },
    "unknown",
    `${unusable("POST /agent/7/start", 200, "a field that is missing at .id")} ${notKnown} No run of this agent was started since. ${seeRuns}`
  ],
  [
    "200 with a run of defaults, and no run of that time",
    "start",
    { "POST start": { status: 200, body: run(0, 0) }, "GET runs": { status: 200, body: [old] } },
    "unknown",
    `${unusable("POST /agent/7/start", 200, "a value of another type than documented at .id")} ${notKnown} No run of this agent was started since. ${seeRuns}`
  ],
  [
    "200 cut short, and two runs of that time",
    "start",
    {
      "POST start": { status: 200, body: '{"id":91,"sta' },
      "GET runs": { status: 200, body: [run(92, 4), run(91, 1), old] }
    },
    "unknown",
    `${unusable("POST /agent/7/start", 200, "a body that is not JSON")} ${notKnown} Runs of this agent that were started at that time: 92 (Queuing, created 2026-03-11T12:00:00Z), 91 (Running, created 2026-03-11T12:00:00Z). ${seeRuns}`
  ],
  [
    "503, and a list without a date",
    "start",
    { "POST start": { status: 503 }, "GET runs": { status: 200, body: [run(91, 4), old], date: false } },
    "unknown",
    `Sequentum failed (503, POST /agent/7/start). ${notKnown} The newest run of this agent is 91 (Queuing, created 2026-03-11T12:00:00Z). ${seeRuns}`
  ],
  [
    "503, and no run at all",
    "start",
    { "POST start": { status: 503 }, "GET runs": { status: 200, body: [], date: false } },
    "unknown",
    `Sequentum failed (503, POST /agent/7/start). ${notKnown} The agent has no runs. ${seeRuns}`
  ],
  [
    "silence, and a run of that time",
    "start",
    { "POST start": "silence", "GET runs": { status: 200, body: [run(91, 4)] } },
    "done",
    `{"run":{"runId":91,"agentId":7,"status":"Queuing","isFinal":false,"created":"2026-03-11T12:00:00Z"},"notice":"Sequentum did not answer within 30 seconds (POST /agent/7/start). ${found}"}`
  ],
  [
    "a broken connection, and no list either",
    "start",
    { "POST start": "broken connection", "GET runs": { status: 503 } },
    "unknown",
    `The connection to Sequentum broke (ECONNRESET, POST /agent/7/start). ${notKnown} ${seeRuns}`
  ],
  [
    "a broken connection, and a list that never comes",
    "start",
    { "POST start": "broken connection", "GET runs": "silence" },
    "unknown",
    `The connection to Sequentum broke (ECONNRESET, POST /agent/7/start). ${notKnown} ${seeRuns}`
  ],
  [
    "no connection",
    "start",
    { "POST start": "no connection" },
    "refused",
    `Sequentum can't be reached (ECONNREFUSED). Nothing was changed. Try again in a minute; if it stays so, ask the user to check the network, SEQUENTUM_API_URL and, behind a proxy, HTTPS_PROXY.`
  ],
  [
    "408",
    "startAndWait",
    {
      "POST start": {
        status: 408,
        body: { statusCode: 408, message: "Run 91 did not end within 60 seconds. It goes on." }
      },
      "GET runs": { status: 200, body: [run(91, 1), old] }
    },
    "done",
    `{"run":{"runId":91,"agentId":7,"status":"Running","isFinal":false,"created":"2026-03-11T12:00:00Z"},"notice":"Sequentum did not answer in time (408, POST /agent/7/start). ${found} Its data did not arrive: follow it with wait_for_run, then get_run_files."}`
  ],
  [
    "425",
    "start",
    { "POST start": { status: 425 }, "GET runs": { status: 200, body: [old] } },
    "unknown",
    `Sequentum failed (425, POST /agent/7/start). ${notKnown} No run of this agent was started since. ${seeRuns}`
  ],
  [
    "a sign-in page",
    "startAndWait",
    { "POST start": signIn, "GET runs": { status: 200, body: [old] } },
    "unknown",
    `${unusable("POST /agent/7/start", 200, "an HTML page where JSON was expected")} ${notKnown} No run of this agent was started since. ${seeRuns}`
  ],
  [
    "data cut short",
    "startAndWait",
    { "POST start": { status: 200, body: '[{"title":"Em' }, "GET runs": { status: 200, body: [run(91, 10)] } },
    "done",
    `{"run":{"runId":91,"agentId":7,"status":"Success","isFinal":true,"created":"2026-03-11T12:00:00Z"},"notice":"${unusable("POST /agent/7/start", 200, "a body that is not JSON")} ${found} Its data did not arrive: follow it with wait_for_run, then get_run_files."}`
  ],
  [
    "a record that looks like an error",
    "startAndWait",
    { "POST start": { status: 200, body: { title: "Emma", detail: "A novel" } } },
    "done",
    `{"data":{"title":"Emma","detail":"A novel"}}`
  ],
  [
    "200 that says no",
    "startAndWait",
    { "POST start": { status: 200, body: { success: false, error: "No credits left" } } },
    "refused",
    `Sequentum refused the request (POST /agent/7/start). Sequentum says: "No credits left". Nothing was done; the same call will probably be refused again.`
  ],
  [
    "200 that says 409",
    "start",
    { "POST start": { status: 200, body: { statusCode: 409, message: "Agent is disabled" } } },
    "refused",
    `The present state does not allow that (409, POST /agent/7/start). Sequentum says: "Agent is disabled". Nothing was changed.`
  ],
  [
    "200 that says no",
    "start",
    { "POST start": { status: 200, body: { success: false, error: "No credits left" } } },
    "refused",
    `Sequentum refused the request (POST /agent/7/start). Sequentum says: "No credits left". Nothing was done; the same call will probably be refused again.`
  ],
  [
    "402",
    "start",
    { "POST start": { status: 402, body: { message: "No credits left." } } },
    "refused",
    `Sequentum refused the request (402, POST /agent/7/start). Sequentum says: "No credits left." The same call will be refused again: change the arguments first.`
  ],
  [
    "an empty body",
    "stop",
    { "POST stop": { status: 200 }, "GET status": { status: 200, body: run(90, 5) } },
    "done",
    `{"agentId":7,"runId":90,"status":"Stopping","isFinal":false}`
  ],
  [
    "a state that is never told",
    "stop",
    { "POST stop": { status: 200 }, "GET status": "silence" },
    "done",
    `{"agentId":7,"runId":90}`
  ],
  [
    "JSON of success",
    "stop",
    {
      "POST stop": { status: 200, body: { success: true, error: null } },
      "GET status": { status: 200, body: run(90, 5) }
    },
    "done",
    `{"agentId":7,"runId":90,"status":"Stopping","isFinal":false}`
  ],
  [
    "a sign-in page, and the run is Stopping",
    "stop",
    { "POST stop": signIn, "GET status": { status: 200, body: run(90, 5) } },
    "done",
    `{"agentId":7,"runId":90,"status":"Stopping","isFinal":false,"notice":"${unusable("POST /agent/7/run/90/stop", 200, "an HTML page where JSON was expected")} But the run is now Stopping."}`
  ],
  [
    "a sign-in page, and the run is Running",
    "stop",
    { "POST stop": signIn, "GET status": { status: 200, body: run(90, 1) } },
    "unknown",
    `${unusable("POST /agent/7/run/90/stop", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The run is now Running. Calling again is safe.`
  ],
  [
    "a sign-in page, and the run has ended by itself",
    "stop",
    { "POST stop": signIn, "GET status": { status: 200, body: run(90, 10) } },
    "unknown",
    `${unusable("POST /agent/7/run/90/stop", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The run has ended: Success.`
  ],
  [
    "a sign-in page every time",
    "stop",
    { "POST stop": signIn, "GET status": signIn },
    "unknown",
    `${unusable("POST /agent/7/run/90/stop", 200, "an HTML page where JSON was expected")} ${notKnown} Use get_run_status to see whether it was done.`
  ],
  [
    "200 that says no",
    "stop",
    { "POST stop": { status: 200, body: { success: false, error: `<b>Session</b> of ${secretKey} is over` } } },
    "refused",
    `Sequentum refused the request (POST /agent/7/run/90/stop). Sequentum says: "Session of [redacted] is over". Nothing was done; the same call will probably be refused again.`
  ],
  [
    "the word false",
    "stop",
    { "POST stop": { status: 200, body: false }, "GET status": { status: 200, body: run(90, 1) } },
    "unknown",
    `${unusable("POST /agent/7/run/90/stop", 200, "the word false")} It is not known whether Sequentum acted. The run is now Running. Calling again is safe.`
  ],
  [
    "503, and the run is Stopping",
    "kill",
    { "POST kill": { status: 503 }, "GET status": { status: 200, body: run(90, 5) } },
    "unknown",
    `Sequentum failed (503, POST /agent/7/run/90/kill). ${notKnown} The run is now Stopping; calling again ends it by force. Use get_run_status to see whether it was done.`
  ],
  [
    "503, and the run is Stopped",
    "kill",
    { "POST kill": { status: 503 }, "GET status": { status: 200, body: run(90, 8) } },
    "done",
    `{"agentId":7,"runId":90,"status":"Stopped","isFinal":true,"notice":"Sequentum failed (503, POST /agent/7/run/90/kill). But the run is now Stopped."}`
  ],
  [
    "502, then 404 of the gateway, and the run is there",
    "deleteRun",
    { "DELETE 90": [gateway, missingPage], "GET status": { status: 200, body: run(90, 10) } },
    "unknown",
    `Sequentum failed (502, DELETE /agent/7/run/90). It is not known whether Sequentum acted. The run is still there (Success). Calling again is safe.`
  ],
  [
    "502, then 404 of the gateway every time",
    "deleteRun",
    { "DELETE 90": [gateway, missingPage], "GET status": missingPage },
    "unknown",
    `Sequentum failed (502, DELETE /agent/7/run/90). It is not known whether Sequentum acted. The run is not there: it is gone, or never was.`
  ],
  [
    "502, then 404 of Sequentum",
    "deleteRun",
    { "DELETE 90": [gateway, missing], "GET status": missing },
    "unknown",
    `Sequentum failed (502, DELETE /agent/7/run/90). It is not known whether Sequentum acted. The run is not there: it is gone, or never was.`
  ],
  [
    "502, then 409",
    "deleteRun",
    { "DELETE 90": [gateway, { status: 409 }], "GET status": { status: 200, body: run(90, 1) } },
    "unknown",
    `Sequentum failed (502, DELETE /agent/7/run/90). It is not known whether Sequentum acted. The run is still there (Running). Calling again is safe.`
  ],
  [
    "503, then a 403 of the gateway",
    "deleteRun",
    {
      "DELETE 90": [{ status: 503 }, { status: 403, html: true, body: pageOf("Forbidden") }],
      "GET status": { status: 403 }
    },
    "unknown",
    `Sequentum failed (503, DELETE /agent/7/run/90). ${notKnown} Use get_run_status to see whether it was done.`
  ],
  [
    "502, then 204",
    "deleteRun",
    { "DELETE 90": [gateway, { status: 204 }] },
    "done",
    `{"deleted":true,"agentId":7,"runId":90,"removeMethod":"RemoveEntireRun"}`
  ],
  [
    "404",
    "deleteRun",
    { "DELETE 90": missing },
    "refused",
    `Sequentum has nothing at DELETE /agent/7/run/90 (404): it does not exist or this account can't see it. Sequentum says: "Not there." Trying again will not help. Use get_agent_runs to see which runs there are.`
  ],
  [
    "a sign-in page",
    "deleteRun",
    { "DELETE 90": signIn, "GET status": signIn },
    "unknown",
    `${unusable("DELETE /agent/7/run/90", 200, "an HTML page where JSON was expected")} ${notKnown} Use get_run_status to see whether it was done.`
  ],
  [
    "a sign-in page, and no files",
    "deleteFiles",
    { "DELETE 90": signIn, "GET files": { status: 200, body: [] } },
    "done",
    `{"deleted":true,"agentId":7,"runId":90,"removeMethod":"RemoveAllFiles","notice":"${unusable("DELETE /agent/7/run/90", 200, "an HTML page where JSON was expected")} But the run has no files now."}`
  ],
  [
    "a sign-in page, and files",
    "deleteFiles",
    { "DELETE 90": signIn, "GET files": { status: 200, body: [{ id: 5 }] } },
    "unknown",
    `${unusable("DELETE /agent/7/run/90", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The run still has 1 of its files. Calling again is safe.`
  ],
  [
    "a sign-in page, and no files",
    "deleteFilesAndInput",
    { "DELETE 90": signIn, "GET files": { status: 200, body: [] } },
    "unknown",
    `${unusable("DELETE /agent/7/run/90", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The run has no files now; whether its input is gone can't be seen. Calling again is safe.`
  ],
  [
    "500, and a new version with the comment",
    "restore",
    {
      "POST restore": { status: 500 },
      "GET versions": {
        status: 200,
        body: [{ version: 6 }, { version: 7, created: "2026-03-11T12:00:00Z", comments: "Back to the old menu" }]
      }
    },
    "done",
    `{"restored":true,"agentId":7,"versionNumber":3,"notice":"Sequentum failed (500, POST /agent/7/version/3/restore). But version 7 is the newest, saved 2026-03-11T12:00:00Z, with your comment."}`
  ],
  [
    "500, and an older version with the comment",
    "restore",
    {
      "POST restore": { status: 500 },
      "GET versions": {
        status: 200,
        body: [{ version: 7, created: "2026-03-11T11:00:00Z", comments: "Back to the old menu" }]
      }
    },
    "unknown",
    `Sequentum failed (500, POST /agent/7/version/3/restore). ${notKnown} Version 7 is the newest, saved 2026-03-11T11:00:00Z, with your comment. Use get_agent_versions to see whether it was done.`
  ],
  [
    "500, and a version of somebody else",
    "restore",
    {
      "POST restore": { status: 500 },
      "GET versions": { status: 200, body: [{ version: 7, created: "2026-03-11T12:00:00Z", comments: "Other" }] }
    },
    "unknown",
    `Sequentum failed (500, POST /agent/7/version/3/restore). ${notKnown} Version 7 is the newest, saved 2026-03-11T12:00:00Z, without your comment. Use get_agent_versions to see whether it was done.`
  ],
  [
    "201 with an id as text",
    "create",
    { "POST schedules": { status: 201, body: { ...schedule, id: "5" } } },
    "done",
    `{"scheduleId":5,"agentId":7,"cronExpression":"0 2 * * *","name":"Nightly","scheduleType":"CRON","nextRunTime":"2026-03-12T02:00:00Z","isEnabled":true,${nextRuns(2)}}`
  ],
  [
    "201 that can't be read, and a new schedule of the name",
    "create",
    { "POST schedules": { status: 201 }, "GET schedules": { status: 200, body: [schedule] } },
    "done",
    `{"scheduleId":31,"agentId":7,"cronExpression":"0 2 * * *","name":"Nightly","scheduleType":"CRON","nextRunTime":"2026-03-12T02:00:00Z","isEnabled":true,${nextRuns(2)},"notice":"${unusable("POST /agent/7/schedules", 201, "an empty body where JSON was expected")} But a schedule of this name was created at that time."}`
  ],
  [
    "201 that can't be read, and an older schedule of the name",
    "create",
    {
      "POST schedules": { status: 201 },
      "GET schedules": { status: 200, body: [{ ...schedule, created: "2026-03-01T00:00:00Z" }] }
    },
    "unknown",
    `${unusable("POST /agent/7/schedules", 201, "an empty body where JSON was expected")} ${notKnown} Schedules of this name: 31, created 2026-03-01T00:00:00Z. Use list_agent_schedules to see whether it was done.`
  ],
  [
    "201 that can't be read, and no schedule of the name",
    "create",
    { "POST schedules": { status: 201 }, "GET schedules": { status: 200, body: [] } },
    "unknown",
    `${unusable("POST /agent/7/schedules", 201, "an empty body where JSON was expected")} ${notKnown} The agent has no schedule of this name. Use list_agent_schedules to see whether it was done.`
  ],
  [
    "500, and the schedule has changed",
    "update",
    {
      "PUT 31": { status: 500 },
      "GET 31": [
        { status: 200, body: schedule },
        { status: 200, body: { ...schedule, schedule: "0 3 * * *" } }
      ]
    },
    "done",
    `{"scheduleId":31,"agentId":7,"cronExpression":"0 3 * * *","name":"Nightly","scheduleType":"CRON","nextRunTime":"2026-03-12T02:00:00Z","isEnabled":true,${nextRuns(3)},"notice":"Sequentum failed (500, PUT /agent/7/schedules/31). But the schedule is as asked for: enabled, of type CRON, next run 2026-03-12T02:00:00Z."}`
  ],
  [
    "500, and the schedule is as before",
    "update",
    { "PUT 31": { status: 500 }, "GET 31": { status: 200, body: schedule } },
    "unknown",
    `Sequentum failed (500, PUT /agent/7/schedules/31). It is not known whether Sequentum acted. The schedule is now enabled, of type CRON, next run 2026-03-12T02:00:00Z. Calling again is safe.`
  ],
  [
    "a sign-in page, and the schedule is enabled",
    "enable",
    { "POST enable": signIn, "GET 31": { status: 200, body: schedule } },
    "done",
    `{"agentId":7,"scheduleId":31,"isEnabled":true,"notice":"${unusable("POST /agent/7/schedules/31/enable", 200, "an HTML page where JSON was expected")} But the schedule is as asked for: enabled, of type CRON, next run 2026-03-12T02:00:00Z."}`
  ],
  [
    "a sign-in page, and the schedule is enabled",
    "disable",
    { "POST disable": signIn, "GET 31": { status: 200, body: schedule } },
    "unknown",
    `${unusable("POST /agent/7/schedules/31/disable", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The schedule is now enabled, of type CRON, next run 2026-03-12T02:00:00Z. Calling again is safe.`
  ],
  [
    "502, then 404, and no schedule",
    "deleteSchedule",
    { "DELETE 31": [gateway, missing], "GET 31": missing },
    "unknown",
    `Sequentum failed (502, DELETE /agent/7/schedules/31). It is not known whether Sequentum acted. The schedule is not there: it is gone, or never was.`
  ],
  [
    "a sign-in page, and the schedule is there",
    "deleteSchedule",
    { "DELETE 31": signIn, "GET 31": { status: 200, body: schedule } },
    "unknown",
    `${unusable("DELETE /agent/7/schedules/31", 200, "an HTML page where JSON was expected")} It is not known whether Sequentum acted. The schedule is still there, enabled, of type CRON, next run 2026-03-12T02:00:00Z. Calling again is safe.`
  ],
  [
    "504, and some agents are active",
    "runAll",
    {
      "POST run-all": { status: 504 },
      "GET agents": {
        status: 200,
        body: [
          { id: 7, status: 1 },
          { id: 8, status: 10 },
          { id: 9, status: null }
        ]
      }
    },
    "unknown",
    `Sequentum did not answer in time (504, POST /spaces/3/run-all). ${notKnown} Agents that are active now, of the space's 3: 7 (Running). Use get_space_agents to see whether runs were started.`
  ],
  [
    "504, and no agent is active",
    "runAll",
    { "POST run-all": { status: 504 }, "GET agents": { status: 200, body: [{ id: 8, status: 10 }] } },
    "unknown",
    `Sequentum did not answer in time (504, POST /spaces/3/run-all). ${notKnown} No agent of the space is active now. Use get_space_agents to see whether runs were started.`
  ],
  [
    "a sign-in page",
    "build",
    { "POST start": signIn },
    "unknown",
    `${unusable("POST /agent-builder/start", 200, "an HTML page where JSON was expected")} ${notKnown} Use list_agents to see whether a draft appears: builds themselves can't be listed.`
  ],
  [
    "200 that says no",
    "build",
    { "POST start": { status: 200, body: { success: false, sessionId: null, error: "No credits left" } } },
    "refused",
    `Sequentum refused the request (POST /agent-builder/start). Sequentum says: "No credits left". Nothing was done; the same call will probably be refused again.`
  ],
  [
    "500, and the build is cancelled",
    "stopBuild",
    { "POST stop": { status: 500 }, "GET status": { status: 200, body: { status: "cancelled" } } },
    "done",
    `{"stopped":true,"sessionId":"s1","notice":"Sequentum failed (500, POST /agent-builder/s1/stop). But the build is now cancelled."}`
  ],
  [
    "500, and the build goes on",
    "stopBuild",
    { "POST stop": { status: 500 }, "GET status": { status: 200, body: { status: "processing" } } },
    "unknown",
    `Sequentum failed (500, POST /agent-builder/s1/stop). It is not known whether Sequentum acted. The build is now processing. Calling again is safe.`
  ],
  [
    "200 that says no",
    "stopBuild",
    { "POST stop": { status: 200, body: { success: false, error: "The session has ended" } } },
    "refused",
    `Sequentum refused the request (POST /agent-builder/s1/stop). Sequentum says: "The session has ended". Nothing was done; the same call will probably be refused again.`
  ]
]

describe("a write says whether it was done", () => {
  for (const [what, call, answers, outcome, text] of cases) {
    it.effect(`${call}: ${what}`, () =>
      Effect.gen(function* () {
        const { told } = yield* carryOut(calls[call], answers)
        assert.deepStrictEqual(told, { outcome, text })
      })
    )
  }
})

describe("an answer that carries nothing", () => {
  const toStop = (body: unknown) =>
    carryOut(calls.stop, { "POST stop": { status: 200, body }, "GET status": { status: 200, body: run(90, 1) } })

  for (const body of [
    { success: false },
    { Success: false, Error: "No" },
    { success: "false" },
    { success: 0 },
    { isSuccess: false },
    { ok: false, message: "No" },
    { succeeded: false, errors: ["No"] },
    { status: "error", message: "No" },
    { Result: "Failed" },
    { error: { code: 5, message: "No" } },
    { StatusCode: 409, Message: "No" },
    { statusCode: "409", message: "No" },
    { type: "about:blank", Title: "Conflict", Detail: "No", Status: 409 }
  ]) {
    it.effect(`refuses if it is ${JSON.stringify(body)}`, () =>
      Effect.gen(function* () {
        const { told } = yield* toStop(body)
        assert.strictEqual(told.outcome, "refused")
        const hasReason = JSON.stringify(body).includes('"No"') && !("errors" in body)
        assert.strictEqual(told.text.includes('Sequentum says: "No"'), hasReason, told.text)
      })
    )
  }

  for (const body of [
    "",
    "{}",
    "null",
    "true",
    { success: true },
    { ok: 1 },
    { status: "stopping", message: "The run stops" },
    { id: 90, status: 5, success: null },
    { statusCode: 200, message: "Done" }
  ]) {
    it.effect(`is done if it is ${JSON.stringify(body)}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* toStop(body)).told.outcome, "done")
      })
    )
  }
})

describe("a look", () => {
  it.effect("costs no request where the outcome is known", () =>
    Effect.gen(function* () {
      const done = yield* carryOut(calls.start, { "POST start": { status: 202, body: run(91, 4) } })
      assert.deepStrictEqual(done.seen, ["POST start"])
      const refused = yield* carryOut(calls.start, { "POST start": { status: 422 } })
      assert.deepStrictEqual(refused.seen, ["POST start"])
    })
  )

  it.effect("and a state that never come cost less than five seconds", () =>
    Effect.gen(function* () {
      for (const [call, answers] of [
        [calls.stop, { "POST stop": { status: 200 }, "GET status": "silence" }],
        [calls.kill, { "POST kill": { status: 204 }, "GET status": "silence" }],
        [calls.stop, { "POST stop": signIn, "GET status": "silence" }],
        [calls.start, { "POST start": { status: 500 }, "GET runs": "silence" }]
      ] as const) {
        assert.isAtMost((yield* carryOut(call, answers)).seconds, 5)
      }
    })
  )

  it.effect("takes no run for the one of a start that was made before it, or long after it began", () =>
    Effect.gen(function* () {
      for (const created of ["2026-03-11T11:59:59Z", "2026-03-11T12:01:15Z", null]) {
        const { told } = yield* carryOut(calls.startAndWait, {
          "POST start": "silence",
          "GET runs": { status: 200, body: [run(91, 1, created)] }
        })
        assert.strictEqual(told.outcome, "unknown", String(created))
      }
    })
  )

  it.effect("finds a run that was made in the same second, whose time has no fraction", () =>
    Effect.gen(function* () {
      const { told } = yield* carryOut(calls.start, {
        "POST start": { status: 503, after: 600 },
        "GET runs": { status: 200, body: [run(91, 4, "2026-03-11T12:00:00Z")] }
      })
      assert.strictEqual(told.outcome, "done")
    })
  )

  it.effect("goes by Sequentum's clock, whatever this machine's says", () =>
    Effect.gen(function* () {
      const ahead = "Wed, 11 Mar 2026 15:00:00 GMT"
      const { told } = yield* carryOut(calls.start, {
        "POST start": { status: 500 },
        "GET runs": { status: 200, body: [run(91, 4, "2026-03-11T15:00:00Z"), run(90, 4)], date: ahead }
      })
      assert.strictEqual(told.outcome, "done")
      assert.include(told.text, '"runId":91')
    })
  )
})

describe("a read", () => {
  for (const [what, body, text] of [
    ["an empty object", {}, unusable("GET /agent/7", 200, "an object without any field that is documented")],
    [
      "nulls",
      { id: null, name: null },
      unusable("GET /agent/7", 200, "an object without any field that is documented")
    ],
    [
      "an error of Sequentum",
      { statusCode: 409, statusDescription: "Conflict", message: "Agent is disabled", errorCode: null },
      'The present state does not allow that (409, GET /agent/7). Sequentum says: "Agent is disabled". Nothing was changed.'
    ],
    [
      "a problem document",
      { type: "about:blank", title: "Gone", status: 404, detail: "No such agent", instance: "/agent/7" },
      'Sequentum has nothing at GET /agent/7 (404): it does not exist or this account can\'t see it. Sequentum says: "No such agent".'
    ],
    [
      "a failure of the builder",
      { success: false, error: "Not now" },
      'Sequentum refused the request (GET /agent/7). Sequentum says: "Not now".'
    ]
  ] as const) {
    it.effect(`of ${what} is an error`, () =>
      Effect.gen(function* () {
        const { told } = yield* carryOut(["get_agent", agent], { "GET 7": { status: 200, body } })
        assert.notStrictEqual(told.outcome, "done")
        assert.include(told.text, text)
      })
    )
  }

  for (const [what, answer, text] of [
    [
      "501",
      { status: 501 },
      "Sequentum does not implement this (501, GET /agent/7). Nothing was changed, and trying again will not help."
    ],
    [
      "520",
      { status: 520 },
      "Sequentum failed (520, GET /agent/7). Retries did not help. Nothing was changed; try again in a minute."
    ],
    [
      "522",
      { status: 522 },
      "Sequentum did not answer in time (522, GET /agent/7). Retries did not help. Nothing was changed; try again in a minute."
    ],
    [
      "525",
      { status: 525 },
      "A gateway could not reach Sequentum (525, GET /agent/7). Retries did not help. Nothing was changed; try again in a minute."
    ],
    [
      "408",
      { status: 408 },
      "Sequentum did not answer in time (408, GET /agent/7). Retries did not help. Nothing was changed; try again in a minute."
    ],
    [
      "503 for hours",
      { status: 503, retryAfter: "7000" },
      "Sequentum failed (503, GET /agent/7). Nothing was changed; try again after 2 hours."
    ],
    [
      "503 for ever",
      { status: 503, retryAfter: "251606667765" },
      "Sequentum failed (503, GET /agent/7). Nothing was changed; try again no sooner than in two days."
    ],
    [
      "429 for ever",
      { status: 429, retryAfter: "251606667765" },
      "Too many requests to Sequentum (429). Nothing was done, and nothing was sent again. Try again no sooner than in two days, and poll less often."
    ]
  ] as const) {
    it.effect(`that gets ${what} says what fits`, () =>
      Effect.gen(function* () {
        const { told } = yield* carryOut(["get_agent", agent], { "GET 7": answer })
        assert.strictEqual(told.text, text)
      })
    )
  }

  it.effect("of the state of a build that failed is that state", () =>
    Effect.gen(function* () {
      const { told } = yield* carryOut(["get_agent_build_status", build], {
        "GET status": { status: 200, body: { status: "error", agentId: null, error: "Boom" } }
      })
      assert.include(told.text, '"status":"error"')
    })
  )
})
