import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { errorText } from "../../src/mcp/results.ts"
import { instructions } from "../../src/mcp/instructions.ts"
import { getPrompt, listPrompts } from "../../src/prompts/get.ts"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { resourceTemplates, staticResources } from "../../src/resources/resources.ts"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"
import type { SelectionRequest } from "../../src/tools/selection.ts"
import { offered, onTheWire, selectionOf } from "../../scripts/surface.ts"
import { account } from "../support/account.ts"
import { asCaller } from "../support/caller.ts"
import { toolsOver } from "../support/tools.ts"
import { allCases } from "./cases.ts"

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

describe("under a selection", () => {
  it.each(selections)("of %s, no text names a hidden tool", (_, request) => {
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

  it("texts that do not depend on the selection name no tool", () => {
    for (const text of [
      instructions,
      ...[...staticResources, ...resourceTemplates].map(({ description, title }) => `${title} ${description}`)
    ]) {
      assert.deepStrictEqual(named(text), [], text)
    }
  })

  it("each prompt lists exactly the tools that its text names", () => {
    for (const { name, tools } of allPrompts) {
      const prompt = Either.getOrThrow(getPrompt(name, promptArguments, () => true))
      assert.sameMembers(named(prompt.text), [...tools], name)
    }
  })
})

describe("a hidden tool", () => {
  for (const { arguments: args, name } of allCases) {
    it.effect(`${name} can't be called, as if it did not exist`, () =>
      Effect.gen(function* () {
        const { sent, tools } = yield* toolsOver(account)
        const call = (request: SelectionRequest) => asCaller(tools.call(name, args, selectionOf(request)))
        const error = yield* Effect.flip(call({ excludeTools: [name], tools: [name] }))
        assert.strictEqual(error._tag, "UnknownTool")
        assert.deepStrictEqual(sent, [])
        yield* call({ tools: [name] })
      })
    )
  }

  it.effect("is named neither in a notice nor in an error", () =>
    Effect.gen(function* () {
      const { tools } = yield* toolsOver(account)
      const call = (name: string, args: unknown) => asCaller(tools.call(name, args, selectionOf({ tools: [name] })))
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
