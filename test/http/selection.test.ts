import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { endpoint, legacy, message, modern, openSession } from "../support/endpoint.ts"
import { callTool, resultOf, rpcErrorOf, startRun, upstreamCalls } from "../support/wire.ts"

const Listed = Schema.Struct({
  result: Schema.Struct({
    tools: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        description: Schema.String,
        annotations: Schema.Struct({ readOnlyHint: Schema.Boolean })
      })
    )
  })
})

const listed = (response: Response) =>
  Effect.flatMap(message(response), (body) =>
    Effect.map(Schema.decodeUnknown(Listed)(body), ({ result }) => result.tools)
  )

const tools = (mcp: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(modern(mcp, "tools/list", {}, { headers }), listed)

const names = (mcp: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.map(tools(mcp, headers), (all) => all.map(({ name }) => name))

describe("selection by headers", () => {
  it.scopedLive("narrows by toolset, tool, exclusion and read-only, for one request", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const all = yield* tools(mcp)
      assert.deepStrictEqual(yield* names(mcp, { "x-mcp-tools": "list_agents" }), ["list_agents"])
      assert.deepStrictEqual(yield* names(mcp, { "x-mcp-tools": " list_agents , list_spaces," }), [
        "list_agents",
        "list_spaces"
      ])
      const spaces = yield* names(mcp, { "x-mcp-toolsets": "spaces" })
      assert.include(spaces, "list_spaces")
      assert.notInclude(spaces, "list_agents")
      assert.deepStrictEqual(
        yield* names(mcp, { "x-mcp-toolsets": "spaces", "x-mcp-exclude-tools": "list_spaces" }),
        spaces.filter((name) => name !== "list_spaces")
      )
      assert.deepStrictEqual(
        yield* names(mcp, { "x-mcp-tools": "list_agents", "x-mcp-exclude-tools": "list_agents" }),
        []
      )
      for (const value of ["true", "1", "YES", " on "]) {
        assert.deepStrictEqual(
          yield* names(mcp, { "x-mcp-readonly": value }),
          all.filter(({ annotations }) => annotations.readOnlyHint).map(({ name }) => name)
        )
      }
      assert.deepStrictEqual(yield* names(mcp, { "x-mcp-readonly": "true", "x-mcp-tools": "start_agent" }), [])
      assert.strictEqual((yield* names(mcp, { "x-mcp-readonly": "false" })).length, all.length)
      assert.strictEqual((yield* names(mcp)).length, all.length)
    })
  )

  it.scopedLive("never widens what the operator offers", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({
        SEQUENTUM_TOOLSETS: "spaces,runs",
        SEQUENTUM_EXCLUDE_TOOLS: "list_spaces",
        SEQUENTUM_READ_ONLY: "true"
      })
      const offered = yield* names(mcp)
      assert.isNotEmpty(offered)
      for (const headers of [
        { "x-mcp-readonly": "false" },
        { "x-mcp-readonly": "0", "x-mcp-tools": "list_spaces,start_agent,list_agents" },
        { "x-mcp-toolsets": "agents,spaces,runs" },
        { "x-mcp-exclude-tools": "get_agent" }
      ]) {
        for (const name of yield* names(mcp, headers)) assert.include(offered, name)
      }
      assert.deepStrictEqual(yield* names(mcp, { "x-mcp-tools": "list_spaces,start_agent" }), [])
    })
  )

  it.scopedLive("a hidden tool can't be called, nor its resource read, in either era", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const session = yield* openSession(at.mcp)
      const headers = { "x-mcp-exclude-tools": "list_spaces", "x-mcp-readonly": "true" }
      for (const name of ["list_spaces", "start_agent"]) {
        const answers = [
          yield* callTool.modern(at.mcp, name, { agentId: 4101 }, { headers }),
          yield* callTool.legacy(at.mcp, name, { agentId: 4101 }, { headers, session })
        ]
        for (const answer of answers) {
          const { code, message: said } = yield* rpcErrorOf(answer)
          assert.strictEqual(code, -32602)
          assert.match(said, /Unknown tool/u)
        }
      }
      const uri = "sequentum://spaces"
      const hidden = yield* modern(at.mcp, "resources/read", { uri }, { headers: { ...headers, "mcp-name": uri } })
      assert.strictEqual((yield* rpcErrorOf(hidden)).code, -32602)
      assert.strictEqual(yield* upstreamCalls(at), 0)
      // The next request in the same session has no such headers.
      const shown = yield* callTool.legacy(at.mcp, "list_spaces", {}, { session })
      assert.notStrictEqual((yield* resultOf(shown)).isError, true)
      yield* startRun(at)
    })
  )

  it.scopedLive("a session has no selection of its own", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const session = yield* openSession(mcp, { headers: { "x-mcp-tools": "list_spaces" } })
      const some = yield* Effect.flatMap(
        legacy(mcp, "tools/list", {}, { session, headers: { "x-mcp-tools": "list_agents" } }),
        listed
      )
      assert.deepStrictEqual(
        some.map(({ name }) => name),
        ["list_agents"]
      )
      const all = yield* Effect.flatMap(legacy(mcp, "tools/list", {}, { session }), listed)
      assert.isAbove(all.length, 40)
    })
  )

  it.scopedLive("an unknown name gets 400 with the valid ones; so does a value that is not a boolean", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      for (const [header, value, valid] of [
        ["x-mcp-toolsets", "spaces,nonsense", "billing"],
        ["x-mcp-tools", "nonsense", "list_agents"],
        ["x-mcp-tools", "List_Agents", "list_agents"],
        ["x-mcp-exclude-tools", "nonsense", "list_agents"],
        ["x-mcp-readonly", "maybe", "true or false"],
        ["x-mcp-readonly", "", "true or false"],
        ["x-mcp-tools", "constructor", "list_agents"]
      ] as const) {
        const answer = yield* modern(mcp, "tools/list", {}, { headers: { [header]: value } })
        assert.strictEqual(answer.status, 400, `${header}: ${value}`)
        const { code, message: said } = yield* rpcErrorOf(answer)
        assert.strictEqual(code, -32000)
        assert.include(said, valid)
      }
      const huge = yield* modern(mcp, "tools/list", {}, { headers: { "x-mcp-tools": "x".repeat(5000) } })
      assert.isBelow((yield* rpcErrorOf(huge)).message.length, 3000)
    })
  )

  it.scopedLive("an empty list offers nothing", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      assert.deepStrictEqual(yield* names(mcp, { "x-mcp-tools": "," }), [])
    })
  )
})
