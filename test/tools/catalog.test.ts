import { assert, describe, it } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import { offered, onTheWire, selectionOf } from "../../scripts/surface.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { SelectionRequest } from "../../src/tools/selection.ts"
import { allCases } from "./cases.ts"

describe("the tools", () => {
  it("have the annotations of their cases", () => {
    for (const { annotations, name, tool } of allCases) assert.deepStrictEqual(tool.annotations, annotations, name)
  })

  it("have names that the protocol allows, and titles for people", () => {
    const names = new Set<string>()
    for (const { description, name, title } of allTools) {
      assert.match(name, /^[A-Za-z0-9_.-]{1,128}$/)
      assert.match(title, /^[A-Z][A-Za-z ]+$/, name)
      assert.isAtLeast(description.length, 20, name)
      names.add(name)
    }
    assert.strictEqual(names.size, allTools.length)
  })

  it("are listed in the same way every time, and in the same order under any selection", () => {
    const first = JSON.stringify(offered().map(onTheWire))
    assert.strictEqual(JSON.stringify(offered().map(onTheWire)), first)
    const wanted = [
      "get_agent",
      "get_run_files",
      "get_file_download_url",
      "preview_run_file",
      "query_run_data",
      "compare_run_data",
      "read_run_log",
      "stop_agent_build"
    ]
    const some = offered(selectionOf({ tools: ["stop_agent_build", "get_agent"], toolsets: ["files"] }))
    assert.deepStrictEqual(
      some.map(({ name }) => name),
      allTools.map(({ name }) => name).filter((name) => wanted.includes(name))
    )
    assert.deepStrictEqual(
      some.map(({ name }) => name),
      wanted
    )
  })

  it("leave a model room for its work", () => {
    const bytes = (request: SelectionRequest) =>
      Buffer.byteLength(JSON.stringify({ tools: offered(selectionOf(request)).map(onTheWire) }))
    assert.isAtMost(bytes({}), 62_000)
    assert.isAtMost(bytes({ toolsets: ["agents", "runs", "files"] }), 26_000)
  })
})

describe("the schemas", () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: false })

  for (const { arguments: args, name, result, tool } of allCases) {
    it(`of ${name} are valid JSON Schema 2020-12 and fit its case`, () => {
      const acceptsArguments = ajv.compile(tool.inputSchema)
      assert.isTrue(acceptsArguments(args), JSON.stringify(acceptsArguments.errors))
      assert.isFalse(acceptsArguments({ ...args, misspelt: 1 }))
      assert.strictEqual(tool.inputSchema["additionalProperties"], false)
      assert.strictEqual(tool.inputSchema.type, "object")
      assert.strictEqual(tool.outputSchema.type, "object")
      assert.notProperty(tool.outputSchema, "additionalProperties")
      const acceptsResult = ajv.compile(tool.outputSchema)
      assert.isTrue(acceptsResult(result), JSON.stringify(acceptsResult.errors))
      assert.isTrue(acceptsResult({ ...result, addedLater: true }))
      assert.isFalse(acceptsResult([]))
    })
  }
})
