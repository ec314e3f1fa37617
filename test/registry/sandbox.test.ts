import { assert, describe, it } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { overSandbox, whileTimePasses } from "./live.ts"
import type { Call } from "./upstream.ts"

/** The same schema for results that hold nothing but what it names. */
const closed = (schema: JsonObject): JsonObject => ({
  ...mapValues(schema),
  ...("properties" in schema && !("additionalProperties" in schema) ? { additionalProperties: false } : {})
})
const mapValues = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closedIn(value)]))
const closedIn = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(closedIn) : Predicate.isReadonlyRecord(value) ? closed(value) : value

const ajv = new Ajv2020({ strict: true, allErrors: true })
const fits = new Map<string, (value: unknown) => boolean>(
  allTools.map(({ name, outputSchema }) => [name, ajv.compile(closed(outputSchema))])
)

const Id = Schema.Number
const read = <A, I>(schema: Schema.Schema<A, I>) => Schema.decodeUnknownSync(schema)

const runsOf = read(Schema.Struct({ runs: Schema.Array(Schema.Struct({ runId: Id, status: Schema.String })) }))
const startedRun = read(Schema.Struct({ run: Schema.Struct({ runId: Id }) }))
const filesOf = read(
  Schema.Struct({ files: Schema.Array(Schema.Struct({ fileId: Id, name: Schema.String, type: Schema.String })) })
)
const scheduleId = read(Schema.Struct({ scheduleId: Id }))
const sessionId = read(Schema.Struct({ sessionId: Schema.String }))
const finalState = read(Schema.Struct({ isFinal: Schema.Boolean }))
const startedOf = read(
  Schema.Struct({
    agentsStarted: Id,
    agentsFailed: Id,
    results: Schema.Array(Schema.Struct({ success: Schema.Boolean }))
  })
)

/** Calls tools, holding every result against the tool's output schema, and notes which succeeded and which failed. */
const checking = (call: Call) => {
  const succeeded = new Set<string>()
  const failed = new Set<string>()
  const checked = (name: string, result: JsonObject) => {
    assert.isTrue(fits.get(name)?.(result), `${name} gave ${JSON.stringify(result).slice(0, 500)}`)
    succeeded.add(name)
    return result
  }
  const ok = (name: string, args: JsonObject = {}) =>
    Effect.map(whileTimePasses(call(name, args)), (result) => checked(name, result))
  const fails = (name: string, args: JsonObject, ...tags: ReadonlyArray<string>) =>
    Effect.map(whileTimePasses(Effect.either(call(name, args))), (outcome) => {
      const tag = Either.isLeft(outcome) ? outcome.left._tag : "success"
      assert.include(tags, tag, `${name} ${JSON.stringify(args)}`)
      failed.add(name)
    })
  return { ok, fails, succeeded, failed } as const
}

const books = 4101
const failing = 4301
const month = { startDate: "2026-02-11", endDate: "2026-03-11" }
const nowhere = 999_999

describe("against a Sequentum that lives", () => {
  it.scoped("every result of every tool fits its output schema", () =>
    Effect.gen(function* () {
      const { call } = yield* overSandbox()
      const { failed, fails, ok, succeeded } = checking(call)
      const agent = { agentId: books }

      yield* ok("list_agents", { sortColumn: "lastActivity", sortOrder: "desc" })
      yield* ok("list_agents", { search: "BOOK", spaceId: 101, configType: 1, recordsPerPage: 1, pageIndex: 2 })
      yield* ok("list_agents", { status: 6 })
      for (const agentId of [books, 4102, 4203, 4204, 4205, failing, 4303, 4305, 4401]) {
        yield* ok("get_agent", { agentId })
        yield* ok("get_agent_runs", { agentId, maxRecords: 3 })
        yield* ok("get_agent_run_summary", { agentId })
        yield* ok("get_agent_versions", { agentId })
        yield* ok("list_agent_schedules", { agentId })
        yield* ok("get_latest_failure", { agentId })
        yield* ok("get_agent_cost_breakdown", { agentId, ...month, timeUnit: "month" })
        yield* ok("get_agent_runs_cost", { agentId, ...month, sortColumn: "duration", sortOrder: "desc" })
        yield* ok("get_records_summary", { agentId, ...month })
      }
      yield* ok("search_agents", { query: "price", maxRecords: 2 })
      yield* ok("get_agent_search_count", { query: "price", includeArchived: true })
      yield* ok("get_personal_agent_count")

      const past = runsOf(yield* ok("get_agent_runs", { ...agent, maxRecords: 2 })).runs[0]?.runId ?? 0
      yield* ok("get_run_status", { ...agent, runId: past })
      const failures = runsOf(yield* ok("get_agent_runs", { agentId: failing })).runs
      const failedRun = { agentId: failing, runId: failures[0]?.runId ?? 0 }
      yield* ok("get_run_diagnostics", failedRun)

      const started = startedRun(
        yield* ok("start_agent", { ...agent, inputParameters: '{"maxPages":"2"}', logLevel: "Info" })
      )
      const run = { ...agent, runId: started.run.runId }
      yield* fails("delete_run", run, "Conflict")
      const waited = finalState(yield* ok("wait_for_run", { ...run, timeoutSeconds: 45 }))
      assert.isTrue(waited.isFinal)
      const { files } = filesOf(yield* ok("get_run_files", run))
      assert.isAtLeast(files.length, 2)
      for (const { fileId, name } of files) {
        yield* ok("get_file_download_url", { ...run, fileId })
        if (/\.(?:csv|json)$/u.test(name)) yield* ok("preview_run_file", { ...run, fileId, maxRows: 5 })
        else if (/\.(?:html|db|sqlite)$/u.test(name))
          yield* fails("preview_run_file", { ...run, fileId }, "ToolFailure")
      }
      yield* fails("preview_run_file", { ...run, fileId: nowhere }, "ToolFailure")
      yield* ok("start_agent", { agentId: 4302, isRunSynchronously: true, timeout: 120 })

      const second = { ...agent, runId: startedRun(yield* ok("start_agent", agent)).run.runId }
      yield* TestClock.adjust("2 seconds")
      yield* ok("stop_agent", second)
      yield* ok("kill_agent", second)
      yield* ok("wait_for_run", second)
      yield* ok("delete_run", { ...second, removeMethod: "RemoveAllFiles" })
      yield* ok("delete_run", run)
      yield* fails("get_run_status", run, "NotFound")

      yield* ok("restore_agent_version", { ...agent, versionNumber: 2, comments: "The menu changed back" })
      yield* fails("restore_agent_version", { ...agent, versionNumber: 99, comments: "x" }, "NotFound")

      const cron = { ...agent, name: "Nightly", cronExpression: "0 2 * * *", timezone: "Europe/Berlin" }
      const schedule = { ...agent, ...scheduleId(yield* ok("create_agent_schedule", cron)) }
      const one = { agentId: books, scheduleId: schedule.scheduleId }
      yield* ok("get_agent_schedule", one)
      yield* ok("update_agent_schedule", { ...one, cronExpression: "0 3 * * *" })
      yield* ok("update_agent_schedule", { ...one, runEveryCount: 6, runEveryPeriod: 2 })
      yield* ok("update_agent_schedule", { ...one, scheduleType: 1, startTime: "2026-03-20T06:00:00Z" })
      yield* ok("disable_agent_schedule", one)
      yield* ok("enable_agent_schedule", one)
      yield* ok("get_scheduled_runs", { startDate: "2026-03-11", endDate: "2026-03-21" })
      yield* ok("delete_agent_schedule", one)
      yield* fails("get_agent_schedule", one, "NotFound")

      yield* ok("get_credits_balance")
      yield* ok("get_spending_summary", month)
      yield* ok("get_credit_history", { recordsPerPage: 5 })
      yield* ok("get_agents_usage", { ...month, sortColumn: "cost", sortOrder: "desc", recordsPerPage: 5 })

      yield* ok("list_spaces")
      for (const spaceId of [101, 104]) {
        yield* ok("get_space", { spaceId })
        yield* ok("get_space_agents", { spaceId })
        yield* ok("get_space_agent_count", { spaceId })
      }
      yield* ok("search_space_by_name", { name: "market research" })
      yield* fails("search_space_by_name", { name: "Nowhere" }, "NotFound")
      const spaceRun = startedOf(yield* ok("run_space_agents", { spaceId: 102, inputParameters: "{}" }))
      assert.isAbove(spaceRun.agentsStarted, 0)
      assert.strictEqual(spaceRun.results.filter(({ success }) => success).length, spaceRun.agentsStarted)

      yield* ok("get_runs_summary", { ...month, includeDetails: true })
      yield* ok("get_runs_summary", { status: "Failed" })
      yield* ok("get_records_summary", {})

      const build = sessionId(
        yield* ok("start_agent_build", { prompt: "Scrape every book of https://books.example", spaceId: 101 })
      )
      yield* ok("get_agent_build_status", build)
      yield* ok("wait_for_agent_build", { ...build, timeoutSeconds: 45 })
      yield* ok("stop_agent_build", build)
      const hopeless = sessionId(
        yield* ok("start_agent_build", { prompt: "Log in to https://portal.example and scrape" })
      )
      const end = yield* ok("wait_for_agent_build", { ...hopeless, timeoutSeconds: 45 })
      assert.notMatch(JSON.stringify(end), /Exception|\/src\//u)

      const unknown = { agentId: nowhere, runId: nowhere, fileId: nowhere, scheduleId: nowhere, spaceId: nowhere }
      for (const { inputSchema, name } of allTools) {
        const properties = inputSchema["properties"]
        const ids = Object.entries(unknown).filter(
          ([id]) => typeof properties === "object" && properties !== null && Object.hasOwn(properties, id)
        )
        const rest: JsonObject =
          name === "restore_agent_version"
            ? { versionNumber: 1, comments: "x" }
            : name === "create_agent_schedule"
              ? { name: "x", cronExpression: "0 2 * * *" }
              : name === "start_agent_build"
                ? { prompt: "Scrape every book" }
                : name.endsWith("_agent_build") || name === "get_agent_build_status"
                  ? { sessionId: "nowhere" }
                  : {}
        const required = inputSchema["required"]
        if (name === "list_agents" || name === "get_records_summary" || !Array.isArray(required)) continue
        if (ids.length === 0 && rest["sessionId"] === undefined) continue
        yield* fails(name, { ...Object.fromEntries(ids), ...rest }, "NotFound", "Rejected")
      }

      assert.deepStrictEqual([...succeeded].sort(), allTools.map(({ name }) => name).sort())
      assert.isAtLeast(failed.size, 30)
    })
  )

  it.scoped("a result that was cut fits its output schema and says so", () =>
    Effect.gen(function* () {
      const { call } = yield* overSandbox({ maxResultBytes: 1000 })
      const { ok } = checking(call)
      const lists: ReadonlyArray<readonly [string, JsonObject]> = [
        ["list_agents", {}],
        ["search_agents", { query: "e" }],
        ["get_agent_runs", { agentId: 4102 }],
        ["get_credit_history", {}],
        ["get_agents_usage", month],
        ["get_agent_runs_cost", { agentId: 4102, ...month }],
        ["get_runs_summary", { ...month, includeDetails: true }]
      ]
      for (const [name, args] of lists) {
        const result = yield* ok(name, args)
        assert.match(
          String(result["notice"]),
          /^The answer was too large: only the first \d+ of \d+ \w+ are shown\. [A-Z]/,
          name
        )
        assert.isAtMost(Buffer.byteLength(JSON.stringify(result)), 1000, name)
      }
      const run = startedRun(yield* ok("start_agent", { agentId: books }))
      const waited = { agentId: books, runId: run.run.runId }
      yield* ok("wait_for_run", { ...waited, timeoutSeconds: 45 })
      const { files } = filesOf(yield* ok("get_run_files", waited))
      const data = files.find(({ name }) => name.endsWith(".csv"))
      const preview = yield* ok("preview_run_file", { ...waited, fileId: data?.fileId ?? 0, maxRows: 200 })
      assert.match(String(preview["notice"]), /^The answer was too large: only the first \d+ of 200 rows are shown\./)
    })
  )
})
