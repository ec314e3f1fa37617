import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { offered } from "../../scripts/surface.ts"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { everything, narrow, select, type Selection, type SelectionRequest } from "../../src/tools/selection.ts"
import { asCaller } from "../support/caller.ts"
import { fakeTools } from "../support/fakes.ts"

const names = allTools.map(({ name }) => name)

const selection = (request: SelectionRequest): Selection => Either.getOrThrow(select(request, allTools))

const some = <A>(values: ReadonlyArray<A>) =>
  FastCheck.option(FastCheck.uniqueArray(FastCheck.constantFrom(...values), { maxLength: 6 }), { nil: undefined })

const anyRequest: FastCheck.Arbitrary<SelectionRequest> = FastCheck.record({
  toolsets: some(toolsets.map(({ id }) => id)),
  tools: some(names),
  excludeTools: some(names),
  readOnly: FastCheck.option(FastCheck.boolean(), { nil: undefined })
})

describe("a selection", () => {
  it.prop(
    "offers what is included, but nothing excluded and, if read-only, nothing that writes",
    [anyRequest],
    ([request]) => {
      const offers = selection(request)
      for (const tool of allTools) {
        const all = request.toolsets === undefined && request.tools === undefined
        const named =
          all || request.toolsets?.includes(tool.toolset) === true || request.tools?.includes(tool.name) === true
        const barred =
          request.excludeTools?.includes(tool.name) === true ||
          (request.readOnly === true && !tool.annotations.readOnlyHint)
        assert.strictEqual(offers(tool), named && !barred, tool.name)
      }
    }
  )

  it.prop("of a caller never offers what the operator's does not", [anyRequest, anyRequest], ([operator, caller]) => {
    const both = narrow(selection(operator), selection(caller))
    for (const tool of allTools) {
      assert.strictEqual(both(tool), selection(operator)(tool) && selection(caller)(tool), tool.name)
    }
  })

  const listed = (request: SelectionRequest) => offered(selection(request)).map(({ name }) => name)

  it("adds up toolsets and tools", () => {
    assert.deepStrictEqual(listed({ toolsets: ["files"], tools: ["get_agent"] }), [
      "get_agent",
      "get_run_files",
      "get_file_download_url",
      "preview_run_file",
      "query_run_data",
      "compare_run_data",
      "read_run_log"
    ])
  })

  it("lets exclusions win over inclusions", () => {
    assert.deepStrictEqual(listed({ toolsets: ["files"], excludeTools: ["preview_run_file"] }), [
      "get_run_files",
      "get_file_download_url",
      "query_run_data",
      "compare_run_data",
      "read_run_log"
    ])
  })

  it("that is read-only overrides everything", () => {
    assert.deepStrictEqual(listed({ tools: ["start_agent", "get_agent"], readOnly: true }), ["get_agent"])
  })

  it("reports the unknown names of each kind, cut short, with the valid ones", () => {
    const request = {
      toolsets: ["agnets"],
      tools: ["get_agent", "nope", "__proto__"],
      excludeTools: ["x".repeat(500)]
    }
    const problems = Either.getOrThrow(Either.flip(select(request, allTools)))
    assert.strictEqual(problems.length, 3)
    assert.match(problems[0] ?? "", /^Unknown toolset: "agnets"\. Valid: agents, runs, files, /u)
    assert.match(problems[1] ?? "", /^Unknown tool: "nope", "__proto__"\. Valid: list_agents, /u)
    assert.match(problems[2] ?? "", /^Unknown tool to exclude: "x{60}"\. Valid: /u)
  })

  it.effect("hides tools from calls, which then use no service", () =>
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const readOnly = selection({ readOnly: true })
      for (const tool of allTools) {
        const isOffered = readOnly(tool)
        assert.strictEqual(tools.offers(tool.name, readOnly), isOffered)
        if (isOffered) continue
        const error = yield* Effect.flip(asCaller(tools.call(tool.name, {}, readOnly)))
        assert.strictEqual(error._tag, "UnknownTool", tool.name)
      }
      assert.deepStrictEqual(
        tools.list(readOnly).map(({ name }) => name),
        allTools.filter(readOnly).map(({ name }) => name)
      )
      assert.strictEqual(tools.list(everything).length, allTools.length)
    }).pipe(Effect.provide(fakeTools()))
  )
})
