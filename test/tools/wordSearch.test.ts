import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { makeIndex } from "../../src/tools/catalog/wordSearch.ts"
import { requestLine, type Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

const agents = [
  { id: 1, name: "Laptop prices", description: "Prices and stock of three shops" },
  { id: 2, name: "Daily Exchange Rates (ECB)" },
  { id: 3, name: "Café & Bäckerei Öffnungszeiten" },
  { id: 4, name: "Property listings", description: "Flats for rent in København" },
  { id: 5, name: "Grocery price watch" },
  { id: 6, name: "Company registers" }
]

const spaces = [
  { id: 101, name: "Retail Intelligence" },
  { id: 102, name: "Market Research" },
  { id: 103, name: "Retail Archive" },
  { id: 104, name: "Operations" }
]

/** Sequentum, which searches for parts of names as they stand, and finds none. */
const finding: Respond = ({ path }) => {
  if (path === "/agent/search") return { body: [] }
  if (path === "/agent/all") return { body: { agents, totalRecordCount: agents.length } }
  if (path === "/spaces") return { body: spaces }
  return { status: 404 }
}

const idsOf = (result: Readonly<Record<string, unknown>>) =>
  Array.isArray(result["agents"]) ? result["agents"].map((agent: { agentId?: unknown }) => agent.agentId) : []

describe("search_agents where Sequentum finds nothing", () => {
  const phrases: ReadonlyArray<readonly [query: string, ids: ReadonlyArray<number>]> = [
    ["laptop scraper", [1]],
    ["the price of laptops", [1]],
    ["exchange-rate", [2]],
    ["rates exchange", [2]],
    ["ECB rate", [2]],
    ["cafe offnungszeiten", [3]],
    ["BACKEREI", [3]],
    ["flat kobenhavn", [4]],
    ["submarine", []],
    ["rent flats", [4]],
    ["company register", [6]],
    ["companies", [6]],
    ["prices", [1, 5]],
    ["groceries", [5]]
  ]

  for (const [query, ids] of phrases) {
    it.effect(`finds ${JSON.stringify(ids)} for ${JSON.stringify(query)}`, () =>
      Effect.gen(function* () {
        const { call } = yield* toolsOver(finding)
        const result = yield* call("search_agents", { query })
        assert.deepStrictEqual(idsOf(result), [...ids])
        assert.match(String(result["notice"]), ids.length === 0 ? /^No agent holds/ : /these hold its words\.$/)
      })
    )
  }

  it.effect("names the nearest three where no name holds the words", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(finding)
      assert.deepStrictEqual(yield* call("search_agents", { query: "laptpo prise" }), {
        agents: [],
        notice:
          'No agent holds these words. The nearest names are "Laptop prices" (1), "Property listings" (4), "Grocery price watch" (5).'
      })
    })
  )

  it.effect("returns at most maxRecords, and nothing from an empty account", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(finding)
      assert.deepStrictEqual(idsOf(yield* call("search_agents", { query: "price", maxRecords: 1 })), [1])
      const empty = yield* toolsOver(({ path }) => ({ body: path === "/agent/search" ? [] : { agents: [] } }))
      assert.deepStrictEqual(yield* empty.call("search_agents", { query: "price" }), {
        agents: [],
        notice: "There is no agent."
      })
    })
  )

  it.effect("keeps the list for 30 seconds, and asks Sequentum first each time", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(finding)
      const listed = () => sent.filter(({ path }) => path === "/agent/all").length
      yield* call("search_agents", { query: "laptops" })
      yield* TestClock.adjust("29 seconds")
      yield* call("search_agents", { query: "grocery" })
      assert.strictEqual(listed(), 1)
      yield* TestClock.adjust("2 seconds")
      yield* call("search_agents", { query: "grocery" })
      assert.strictEqual(listed(), 2)
      assert.strictEqual(sent.filter(({ path }) => path === "/agent/search").length, 3)
    })
  )

  it.effect("keeps the lists of callers apart", () =>
    Effect.gen(function* () {
      const { sent, tools } = yield* toolsOver(finding)
      for (const account of ["one", "two", "one"]) {
        yield* Effect.provideService(tools.call("search_agents", { query: "laptops" }), Credentials, {
          scheme: "Bearer",
          secret: Redacted.make(account),
          account
        })
      }
      assert.deepStrictEqual(
        sent.filter(({ path }) => path === "/agent/all").map(({ headers }) => headers["authorization"]),
        ["Bearer one", "Bearer two"]
      )
    })
  )

  it.effect("reads no list where Sequentum finds something", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({ body: [agents[1]] }))
      assert.deepStrictEqual(idsOf(yield* call("search_agents", { query: "laptop scraper" })), [2])
      assert.strictEqual(sent.length, 1)
    })
  )
})

describe("search_space_by_name", () => {
  it.effect("finds a space by a part of its name, and says which others hold it", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(finding)
      assert.deepStrictEqual(yield* call("search_space_by_name", { name: "the research space" }), {
        spaceId: 102,
        name: "Market Research",
        notice: 'No space is called "the research space"; this one holds the words.'
      })
      const { name, notice } = yield* call("search_space_by_name", { name: "retail" })
      assert.strictEqual(name, "Retail Intelligence")
      assert.match(String(notice), /So do "Retail Archive" \(103\): ask the user which is meant\.$/)
      assert.deepStrictEqual(sent.map(requestLine), [
        "GET /spaces/search?name=the research space",
        "GET /spaces",
        "GET /spaces/search?name=retail"
      ])
    })
  )

  it.effect("fails with the nearest names, or as Sequentum does where there is no space", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(finding)
      const failure = yield* Effect.flip(call("search_space_by_name", { name: "Operatoins" }))
      assert.match(
        failure._tag === "ToolFailure" ? failure.message : failure._tag,
        /^No space holds these words\. The nearest names are "Operations" \(104\), /
      )
      const empty = yield* toolsOver(({ path }) => (path === "/spaces" ? { body: [] } : { status: 404 }))
      assert.strictEqual((yield* Effect.flip(empty.call("search_space_by_name", { name: "x" })))._tag, "NotFound")
    })
  )
})

describe("an index of words", () => {
  it("finds by all words of a query, fillers aside, unless there are no others", () => {
    const index = makeIndex([{ name: "Job spider" }, { name: "House prices" }, { name: "Houses, boxes & buses" }])
    const found = (query: string) => index.find(query).map(({ name }) => name)
    assert.deepStrictEqual(found("spider"), ["Job spider"])
    assert.deepStrictEqual(found("house price agent"), ["House prices"])
    assert.deepStrictEqual(found("box bus"), ["Houses, boxes & buses"])
    assert.deepStrictEqual(found("house cat"), [])
    assert.deepStrictEqual(found("---"), [])
  })
})
