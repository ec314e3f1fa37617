import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as Param from "../../src/tools/Param.ts"
import { makeArgumentsReader } from "../../src/tools/readArguments.ts"
import { toolsOver } from "../support/tools.ts"

const Input = Schema.Struct({
  id: Param.agentId,
  count: Param.optionalOr(Param.integer("", { max: 100 }), 50),
  isOn: Param.optional(Param.flag("")),
  text: Param.optional(Param.text("")),
  date: Param.optional(Param.date()),
  json: Param.optional(Param.jsonObjectText("")),
  order: Param.optional(Param.sortOrder("")),
  word: Param.optional(Param.oneOf("", ["RemoveAllFiles", "RemoveEntireRun"])),
  words: Param.optional(Schema.Array(Param.oneOf("", ["Failed", "Running"]))),
  ids: Param.optional(Schema.Array(Param.agentId)),
  tables: Param.optional(Schema.Array(Schema.Struct({ name: Param.text(""), id: Param.optional(Param.agentId) })))
})

const read = makeArgumentsReader(Input)

const taken: ReadonlyArray<readonly [given: unknown, taken: unknown]> = [
  [null, {}],
  [undefined, {}],
  [{ id: "4101" }, { id: 4101 }],
  [{ id: " 4101\n" }, { id: 4101 }],
  [{ id: "4101.0" }, { id: 4101 }],
  [{ count: "5" }, { count: 5 }],
  [{ isOn: "true" }, { isOn: true }],
  [{ isOn: "False" }, { isOn: false }],
  [{ text: 2024 }, { text: "2024" }],
  [{ text: -1.5 }, { text: "-1.5" }],
  [{ json: { category: "Travel" } }, { json: '{"category":"Travel"}' }],
  [{ json: [1, 2] }, { json: "[1,2]" }],
  [{ date: "2026-01-31 06:00" }, { date: "2026-01-31T06:00" }],
  [{ date: "2026-01-31t06:00:00.5z" }, { date: "2026-01-31T06:00:00.5Z" }],
  [{ date: "2026-01-31T06:00+0230" }, { date: "2026-01-31T06:00+02:30" }],
  [{ date: "2026-01-31 06:00:00 -05:00" }, { date: "2026-01-31T06:00:00-05:00" }],
  [{ order: 0 }, { order: "asc" }],
  [{ order: "1" }, { order: "desc" }],
  [{ order: "DESC" }, { order: "desc" }],
  [{ word: "removeentirerun" }, { word: "RemoveEntireRun" }],
  [{ words: "failed" }, { words: ["Failed"] }],
  [{ words: ["RUNNING", "Failed"] }, { words: ["Running", "Failed"] }],
  [{ words: '["failed"]' }, { words: ["Failed"] }],
  [{ ids: ["1", 2] }, { ids: [1, 2] }],
  [{ ids: "[1,2]" }, { ids: [1, 2] }],
  [{ ids: 7 }, { ids: [7] }],
  [{ tables: [{ name: 1, id: "2" }] }, { tables: [{ name: "1", id: 2 }] }],
  [{ tables: '[{"name":"a","id":null}]' }, { tables: [{ name: "a" }] }],
  [{ id: 1, text: null, date: null, json: null, isOn: null }, { id: 1 }],
  [{ id: 1, count: "", isOn: "", date: "", order: "" }, { id: 1 }],
  // A required one is missing, whatever stands for nothing.
  [{ id: null }, {}]
]

const leftAsItCame: ReadonlyArray<unknown> = [
  { id: "41x" },
  { id: "4101.5" },
  { id: " " },
  { id: "" },
  { id: "0x10" },
  { id: "1e3" },
  { id: "007" },
  { id: "+7" },
  { id: true },
  { id: [7] },
  { count: "9007199254740993" },
  { isOn: 1 },
  { isOn: "yes" },
  { text: "" },
  { text: true },
  { text: 1e21 },
  { text: 2 ** 53 },
  { text: ["a"] },
  { date: "tomorrow" },
  { date: "2026-01-31 06" },
  { date: "2026-01-31  06:00" },
  { date: "31-01-2026 06:00" },
  { json: "{broken" },
  { json: 5 },
  { order: 2 },
  { order: "up" },
  { word: 1 },
  { words: { a: 1 } },
  { context: "why" },
  { context: null },
  [],
  "text"
]

const id = FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

const fitting = FastCheck.record(
  {
    id,
    count: FastCheck.integer({ min: 1, max: 100 }),
    isOn: FastCheck.boolean(),
    text: FastCheck.string({ minLength: 1 }),
    date: FastCheck.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((at) => at.toISOString()),
    json: FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue()).map((value) => JSON.stringify(value)),
    order: FastCheck.constantFrom("asc", "desc"),
    words: FastCheck.array(FastCheck.constantFrom("Failed", "Running")),
    ids: FastCheck.array(id),
    tables: FastCheck.array(FastCheck.record({ name: FastCheck.string({ minLength: 1 }), id }))
  },
  { requiredKeys: ["id"] }
)

describe("arguments", () => {
  it.each(taken)("%j are read as %j", (given, expected) => {
    assert.deepStrictEqual(read(given), expected)
  })

  it.each(leftAsItCame.map((given) => [given] as const))("%j stay as they came", (given) => {
    assert.deepStrictEqual(read(given), given)
  })

  it("keep every digit of an id that a number does not hold", () => {
    assert.deepStrictEqual(makeArgumentsReader(Schema.Struct({ runId: Param.runId }))({ runId: "9007199254740993" }), {
      runId: "9007199254740993"
    })
  })

  it.prop("that fit already are read as they are", [fitting], ([args]) => {
    assert.deepStrictEqual(read(args), args)
  })

  it.prop(
    "of any kind are read without failing, and reading again changes nothing",
    [FastCheck.jsonValue()],
    ([any]) => {
      for (const name of Object.keys(Input.fields)) {
        const once = read({ [name]: any })
        assert.deepStrictEqual(read(once), once)
      }
    }
  )
})

/** Calls that models and clients make, with the request that each must come to. */
const calls: ReadonlyArray<
  readonly [tool: string, args: unknown, path: string, query: Readonly<Record<string, string>>]
> = [
  ["get_agent", { agentId: "4101" }, "/agent/4101", {}],
  ["list_agents", { pageIndex: "1", recordsPerPage: "5" }, "/agent/all", { pageIndex: "1", recordsPerPage: "5" }],
  ["list_agents", null, "/agent/all", { pageIndex: "1", recordsPerPage: "50" }],
  [
    "list_agents",
    { search: null, status: null, spaceId: null },
    "/agent/all",
    { pageIndex: "1", recordsPerPage: "50" }
  ],
  ["list_agents", { status: "Running" }, "/agent/all", { pageIndex: "1", recordsPerPage: "50", status: "1" }],
  ["list_agents", { status: "failed" }, "/agent/all", { pageIndex: "1", recordsPerPage: "50", status: "7" }],
  ["list_agents", { status: 7 }, "/agent/all", { pageIndex: "1", recordsPerPage: "50", status: "7" }],
  ["list_agents", { configType: "agent" }, "/agent/all", { configType: "1", pageIndex: "1", recordsPerPage: "50" }],
  ["get_agent_search_count", { query: 2024 }, "/agent/search/count", { query: "2024" }],
  ["get_runs_summary", { endDate: "" }, "/analytics/runs/summary", {}]
]

describe("a call", () => {
  it.effect.each(calls)("of %s with %j asks for the right thing", ([tool, args, path, query]) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({
        body: path === "/agent/search" ? [] : { agents: [], id: 4101 }
      }))
      yield* Effect.either(call(tool, args))
      assert.deepStrictEqual(
        sent.map((request) => [request.path, request.query]),
        [[path, query]]
      )
    })
  )

  it.effect.each([
    [{ scheduleType: "CRON", cronExpression: "0 6 * * *" }, { scheduleType: 3 }],
    [{ scheduleType: "cron", cronExpression: "0 6 * * *" }, { scheduleType: 3 }],
    [
      { scheduleType: 2, runEveryCount: 6, runEveryPeriod: "hours" },
      { scheduleType: 2, runEveryPeriod: 2 }
    ],
    [
      { runEveryCount: "6", runEveryPeriod: 2 },
      { scheduleType: 2, runEveryCount: 6, runEveryPeriod: 2 }
    ]
  ] as const)("of create_agent_schedule with %j sends the API's integers", ([timing, expected]) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({ status: 409 }))
      yield* Effect.either(call("create_agent_schedule", { agentId: 7, name: "Six", ...timing }))
      const body: unknown = JSON.parse(String(sent[0]?.body))
      for (const [name, value] of Object.entries(expected)) assert.propertyVal(body, name, value)
    })
  )

  it.effect.each([
    [{ agentId: "41x" }, 'agentId must be an integer of at least 1, but was "41x".'],
    [{ agentId: "4101.5" }, 'agentId must be an integer of at least 1, but was "4101.5".'],
    [{ agentId: " " }, 'agentId must be an integer of at least 1, but was " ".'],
    [{ agentId: null }, "agentId is required: an integer of at least 1."],
    [{ agentId: 4101, context: "why" }, '"context" is not a parameter: get_agent takes agentId.']
  ] as const)("of get_agent with %j is refused in one sentence, and sends nothing", ([args, problem]) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({}))
      const error = yield* Effect.flip(call("get_agent", args))
      assert.deepStrictEqual(error._tag === "InvalidArguments" ? error.problems : [], [problem])
      assert.deepStrictEqual(sent, [])
    })
  )
})
