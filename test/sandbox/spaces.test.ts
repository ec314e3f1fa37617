import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Agent, Agents, as, books, Problem, Run, Runs, sandbox } from "./drive.ts"

const Space = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  organizationId: Schema.Int,
  created: Schema.NullOr(Schema.String),
  isDefaultAccess: Schema.Boolean
})

const SpaceAgents = Schema.Array(Schema.Struct({ id: Schema.Int, name: Schema.String, configType: Schema.Int }))

const RunAll = Schema.Struct({
  spaceId: Schema.Int,
  spaceName: Schema.String,
  totalAgents: Schema.Int,
  agentsStarted: Schema.Int,
  agentsFailed: Schema.Int,
  results: Schema.Array(
    Schema.Struct({
      agentId: Schema.Int,
      agentName: Schema.String,
      success: Schema.Boolean,
      runId: Schema.NullOr(Schema.Int),
      errorMessage: Schema.NullOr(Schema.String)
    })
  )
})

const Versions = Schema.Array(
  Schema.Struct({
    userName: Schema.NullOr(Schema.String),
    version: Schema.Int,
    created: Schema.String,
    comments: Schema.NullOr(Schema.String),
    fileSize: Schema.Int
  })
)

describe("spaces", () => {
  it.effect("are listed, read and found by their name", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const spaces = yield* Effect.flatMap(get("/spaces"), as(Schema.Array(Space)))
      assert.deepStrictEqual(
        spaces.map((space) => space.name),
        ["Retail Intelligence", "Market Research", "Operations", "Client Deliveries", "Data Feeds"]
      )
      assert.deepStrictEqual(yield* Effect.flatMap(get("/spaces/102"), as(Space)), spaces[1])
      assert.deepStrictEqual(yield* Effect.flatMap(get("/spaces/search?name=market%20RESEARCH"), as(Space)), spaces[1])
      assert.strictEqual((yield* get("/spaces/search?name=retail")).status, 404)
      const none = yield* Effect.flatMap(get("/spaces/search?name=Nowhere"), as(Problem))
      assert.strictEqual(none.status, 404)
      assert.strictEqual((yield* get("/spaces/search")).status, 400)
      assert.strictEqual((yield* get("/spaces/999")).status, 404)
      assert.strictEqual((yield* get("/spaces/abc")).status, 400)
    })
  )

  it.effect("list their agents, without archived ones", () =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const all = yield* Effect.flatMap(get("/agent/all"), as(Agents))
      for (const id of [101, 102, 103, 104, 105]) {
        const agents = yield* Effect.flatMap(get(`/spaces/${id}/agents`), as(SpaceAgents))
        assert.sameMembers(
          agents.map((agent) => agent.id),
          all.filter((agent) => agent.spaceId === id).map((agent) => agent.id)
        )
        const { json } = yield* get(`/spaces/${id}/agents/count`)
        assert.deepStrictEqual(json, { totalCount: agents.length })
      }
    })
  )

  it.effect("run all their agents that can run", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const body = { InputParameters: '{"maxPages":"2"}' }
      const reply = yield* Effect.flatMap(post("/spaces/103/run-all", { body }), as(RunAll))
      assert.include(reply, { spaceName: "Operations", totalAgents: 5, agentsStarted: 3, agentsFailed: 2 })
      for (const result of reply.results) {
        assert.strictEqual(result.runId !== null, result.success)
        assert.strictEqual(result.errorMessage === null, result.success)
        if (result.runId !== null) {
          const run = yield* Effect.flatMap(get(`/agent/${result.agentId}/run/${result.runId}/status`), as(Run))
          assert.strictEqual(run.status, 4)
        }
      }
      assert.include(yield* Effect.flatMap(post("/spaces/104/run-all"), as(RunAll)), { totalAgents: 0 })
      assert.strictEqual((yield* post("/spaces/103/run-all", { body: { inputParameters: "1" } })).status, 400)
      assert.strictEqual((yield* post("/spaces/9/run-all")).status, 404)
    })
  )

  it.effect("accept input files", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const multipart = (field: string) => ({
        headers: { "content-type": "multipart/form-data; boundary=cut" },
        body: `--cut\r\nContent-Disposition: form-data; name="${field}"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n1,2\r\n--cut--\r\n`
      })
      assert.strictEqual((yield* post("/input-files/space/101", multipart("files"))).status, 200)
      assert.strictEqual((yield* post("/input-files/space/101", multipart("file"))).status, 400)
      assert.strictEqual((yield* post("/input-files/space/101", { body: {} })).status, 400)
      assert.strictEqual((yield* post("/input-files/space/999", multipart("files"))).status, 404)
    })
  )
})

describe("versions", () => {
  it.effect("a restore adds a version and does not affect the active run", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      yield* TestClock.adjust("2 minutes")
      const before = yield* Effect.flatMap(get(`/agent/${books}/versions`), as(Versions))
      assert.deepStrictEqual(
        before.map(({ version }) => version),
        [4, 3, 2, 1]
      )
      assert.isNull(before.at(-1)?.comments)
      const reply = yield* post(`/agent/${books}/version/2/restore`, { body: { content: "Back to two" } })
      assert.strictEqual(reply.status, 200)
      assert.strictEqual(reply.text, "")
      const after = yield* Effect.flatMap(get(`/agent/${books}/versions`), as(Versions))
      assert.deepStrictEqual(after.slice(1), before)
      assert.include(after[0], {
        version: 5,
        comments: "Back to two",
        created: "2026-03-11T12:02:00.000Z",
        fileSize: before[2]?.fileSize ?? 0
      })
      assert.strictEqual((yield* Effect.flatMap(get(`/agent/${books}`), as(Agent))).version, 5)
      const runs = yield* Effect.flatMap(get(`/agent/${books}/runs?maxRecords=1`), as(Runs))
      assert.include(runs[0], { id, status: 1 })
      assert.propertyVal((yield* get(`/agent/${books}/run/${id}/status`)).json, "configVersion", 4)
    })
  )

  it.effect("that do not exist cannot be restored", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const before = yield* get(`/agent/${books}/versions`)
      assert.strictEqual((yield* post(`/agent/${books}/version/9/restore`, { body: { content: "x" } })).status, 404)
      assert.strictEqual((yield* post(`/agent/${books}/version/two/restore`, { body: { content: "x" } })).status, 400)
      assert.strictEqual((yield* get(`/agent/${books}/versions`)).text, before.text)
    })
  )
})
