import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { errorText } from "../../src/mcp/results.ts"
import { instructions } from "../../src/mcp/instructions.ts"
import { getPrompt, listPrompts } from "../../src/prompts/get.ts"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { resourceTemplates, staticResources } from "../../src/resources/resources.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"
import { narrow, select, type SelectionRequest } from "../../src/tools/selection.ts"
import { offered, onTheWire, selectionOf } from "../../scripts/surface.ts"
import { account } from "./account.ts"
import { validArguments } from "./arguments.ts"
import { caller, toolsOver } from "./upstream.ts"

const names = allTools.map(({ name }) => name)

/** The tools that a text names. */
const named = (text: string) => names.filter((name) => new RegExp(`(?<![a-z_])${name}(?![a-z_])`, "u").test(text))

const selections: ReadonlyArray<readonly [string, SelectionRequest]> = [
  ...toolsets.map(({ id }) => [`the toolset ${id}`, { toolsets: [id] }] as const),
  ...toolsets.map(({ id }) => [`the toolset ${id}, read-only`, { toolsets: [id], readOnly: true }] as const),
  ["read-only", { readOnly: true }],
  ...names.map((name) => [`only ${name}`, { tools: [name] }] as const),
  ...names.map((name) => [`all but ${name}`, { excludeTools: [name] }] as const)
]

const promptArguments = {
  agentName: "Books",
  spaceName: "Retail",
  scheduleDescription: "daily",
  prompt: "Scrape all books",
  sessionId: "session-1"
}

describe("under any selection", () => {
  it.each(selections)("%s: no text names a hidden tool", (_, request) => {
    const selection = selectionOf(request)
    const tools = offered(selection)
    const shown = new Set(tools.map(({ name }) => name))
    const isOffered = (name: string) => shown.has(name)
    for (const tool of tools) {
      const hidden = named(JSON.stringify(onTheWire(tool))).filter((name) => !isOffered(name))
      assert.deepStrictEqual(hidden, [], tool.name)
      assert.isAtLeast(tool.description.length, 15, tool.name)
      assert.match(tool.description, /^[A-Z]/, tool.name)
      assert.notInclude(JSON.stringify(tool.inputSchema), '"description":""', tool.name)
    }
    for (const { name } of listPrompts(isOffered)) {
      const prompt = Either.getOrThrow(getPrompt(name, promptArguments, isOffered))
      assert.deepStrictEqual(
        named(`${prompt.description} ${prompt.text}`).filter((tool) => !isOffered(tool)),
        [],
        name
      )
    }
    for (const name of allPrompts.map((prompt) => prompt.name)) {
      const listed = listPrompts(isOffered).some((prompt) => prompt.name === name)
      assert.strictEqual(Either.isRight(getPrompt(name, promptArguments, isOffered)), listed, name)
    }
  })

  it("nothing names tools that does not know the selection", () => {
    for (const text of [
      instructions,
      ...[...staticResources, ...resourceTemplates].map(({ description, title }) => `${title} ${description}`)
    ]) {
      assert.deepStrictEqual(named(text), [], text)
    }
  })

  it("each prompt says which tools it names", () => {
    for (const { name, tools } of allPrompts) {
      const prompt = Either.getOrThrow(getPrompt(name, promptArguments, () => true))
      assert.sameMembers(named(prompt.text), [...tools], name)
    }
  })
})

describe("a hidden tool", () => {
  it.effect.each(names)("%s can't be called, as if it did not exist", (name) =>
    Effect.gen(function* () {
      const { sent, tools } = yield* toolsOver(account)
      const call = (request: SelectionRequest) =>
        Effect.either(
          Effect.provideService(tools.call(name, validArguments[name], selectionOf(request)), Credentials, caller)
        )
      const outcome = yield* call({ excludeTools: [name], tools: [name] })
      assert.strictEqual(Either.isLeft(outcome) ? outcome.left._tag : "called", "UnknownTool")
      assert.deepStrictEqual(sent, [])
      assert.isTrue(Either.isRight(yield* call({ tools: [name] })))
    })
  )

  it.effect("is named neither in a notice nor in an error", () =>
    Effect.gen(function* () {
      const { tools } = yield* toolsOver(account)
      const call = (name: string, args: unknown) =>
        Effect.provideService(tools.call(name, args, selectionOf({ tools: [name] })), Credentials, caller)
      const preview = yield* call("preview_run_file", { agentId: 7, runId: 90, fileId: 5, maxRows: 1 })
      assert.strictEqual(preview.value["notice"], "Shown: the first 1 rows.")
      assert.strictEqual(preview.json, JSON.stringify(preview.value))
      const missing = yield* Effect.flip(call("get_agent", { agentId: 404 }))
      assert.strictEqual(missing._tag, "NotFound")
      if (missing._tag === "NotFound") {
        assert.match(
          errorText(missing, (tool) => tool === "get_agent"),
          /Trying again will not help\.$/
        )
        assert.match(
          errorText(missing, (tool) => tool === "list_agents"),
          /Use list_agents to find the right agent\.$/
        )
      }
    })
  )
})

describe("a selection", () => {
  const under = (request: SelectionRequest) => offered(selectionOf(request)).map(({ name }) => name)
  const inToolset = (toolset: string) => allTools.filter((tool) => tool.toolset === toolset).map(({ name }) => name)
  const writes = allTools.filter(({ annotations }) => !annotations.readOnlyHint).map(({ name }) => name)

  it("adds toolsets and tools up", () => {
    assert.deepStrictEqual(under({ toolsets: ["files"], tools: ["get_agent"] }), ["get_agent", ...inToolset("files")])
  })

  it("lets exclusion beat inclusion", () => {
    assert.deepStrictEqual(under({ toolsets: ["files"], excludeTools: ["preview_run_file"] }), [
      "get_run_files",
      "get_file_download_url"
    ])
  })

  it("lets read-only beat all", () => {
    const shown = under({ tools: ["start_agent", "get_agent"], readOnly: true })
    assert.deepStrictEqual(shown, ["get_agent"])
    assert.deepStrictEqual(
      under({ readOnly: true }),
      names.filter((name) => !writes.some((write) => write === name))
    )
  })

  it("of a request can narrow the operator's and never widen it", () => {
    const operator = selectionOf({ toolsets: ["agents", "runs"], readOnly: true })
    const wide = offered(narrow(operator, selectionOf({})))
    const other = offered(narrow(operator, selectionOf({ tools: ["start_agent", "list_spaces", "get_agent"] })))
    assert.isTrue(
      wide.every(({ annotations, toolset }) => annotations.readOnlyHint && (toolset === "agents" || toolset === "runs"))
    )
    assert.deepStrictEqual(
      other.map(({ name }) => name),
      ["get_agent"]
    )
  })

  it("refuses unknown names, each kind with the valid ones", () => {
    const outcome = select({ toolsets: ["agnets"], tools: ["get_agents"], excludeTools: ["x".repeat(500)] }, allTools)
    const problems = Either.isLeft(outcome) ? outcome.left : []
    assert.strictEqual(problems.length, 3)
    assert.match(problems[0] ?? "", /^Unknown toolset: "agnets"\. Valid: agents, runs, files, /)
    assert.match(problems[1] ?? "", /^Unknown tool: "get_agents"\. Valid: list_agents, /)
    assert.match(problems[2] ?? "", /^Unknown tool to exclude: "x{60}"\. Valid: /)
  })
})
