import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { AgentListQuery } from "../../src/sequentum/Agents.ts"
import type { Agent } from "../../src/sequentum/schemas/Agent.ts"
import { AgentId, SpaceId } from "../../src/sequentum/schemas/common.ts"
import { callOver } from "../support/fakes.ts"

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
    yield* callOver({ agents: { list } }, "list_agents", args)
    assert.strictEqual(queries.length, 1)
    return Object.fromEntries(Object.entries(queries[0] ?? {}).filter(([, value]) => value !== undefined))
  })

const firstPage = { pageIndex: 1, recordsPerPage: 50 }

describe("list_agents asks Sequentum", () => {
  for (const [what, args, query] of [
    ["for the first page by default", {}, firstPage],
    ["for the given page", { pageIndex: 3, recordsPerPage: 10 }, { pageIndex: 3, recordsPerPage: 10 }],
    ["for part of a name by Sequentum's parameter name", { search: "boo" }, { ...firstPage, name: "boo" }],
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

describe("list_agents returns", () => {
  const listed = (agents: ReadonlyArray<Agent>, args: unknown = {}, totalRecordCount?: number) =>
    callOver(
      {
        agents: {
          list: () => Effect.succeed({ agents, ...(totalRecordCount === undefined ? {} : { totalRecordCount }) })
        }
      },
      "list_agents",
      args
    )

  it.effect("the agents in short", () =>
    Effect.gen(function* () {
      const { configType: _, id: agentId, ...others } = books
      assert.deepStrictEqual((yield* listed([books]))["agents"], [{ agentId, ...others }])
    })
  )

  it.effect("NeverRun as the status of an agent that never ran", () =>
    Effect.gen(function* () {
      const { status: _, ...idle } = books
      assert.deepNestedPropertyVal(yield* listed([idle]), "agents[0].status", "NeverRun")
    })
  )

  it.effect("only the beginning of a long description", () =>
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
