import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { account } from "../support/account.ts"
import { allCases } from "./cases.ts"
import type { Sent } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

const decodeResult = Schema.decodeUnknown(
  Schema.Struct({ notice: Schema.optional(Schema.String) }, { key: Schema.String, value: Schema.Unknown })
)

/** Puts a row of null before the rows of a list: of the body itself or of its member `name`. */
const spoil = (body: unknown, name: string | undefined): unknown => {
  if (name === undefined) return Array.isArray(body) ? [null, ...body.map((row: unknown) => row)] : body
  return Predicate.isRecord(body) ? { ...body, [name]: spoil(body[name], undefined) } : body
}

/** Tools that show rows: the request that lists them, and the member of its answer that holds them. */
const lists: ReadonlyArray<readonly [tool: string, path: RegExp, member?: string]> = [
  ["list_agents", /^\/agent\/all$/u, "agents"],
  ["search_agents", /^\/agent\/search$/u],
  ["get_agent_runs", /\/runs$/u],
  ["get_agent_run_summary", /\/runs\/summary$/u, "statusCounts"],
  ["get_run_files", /\/files$/u],
  ["get_agent_versions", /\/versions$/u],
  ["list_agent_schedules", /\/schedules$/u],
  ["get_scheduled_runs", /\/upcoming$/u],
  ["get_credit_history", /\/history$/u, "transactions"],
  ["get_agents_usage", /\/billing\/agents$/u, "agents"],
  ["get_agent_cost_breakdown", /\/billing\/agents\/7$/u, "usageTypes"],
  ["get_agent_runs_cost", /\/billing\/agents\/7\/runs$/u, "runs"],
  ["list_spaces", /^\/spaces$/u],
  ["get_space_agents", /\/agents$/u],
  ["run_space_agents", /\/run-all$/u, "results"],
  ["get_runs_summary", /\/runs\/summary$/u, "failedRunDetails"]
]

/** How many rows a body, or its member `name`, has. */
const rowsIn = (body: unknown, name: string | undefined): number => {
  const list = name === undefined ? body : Predicate.isRecord(body) ? body[name] : undefined
  return Array.isArray(list) ? list.length : assert.fail("There is no list")
}

describe("a row that can't be read", () => {
  for (const [tool, path, member] of lists) {
    it.effect(`costs ${tool} that row only, and it says so`, () =>
      Effect.gen(function* () {
        let rows = 0
        const respond = (sent: Sent) => {
          const answer = account(sent)
          if (!path.test(sent.path)) return answer
          const body = spoil(answer.body, member)
          rows = rowsIn(body, member)
          return { ...answer, body }
        }
        const { call } = yield* toolsOver(respond)
        const { arguments: args, result: whole } = yield* Arr.findFirst(allCases, ({ name }) => name === tool)
        const { notice, ...shown } = yield* call(tool, args)
        const { notice: usual, ...expected } = yield* decodeResult(whole)
        assert.deepStrictEqual<unknown>(shown, expected)
        assert.isAtLeast(rows, 2)
        const leftOut = `One of ${rows} rows that Sequentum sent could not be read and is left out.`
        assert.strictEqual(notice, usual === undefined ? leftOut : `${leftOut} ${usual}`)
      })
    )
  }

  it.effect("is counted with the others, and on a page", () =>
    Effect.gen(function* () {
      const agents = Array.from({ length: 50 }, (_, index) => ({ id: index < 3 ? "x" : index }))
      const { call } = yield* toolsOver(() => ({ body: { agents } }))
      const result = yield* call("list_agents", {})
      assert.strictEqual(result["notice"], "3 of 50 rows that Sequentum sent could not be read and are left out.")
      assert.deepNestedPropertyVal(result, "pagination.hasMore", true)
    })
  )

  it.effect("is told of in a result that is cut too", () =>
    Effect.gen(function* () {
      const runs = Array.from({ length: 999 }, (_, id) => ({
        id,
        status: id === 0 ? null : 10,
        message: "Saved to the store"
      }))
      const { call } = yield* toolsOver(() => ({ body: runs }))
      assert.match(
        String((yield* call("get_agent_runs", { agentId: 7, maxRecords: 1000 }))["notice"]),
        /^One of 999 rows that Sequentum sent could not be read and is left out\. The result was too large, so it shows/
      )
    })
  )

  it.effect("is an error where there is no other", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: [{ id: 1, status: null }, { id: 2 }] }))
      const error = yield* Effect.flip(call("get_agent_runs", { agentId: 7 }))
      assert.strictEqual(error._tag, "UnexpectedResponse")
      assert.propertyVal(error, "at", "[0].status")
    })
  )

  it.effect("is no error where there is no row at all", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: [] }))
      assert.deepStrictEqual(yield* call("get_agent_runs", { agentId: 7 }), { runs: [] })
    })
  )
})

describe("numbers that are sent as text", () => {
  it.effect("are read as numbers", () =>
    Effect.gen(function* () {
      const agent = { id: "7", status: "10", configType: "2", spaceId: "3", version: "4" }
      const { call } = yield* toolsOver(() => ({ body: { agents: [agent], totalRecordCount: "10" } }))
      assert.deepStrictEqual(yield* call("list_agents", {}), {
        agents: [{ agentId: 7, status: "Success", configType: "SharedFile", spaceId: 3, version: 4 }],
        pagination: { pageIndex: 1, recordsPerPage: 50, totalRecordCount: 10, hasMore: true }
      })
    })
  )

  it.effect("may have a fraction and an exponent where numbers may", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: { availableCredits: "-12.5e1" } }))
      assert.deepStrictEqual(yield* call("get_credits_balance", {}), { availableCredits: -125 })
      for (const availableCredits of ["", " 1", "1,5", "0x10", "Infinity", "NaN", "one"]) {
        const { call } = yield* toolsOver(() => ({ body: { availableCredits } }))
        const error = yield* Effect.flip(call("get_credits_balance", {}))
        assert.strictEqual(error._tag, "UnexpectedResponse", availableCredits)
      }
    })
  )
})
