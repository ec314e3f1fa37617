import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { everything, narrow, select, type Selection, type SelectionRequest } from "../../src/tools/selection.ts"
import { fakeTools } from "../fakes.ts"
import { asCaller } from "../support/http.ts"

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
    "offers what is included, but nothing excluded and, read-only, nothing that writes",
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

  it("names each unknown name, beside the known ones", () => {
    const problems = Either.getLeft(select({ tools: ["get_agent", "nope", "__proto__"] }, allTools))
    assert.match(JSON.stringify(problems), /Unknown tool: \\"nope\\", \\"__proto__\\"\. Valid: list_agents/u)
  })

  it.effect("hides its tools from calls, which then touch no service", () =>
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const readOnly = selection({ readOnly: true })
      for (const tool of allTools) {
        const offered = readOnly(tool)
        assert.strictEqual(tools.offers(tool.name, readOnly), offered)
        if (offered) continue
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
