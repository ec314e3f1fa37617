import { assert, describe, it, layer } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { overSandbox, Sandbox } from "../support/sandbox.ts"
import { whileTimePasses } from "../support/time.ts"
import type { Call } from "../support/tools.ts"
import { allCases, casesFile } from "./cases.ts"
import { sandboxMonth } from "./ToolCase.ts"

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

/** Calls tools and checks every result against the tool's output schema. */
const checking = (call: Call) => {
  const succeeded = new Set<string>()
  const ok = (name: string, args: JsonObject = {}) =>
    Effect.map(whileTimePasses(call(name, args)), (result) => {
      assert.isTrue(fits.get(name)?.(result), `${name} gave ${JSON.stringify(result).slice(0, 500)}`)
      succeeded.add(name)
      return result
    })
  const fails = (name: string, args: JsonObject, ...tags: ReadonlyArray<string>) =>
    Effect.map(whileTimePasses(Effect.flip(call(name, args))), ({ _tag }) =>
      assert.include(tags, _tag, `${name} ${JSON.stringify(args)}`)
    )
  return { ok, fails, succeeded } as const
}

const books = 4101
const failing = 4301
const nowhere = 999_999

/** The parameters that name a thing, with ids that nothing has. */
const unknownIds = {
  agentId: nowhere,
  runId: nowhere,
  fileId: nowhere,
  scheduleId: nowhere,
  spaceId: nowhere,
  sessionId: "nowhere"
}

layer(Sandbox.layer)("against the sandbox", (it) => {
  for (const { name, sandbox = [] } of allCases) {
    if (sandbox.length === 0) continue
    it.effect(`every result of ${name} fits its output schema`, () =>
      Effect.gen(function* () {
        const { ok } = checking((yield* Sandbox).call)
        for (const args of sandbox) yield* ok(name, args)
      })
    )
  }

  const named = allCases.map(({ arguments: args, name, tool }) => {
    const properties = tool.inputSchema["properties"]
    const ids = Object.entries(unknownIds).filter(([id]) => Predicate.isRecord(properties) && id in properties)
    // Where nothing is required, an id only filters.
    return { name, args, ids: Array.isArray(tool.inputSchema["required"]) ? ids : [] }
  })

  for (const { args, ids, name } of named) {
    if (ids.length === 0) continue
    it.effect(`${name} fails for ids that nothing has`, () =>
      Effect.gen(function* () {
        const { fails } = checking((yield* Sandbox).call)
        yield* fails(name, { ...args, ...Object.fromEntries(ids) }, "NotFound", "Rejected")
      })
    )
  }

  it("most tools name a thing by its id", () => {
    assert.isAbove(named.filter(({ ids }) => ids.length > 0).length, named.length / 2)
  })
})

describe("against a sandbox that changes", () => {
  it.scoped("every result of every tool fits its output schema", () =>
    Effect.gen(function* () {
      const { call } = yield* overSandbox()
      const { fails, ok, succeeded } = checking(call)
      const agent = { agentId: books }

      const past = runsOf(yield* ok("get_agent_runs", { ...agent, maxRecords: 2 })).runs[0]?.runId ?? 0
      yield* ok("get_run_status", { ...agent, runId: past })
      const failures = runsOf(yield* ok("get_agent_runs", { agentId: failing })).runs
      yield* ok("get_run_diagnostics", { agentId: failing, runId: failures[0]?.runId ?? 0 })

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

      yield* fails("search_space_by_name", { name: "Nowhere" }, "NotFound")
      const spaceRun = startedOf(yield* ok("run_space_agents", { spaceId: 102, inputParameters: "{}" }))
      assert.isAbove(spaceRun.agentsStarted, 0)
      assert.strictEqual(spaceRun.results.filter(({ success }) => success).length, spaceRun.agentsStarted)

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

      for (const { name, sandbox = [], tool } of allCases) {
        assert.isTrue(
          succeeded.has(name) || sandbox.length > 0,
          `${name} is not called on the sandbox: give "sandbox" in ${casesFile(tool.toolset)}`
        )
      }
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
        ["get_agents_usage", sandboxMonth],
        ["get_agent_runs_cost", { agentId: 4102, ...sandboxMonth }],
        ["get_runs_summary", { ...sandboxMonth, includeDetails: true }]
      ]
      for (const [name, args] of lists) {
        const result = yield* ok(name, args)
        assert.match(
          String(result["notice"]),
          /^The result was too large, so it shows the first \d+ of \d+ \w+\. [A-Z]/,
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
      assert.match(String(preview["notice"]), /^\d+ of 200 rows fit the size limit\./)
      assert.strictEqual(preview["hasMoreRows"], true)
    })
  )
})
