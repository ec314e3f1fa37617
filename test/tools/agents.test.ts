import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { AgentListQuery } from "../../src/sequentum/Agents.ts"
import type { Agent } from "../../src/sequentum/schemas/Agent.ts"
import { AgentId, FileId, SpaceId } from "../../src/sequentum/schemas/common.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { fakeTools, type Fakes } from "../fakes.ts"
import { asCaller } from "../support/http.ts"

const call = (fakes: Fakes, name: string, args: unknown) =>
  Effect.flatMap(ToolRegistry, (tools) => asCaller(tools.call(name, args))).pipe(
    Effect.map(({ value }) => value),
    Effect.provide(fakeTools(fakes))
  )

const books: Agent = {
  id: AgentId.make(7),
  name: "Books",
  description: "All books of books.example",
  status: "Success",
  configType: "Agent",
  spaceId: SpaceId.make(3),
  version: 4,
  lastActivity: "2026-03-01T06:05:00Z"
}

/** What list_agents asks Sequentum for. */
const asked = (args: unknown) =>
  Effect.gen(function* () {
    const queries: Array<AgentListQuery> = []
    const list = (query: AgentListQuery) => {
      queries.push(query)
      return Effect.succeed({ agents: [] })
    }
    yield* call({ agents: { list } }, "list_agents", args)
    assert.strictEqual(queries.length, 1)
    return Object.fromEntries(Object.entries(queries[0] ?? {}).filter(([, value]) => value !== undefined))
  })

const firstPage = { pageIndex: 1, recordsPerPage: 50 }

describe("list_agents asks", () => {
  for (const [what, args, query] of [
    ["for a page even when none is named", {}, firstPage],
    ["for the page that is named", { pageIndex: 3, recordsPerPage: 10 }, { pageIndex: 3, recordsPerPage: 10 }],
    ["for part of a name under the name that Sequentum has for it", { search: "boo" }, { ...firstPage, name: "boo" }],
    ["for ascending order by 0", { sortOrder: "asc" }, { ...firstPage, sortOrder: 0 }],
    [
      "for descending order by 1",
      { sortColumn: "name", sortOrder: "desc" },
      { ...firstPage, sortColumn: "name", sortOrder: 1 }
    ],
    ["for a status of 0 too", { status: 0 }, { ...firstPage, status: 0 }],
    ["for a space and a kind", { spaceId: 3, configType: 2 }, { ...firstPage, spaceId: 3, configType: 2 }]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* asked(args), query)
      })
    )
  }
})

describe("list_agents answers", () => {
  const listed = (agents: ReadonlyArray<Agent>, args: unknown = {}, totalRecordCount?: number) =>
    call(
      {
        agents: {
          list: () => Effect.succeed({ agents, ...(totalRecordCount === undefined ? {} : { totalRecordCount }) })
        }
      },
      "list_agents",
      args
    )

  it.effect("with the agents in short", () =>
    Effect.gen(function* () {
      const { id: agentId, ...others } = books
      assert.deepStrictEqual((yield* listed([books]))["agents"], [{ agentId, ...others }])
    })
  )

  it.effect("that an agent which never ran has not", () =>
    Effect.gen(function* () {
      const { status: _, ...idle } = books
      assert.deepNestedPropertyVal(yield* listed([idle]), "agents[0].status", "NeverRun")
    })
  )

  it.effect("with no more than the beginning of a long description", () =>
    Effect.gen(function* () {
      const result = yield* listed([{ ...books, description: "x".repeat(5000) }])
      assert.deepNestedPropertyVal(result, "agents[0].description", `${"x".repeat(199)}…`)
    })
  )

  for (const [what, found, args, total, hasMore] of [
    ["there is more after a page that is not the last", 2, { recordsPerPage: 2 }, 3, true],
    ["there is no more after the last", 1, { pageIndex: 2, recordsPerPage: 2 }, 3, false],
    ["there is no more after a last page that is full", 2, { recordsPerPage: 2 }, 2, false],
    ["there may be more after a full page without a total", 2, { recordsPerPage: 2 }, undefined, true],
    ["there is no more after one that is not full", 1, { recordsPerPage: 2 }, undefined, false]
  ] as const) {
    it.effect(`whether ${what}`, () =>
      Effect.gen(function* () {
        const result = yield* listed(
          Array.from({ length: found }, () => books),
          args,
          total
        )
        assert.deepNestedPropertyVal(result, "pagination.hasMore", hasMore)
      })
    )
  }
})

describe("get_run_files tells a size", () => {
  for (const [fileSize, size] of [
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1024, "1.0 KB"],
    [1_468_006, "1.4 MB"],
    [5 * 1024 ** 3, "5.0 GB"],
    [3000 * 1024 ** 4, "3000.0 TB"]
  ] as const) {
    it.effect(`of ${fileSize} bytes as ${size}`, () =>
      Effect.gen(function* () {
        const file = { id: FileId.make(1), name: "a.csv", fileSize }
        const result = yield* call({ files: { list: () => Effect.succeed([file]) } }, "get_run_files", {
          agentId: 7,
          runId: 90
        })
        assert.deepStrictEqual(result["files"], [{ fileId: 1, name: "a.csv", sizeBytes: fileSize, size }])
      })
    )
  }
})
