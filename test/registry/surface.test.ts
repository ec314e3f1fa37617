import { assert, describe, it } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import { describe as suite } from "vitest"
import { settings } from "../../src/config.ts"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { resourceTemplates, staticResources } from "../../src/resources/resources.ts"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"
import type { SelectionRequest } from "../../src/tools/selection.ts"
import type { ToolAnnotations } from "../../src/tools/Tool.ts"
import { offered, onTheWire, selectionOf } from "../../scripts/surface.ts"
import { expected } from "./expected.ts"
import { validArguments } from "./arguments.ts"

const byToolset: Readonly<Record<(typeof toolsets)[number]["id"], ReadonlyArray<string>>> = {
  agents: ["list_agents", "get_agent", "search_agents", "get_agent_search_count", "get_personal_agent_count"],
  runs: [
    "get_agent_runs",
    "get_agent_run_summary",
    "get_run_status",
    "start_agent",
    "stop_agent",
    "kill_agent",
    "delete_run",
    "wait_for_run"
  ],
  files: ["get_run_files", "get_file_download_url", "preview_run_file"],
  versions: ["get_agent_versions", "restore_agent_version"],
  schedules: [
    "list_agent_schedules",
    "get_agent_schedule",
    "create_agent_schedule",
    "update_agent_schedule",
    "enable_agent_schedule",
    "disable_agent_schedule",
    "delete_agent_schedule",
    "get_scheduled_runs"
  ],
  billing: [
    "get_credits_balance",
    "get_spending_summary",
    "get_credit_history",
    "get_agents_usage",
    "get_agent_cost_breakdown",
    "get_agent_runs_cost"
  ],
  spaces: [
    "list_spaces",
    "get_space",
    "get_space_agents",
    "get_space_agent_count",
    "search_space_by_name",
    "run_space_agents"
  ],
  analytics: ["get_runs_summary", "get_records_summary", "get_run_diagnostics", "get_latest_failure"],
  builder: ["start_agent_build", "get_agent_build_status", "stop_agent_build", "wait_for_agent_build"]
}

const write = (destructiveHint: boolean, openWorldHint: boolean, idempotentHint: boolean): ToolAnnotations => ({
  readOnlyHint: false,
  destructiveHint,
  openWorldHint,
  idempotentHint
})

/** Every tool that changes something; all others only read. */
const writeHints: Readonly<Record<string, ToolAnnotations>> = {
  start_agent: write(false, true, false),
  stop_agent: write(false, false, true),
  kill_agent: write(true, false, false),
  delete_run: write(true, false, true),
  restore_agent_version: write(false, false, false),
  create_agent_schedule: write(false, false, false),
  update_agent_schedule: write(false, false, true),
  enable_agent_schedule: write(false, false, true),
  disable_agent_schedule: write(false, false, true),
  delete_agent_schedule: write(true, false, true),
  run_space_agents: write(false, true, false),
  start_agent_build: write(false, true, false),
  stop_agent_build: write(false, false, true)
}

const parametersOf = (schema: unknown): ReadonlyArray<string> =>
  typeof schema === "object" && schema !== null && "properties" in schema ? Object.keys(schema.properties ?? {}) : []

describe("the tools", () => {
  it("are the 46, in this order", () => {
    const names = toolsets.flatMap(({ id }) => byToolset[id])
    assert.strictEqual(names.length, 46)
    assert.deepStrictEqual(
      allTools.map(({ name }) => name),
      names
    )
    for (const { id, tools } of toolsets) for (const { name } of tools) assert.include(byToolset[id], name)
  })

  it("have the hints that they should have", () => {
    for (const tool of allTools) {
      assert.deepStrictEqual(
        tool.annotations,
        writeHints[tool.name] ?? { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
        tool.name
      )
    }
    assert.strictEqual(
      allTools.filter(({ annotations }) => !annotations.readOnlyHint).length,
      Object.keys(writeHints).length
    )
  })

  it("have names that the protocol takes, and titles for people", () => {
    const names = new Set<string>()
    for (const { description, name, title } of allTools) {
      assert.match(name, /^[A-Za-z0-9_.-]{1,128}$/)
      assert.match(title, /^[A-Z][A-Za-z ]+$/, name)
      assert.isAtLeast(description.length, 20, name)
      names.add(name)
    }
    assert.strictEqual(names.size, allTools.length)
  })

  it("are listed alike every time, and in the same order under any selection", () => {
    const first = JSON.stringify(offered().map(onTheWire))
    assert.strictEqual(JSON.stringify(offered().map(onTheWire)), first)
    const order = allTools.map(({ name }) => name)
    const some = offered(selectionOf({ tools: ["stop_agent_build", "get_agent"], toolsets: ["files"] }))
    const shown = some.map(({ name }) => name)
    assert.deepStrictEqual(
      shown,
      order.filter((name) => shown.includes(name))
    )
    assert.deepStrictEqual(shown, ["get_agent", ...byToolset.files, "stop_agent_build"])
  })

  it("leave a model room for its work", () => {
    const bytes = (request: SelectionRequest) =>
      Buffer.byteLength(JSON.stringify({ tools: offered(selectionOf(request)).map(onTheWire) }))
    assert.isAtMost(bytes({}), 60_000)
    assert.isAtMost(bytes({ toolsets: ["agents", "runs", "files"] }), 22_000)
  })

  it("each have a case in the tables of these tests", () => {
    const names = allTools.map(({ name }) => name).sort()
    assert.deepStrictEqual(Object.keys(validArguments).sort(), names)
    assert.deepStrictEqual(Object.keys(expected).sort(), names)
  })
})

suite("the schemas", () => {
  const compile = (schema: object) =>
    new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: false }).compile(schema)

  it.each(allTools.map((tool) => [tool.name, tool] as const))("of %s are valid 2020-12", (name, tool) => {
    const takes = compile(tool.inputSchema)
    assert.isTrue(takes(validArguments[name]), JSON.stringify(takes.errors))
    assert.isFalse(takes({ ...validArguments[name], misspelt: 1 }))
    assert.strictEqual(tool.inputSchema["additionalProperties"], false)
    assert.strictEqual(tool.inputSchema.type, "object")
    assert.strictEqual(tool.outputSchema.type, "object")
    assert.notProperty(tool.outputSchema, "additionalProperties")
    const gives = compile(tool.outputSchema)
    assert.isTrue(gives(expected[name]?.result), JSON.stringify(gives.errors))
    assert.isTrue(gives({ ...expected[name]?.result, addedLater: true }))
    assert.isFalse(gives([]))
  })

  it("name parameters as the contract does", () => {
    const of = (name: string) => parametersOf(allTools.find((tool) => tool.name === name)?.inputSchema)
    assert.deepStrictEqual(of("list_agents"), [
      "status",
      "spaceId",
      "search",
      "configType",
      "sortColumn",
      "sortOrder",
      "pageIndex",
      "recordsPerPage"
    ])
    assert.deepStrictEqual(of("start_agent"), [
      "agentId",
      "inputParameters",
      "isRunSynchronously",
      "timeout",
      "parallelism",
      "parallelMaxConcurrency",
      "parallelExport",
      "proxyPoolId",
      "isExclusive",
      "isWaitOnFailure",
      "logLevel",
      "logMode"
    ])
    const schedule = [
      "name",
      "scheduleType",
      "startTime",
      "cronExpression",
      "runEveryCount",
      "runEveryPeriod",
      "timezone",
      "inputParameters",
      "isEnabled",
      "parallelism",
      "parallelMaxConcurrency",
      "parallelExport",
      "isWaitOnFailure",
      "logLevel",
      "logMode",
      "isExclusive"
    ]
    assert.deepStrictEqual(of("create_agent_schedule"), ["agentId", ...schedule])
    assert.deepStrictEqual(of("update_agent_schedule"), ["agentId", "scheduleId", ...schedule])
    assert.deepStrictEqual(of("restore_agent_version"), ["agentId", "versionNumber", "comments"])
    assert.deepStrictEqual(of("delete_run"), ["agentId", "runId", "removeMethod"])
    assert.deepStrictEqual(of("start_agent_build"), ["prompt", "spaceId"])
  })
})

suite("resources, prompts and settings", () => {
  it("are the 7 and 11 resources, each over a tool", () => {
    assert.deepStrictEqual(
      staticResources.map(({ uri }) => uri.replace("sequentum://", "")),
      [
        "agents",
        "spaces",
        "billing/balance",
        "billing/spending",
        "billing/agents-usage",
        "analytics/runs",
        "analytics/upcoming-schedules"
      ]
    )
    assert.deepStrictEqual(
      resourceTemplates.map(({ uri }) => uri.replace("sequentum://", "")),
      [
        "agents/{agentId}",
        "agents/{agentId}/versions",
        "agents/{agentId}/schedules",
        "agents/{agentId}/cost-breakdown",
        "agents/{agentId}/runs",
        "agents/{agentId}/runs/{runId}",
        "agents/{agentId}/runs/{runId}/files",
        "agents/{agentId}/runs/{runId}/diagnostics",
        "agents/{agentId}/latest-failure",
        "spaces/{spaceId}",
        "spaces/{spaceId}/agents"
      ]
    )
    const names = new Set<string>(allTools.map(({ name }) => name))
    for (const { tool, uri } of [...staticResources, ...resourceTemplates]) {
      assert.isTrue(names.has(tool), uri)
      assert.match(uri, /^sequentum:\/\//)
    }
  })

  it("are the 11 prompts, each over tools that there are", () => {
    assert.deepStrictEqual(
      allPrompts.map(({ arguments: args, name }) => [
        name,
        args.map((argument) => `${argument.name}${argument.required ? "*" : ""}`).join(" ")
      ]),
      [
        ["debug-agent", "agentName*"],
        ["agent-health-check", "agentName*"],
        ["run-and-monitor", "agentName*"],
        ["compare-runs", "agentName*"],
        ["schedule-agent", "agentName* scheduleDescription*"],
        ["space-overview", "spaceName*"],
        ["spending-report", ""],
        ["cost-analysis", ""],
        ["daily-operations-report", ""],
        ["build-agent-from-prompt", "prompt* spaceName pollingPreference"],
        ["inspect-agent-draft", "sessionId* pollingPreference"]
      ]
    )
    const names = new Set<string>(allTools.map(({ name }) => name))
    for (const { name, tools } of allPrompts)
      for (const tool of tools) assert.isTrue(names.has(tool), `${name}: ${tool}`)
  })

  it("have a variable each", () => {
    const variables = Object.values(settings).map(({ env }) => env)
    assert.strictEqual(new Set(variables).size, variables.length)
    for (const variable of variables) assert.match(variable, /^[A-Z][A-Z_]*[A-Z]$/)
  })
})
