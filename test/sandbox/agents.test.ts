import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Agent, AgentError, AgentPage, Agents, archived, as, books, neverRun, Runs, sandbox } from "./drive.ts"

const TotalCount = Schema.Struct({ totalCount: Schema.Int })

describe("/agent/all", () => {
  it.effect("is a plain array unless the query has both paging parameters", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const all = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      assert.isAtLeast(all.length, 14)
      for (const query of ["pageIndex=2", "recordsPerPage=3"]) {
        const reply = yield* get(`/agent/all?${query}`)
        assert.deepStrictEqual(yield* as(Agents)(reply), all)
      }
      const pages: Array<typeof Agent.Type> = []
      for (let page = 1; page <= Math.ceil(all.length / 4); page++) {
        const { agents, totalRecordCount } = yield* Effect.flatMap(
          get(`/agent/all?pageIndex=${page}&recordsPerPage=4`),
          as(AgentPage)
        )
        assert.strictEqual(totalRecordCount, all.length)
        pages.push(...agents)
      }
      assert.deepStrictEqual(pages, [...all])
    })
  )

  it.effect("sorts by each column, in both orders", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      for (const column of ["name", "lastActivity", "created", "updated", "status", "configType"]) {
        const keys = (order: number) =>
          Effect.map(get(`/agent/all?sortColumn=${column}&sortOrder=${order}`), (reply) =>
            Schema.decodeUnknownSync(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })))(
              reply.json
            ).map((agent) => {
              const value = agent[column]
              return typeof value === "string" ? value.toLowerCase() : typeof value === "number" ? value : null
            })
          )
        const rank = (value: string | number | null) => value ?? (column === "status" ? -1 : "")
        const up = yield* keys(0)
        for (const [index, value] of up.entries()) {
          if (index > 0) assert.isTrue(rank(up[index - 1] ?? null) <= rank(value), `${column} at ${index}`)
        }
        const down = yield* keys(1)
        assert.deepStrictEqual(down, [...up].reverse())
        assert.isAbove(new Set(up).size, 1)
      }
    })
  )

  it.effect("filters", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const list = (query: string) => Effect.flatMap(get(`/agent/all?${query}`), as(Agents))
      assert.deepStrictEqual(
        (yield* list("name=BOOKS")).map((agent) => agent.id),
        [books]
      )
      assert.isTrue((yield* list("spaceId=102")).every((agent) => agent.spaceId === 102))
      assert.isTrue((yield* list("status=1")).every((agent) => agent.status === 1))
      assert.lengthOf(yield* list("status=1"), 1)
      assert.deepStrictEqual(new Set((yield* list("configType=3")).map((agent) => agent.configType)), new Set([3]))
      assert.deepStrictEqual(yield* list("name=books&spaceId=102"), [])
      // The case of query keys does not matter.
      assert.lengthOf(yield* list("Name=books"), 1)
    })
  )

  it.effect.each([
    "sortColumn=colour",
    "sortOrder=2",
    "sortOrder=asc",
    "configType=5",
    "pageIndex=0&recordsPerPage=5",
    "status=Failed"
  ])("refuses %s", (query) =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const error = yield* Effect.flatMap(get(`/agent/all?${query}`), as(AgentError))
      assert.include(error, { statusCode: 400, statusDescription: "Bad Request" })
    })
  )

  it.effect("has the peculiarities of the real API", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const all = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      assert.isNull(all.find((agent) => agent.id === neverRun)?.status)
      assert.isUndefined(all.find((agent) => agent.id === archived))
      assert.isAtLeast(all.filter((agent) => agent.spaceId === null).length, 1)
      assert.deepStrictEqual([...new Set(all.map((agent) => agent.configType))].sort(), [1, 2, 3, 4])
      assert.include((yield* get("/agent/all")).text, '"approvalStatus"')
    })
  )
})

describe("one agent", () => {
  it.effect("can be read by id, archived or not", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const agent = yield* Effect.flatMap(get(`/agent/${books}`), as(Agent))
      assert.strictEqual(agent.name, "Books catalogue")
      assert.strictEqual(agent.version, 4)
      const hidden = yield* Effect.flatMap(get(`/agent/${archived}`), as(Agent))
      assert.isFalse(hidden.isActive)
    })
  )

  it.effect.each([
    ["/agent/12345", 404],
    ["/agent/books", 400],
    ["/agent/-1", 400],
    ["/agent/4101/run/x/status", 400],
    ["/agent/4101/run/7/status", 404],
    ["/agent/4101/nothing", 404]
  ] as const)("%s answers %d", ([path, status]) =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const reply = yield* get(path)
      assert.strictEqual(reply.status, status)
      assert.strictEqual((yield* as(AgentError)(reply)).statusCode, status)
    })
  )
})

describe("search and counts", () => {
  it.effect("search matches names and descriptions", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const search = (query: string) => Effect.flatMap(get(`/agent/search?${query}`), as(Agents))
      assert.include(
        (yield* search("query=BOOK")).map((agent) => agent.id),
        books
      )
      assert.isAtLeast((yield* search("query=captcha")).length, 1)
      assert.lengthOf(yield* search("query=e&maxRecords=2"), 2)
      assert.deepStrictEqual(yield* search("query=zzz"), [])
      assert.deepStrictEqual(yield* search("query=hotel"), [])
      for (const bad of ["", "query=", "query=a&maxRecords=1001", "query=a&maxRecords=0"]) {
        assert.strictEqual((yield* get(`/agent/search?${bad}`)).status, 400, bad)
      }
    })
  )

  it.effect("counts agree with lists", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const count = (path: string) => Effect.map(Effect.flatMap(get(path), as(TotalCount)), (body) => body.totalCount)
      const found = yield* Effect.flatMap(get("/agent/search?query=price&maxRecords=1000"), as(Agents))
      assert.strictEqual(yield* count("/agent/search/count?query=price"), found.length)
      assert.strictEqual(yield* count("/agent/search/count?query=hotel"), 0)
      assert.strictEqual(yield* count("/agent/search/count?query=hotel&includeArchived=true"), 1)
      const all = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      assert.strictEqual(yield* count("/agent/personal/count"), all.filter((agent) => agent.spaceId === null).length)
    })
  )

  it.effect("a run summary counts the runs of each state", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const runs = yield* Effect.flatMap(get(`/agent/${books}/runs?maxRecords=1000`), as(Runs))
      const summary = yield* Effect.flatMap(
        get(`/agent/${books}/runs/summary`),
        as(
          Schema.Struct({
            totalCount: Schema.Int,
            statusCounts: Schema.Array(
              Schema.Struct({ status: Schema.Int, statusName: Schema.String, count: Schema.Int })
            )
          })
        )
      )
      assert.strictEqual(summary.totalCount, runs.length)
      assert.strictEqual(
        summary.statusCounts.reduce((sum, { count }) => sum + count, 0),
        runs.length
      )
      assert.deepStrictEqual(summary.statusCounts, [{ status: 10, statusName: "Success", count: runs.length }])
    })
  )
})

describe("the history", () => {
  it.effect("goes back about 45 days, with dozens of runs of every kind", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const agents = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      const runs = (yield* Effect.forEach([...agents.map((agent) => agent.id), archived], (id) =>
        Effect.flatMap(get(`/agent/${id}/runs?maxRecords=1000`), as(Runs))
      )).flat()
      assert.isAbove(runs.length, 120)
      assert.strictEqual(new Set(runs.map((run) => run.id)).size, runs.length)
      const statuses = new Set(runs.map((run) => run.status))
      for (const status of [1, 6, 7, 8, 9, 10, 11]) assert.include([...statuses], status)
      const now = Date.parse("2026-03-11T12:00:00.000Z")
      const oldest = Math.min(...runs.map((run) => Date.parse(run.created)))
      assert.isAbove(now - oldest, 40 * 86_400_000)
      for (const run of runs) {
        const end = run.endTime === null ? null : Date.parse(run.endTime)
        assert.isTrue(end === null || end <= now)
        // A run is live for a day after its end, then history. Status 7 exists in the history only.
        assert.strictEqual(run.tableType, end !== null && end <= now - 86_400_000 ? "history" : "run")
        if (run.status === 6) assert.strictEqual(run.tableType, "run")
        if (run.status === 7) assert.strictEqual(run.tableType, "history")
        if (run.status === 6 || run.status === 7) assert.isAbove((run.message ?? "").length, 20)
      }
    })
  )

  it.effect("is listed newest first, at most maxRecords runs", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const runs = yield* Effect.flatMap(get(`/agent/4102/runs?maxRecords=1000`), as(Runs))
      assert.deepStrictEqual(
        runs.map((run) => run.created),
        runs
          .map((run) => run.created)
          .sort()
          .reverse()
      )
      const few = yield* Effect.flatMap(get(`/agent/4102/runs?maxRecords=3`), as(Runs))
      assert.deepStrictEqual(few, runs.slice(0, 3))
      assert.strictEqual((yield* get("/agent/4102/runs?maxRecords=1001")).status, 400)
    })
  )
})
