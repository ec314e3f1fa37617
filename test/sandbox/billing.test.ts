import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { AgentError, as, books, failing, quick, Run, sandbox } from "./drive.ts"

const Credits = Schema.Struct({
  availableCredits: Schema.Number,
  organizationId: Schema.Int,
  retrievedAt: Schema.String
})

const Spending = Schema.Struct({
  totalSpent: Schema.Number,
  startDate: Schema.String,
  endDate: Schema.String,
  currentBalance: Schema.Number
})

const History = Schema.Struct({
  transactions: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      transactionType: Schema.String,
      amount: Schema.Number,
      balance: Schema.Number,
      created: Schema.String
    })
  ),
  totalCount: Schema.Int,
  pageIndex: Schema.Int,
  recordsPerPage: Schema.Int
})

const AgentsUsage = Schema.Struct({
  agents: Schema.Array(
    Schema.Struct({ agentId: Schema.Int, agentName: Schema.NullOr(Schema.String), cost: Schema.Number })
  ),
  totalRecordCount: Schema.Int,
  totalCost: Schema.Number
})

const Breakdown = Schema.Struct({
  agentId: Schema.Int,
  labels: Schema.Array(Schema.String),
  usageTypes: Schema.Array(
    Schema.Struct({ type: Schema.String, data: Schema.Array(Schema.Number), totalCost: Schema.Number })
  ),
  totalCost: Schema.Number
})

const RunCosts = Schema.Struct({
  runs: Schema.Array(
    Schema.Struct({
      runId: Schema.Int,
      date: Schema.String,
      cost: Schema.Number,
      billingType: Schema.NullOr(Schema.String)
    })
  ),
  totalRecordCount: Schema.Int,
  totalCost: Schema.Number
})

/** Credits in ten-thousandths, so that sums are compared as integers. */
const units = (credits: number): number => Math.round(credits * 10_000)

const total = (credits: ReadonlyArray<number>): number => credits.reduce((sum, credit) => sum + units(credit), 0)

const prepared = Effect.gen(function* () {
  const box = yield* sandbox()
  const usage = (query: string) => Effect.flatMap(box.get(`/billing/agents?${query}`), as(AgentsUsage))
  const breakdown = (id: number, query: string) =>
    Effect.flatMap(box.get(`/billing/agents/${id}?${query}`), as(Breakdown))
  const runCosts = (id: number, query: string) =>
    Effect.flatMap(box.get(`/billing/agents/${id}/runs?${query}`), as(RunCosts))
  const spending = (query: string) => Effect.flatMap(box.get(`/billing/spending?${query}`), as(Spending))
  const credits = Effect.flatMap(box.get("/billing/credits"), as(Credits))
  const history = (query: string) => Effect.flatMap(box.get(`/billing/history?${query}`), as(History))
  return { ...box, usage, breakdown, runCosts, spending, credits, history } as const
})

class Reports extends Context.Tag("Reports")<Reports, Effect.Effect.Success<typeof prepared>>() {}

const start = Date.parse("2026-01-20T00:00:00Z")
const hour = 3_600_000

describe("costs", () => {
  // The reports only read, so all samples share one account. To seed one for each sample took half the time.
  it.layer(Layer.effect(Reports, prepared))((it) => {
    it.effect.prop(
      "add up in every report, for any period",
      {
        from: FastCheck.integer({ min: 0, max: 50 * 24 }),
        hours: FastCheck.integer({ min: 0, max: 50 * 24 }),
        unit: FastCheck.constantFrom("day", "month"),
        types: FastCheck.subarray(["RunUsage", "ExportDataBandwidth", "ExportDataCpm", "InputCount", "ProxyUsage"], {
          minLength: 1
        })
      },
      ({ from, hours, types, unit }) =>
        Effect.gen(function* () {
          const { breakdown, runCosts, spending, usage } = yield* Reports
          const begin = new Date(start + from * hour).toISOString()
          const end = new Date(start + (from + hours) * hour).toISOString()
          const period = `startDate=${begin}&endDate=${end}`
          const spent = yield* spending(period)
          const agents = yield* usage(`${period}&recordsPerPage=1000`)
          assert.strictEqual(units(agents.totalCost), units(spent.totalSpent))
          assert.strictEqual(total(agents.agents.map(({ cost }) => cost)), units(spent.totalSpent))
          for (const { agentId, cost } of agents.agents) {
            const parts = yield* breakdown(agentId, `${period}&timeUnit=${unit}`)
            assert.strictEqual(units(parts.totalCost), units(cost))
            assert.strictEqual(total(parts.usageTypes.map(({ totalCost }) => totalCost)), units(cost))
            for (const { data, totalCost } of parts.usageTypes) {
              assert.strictEqual(total(data), units(totalCost))
              assert.include([0, parts.labels.length], data.length)
            }
            const runs = yield* runCosts(agentId, `${period}&recordsPerPage=1000`)
            assert.strictEqual(units(runs.totalCost), units(cost))
            assert.strictEqual(total(runs.runs.map(({ cost }) => cost)), units(cost))
            const filter = `${period}&usageTypes=${types.join(",")}`
            const some = yield* breakdown(agentId, filter)
            assert.deepStrictEqual(
              some.usageTypes.map(({ totalCost, type }) => [type, totalCost]),
              parts.usageTypes
                .filter(({ type }) => types.includes(type))
                .map(({ totalCost, type }) => [type, totalCost])
            )
            assert.strictEqual(units((yield* runCosts(agentId, filter)).totalCost), units(some.totalCost))
          }
        }),
      { fastCheck: { numRuns: 20 }, timeout: 60_000 }
    )
  })

  it.effect("of a new run appear when it ends, and reduce the balance", () =>
    Effect.gen(function* () {
      const { credits, history, post, runCosts, spending } = yield* prepared
      // The first request creates the account. Its run in progress must end first.
      yield* credits
      yield* TestClock.adjust("15 minutes")
      const before = { credits: yield* credits, spending: yield* spending("") }
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual((yield* credits).availableCredits, before.credits.availableCredits)
      yield* TestClock.adjust("6 minutes")
      const { runs } = yield* runCosts(books, "sortOrder=1")
      assert.strictEqual(runs[0]?.runId, id)
      const cost = units(runs[0]?.cost ?? 0)
      assert.isAbove(cost, 0)
      const after = { credits: yield* credits, spending: yield* spending("") }
      assert.strictEqual(units(before.credits.availableCredits) - units(after.credits.availableCredits), cost)
      assert.strictEqual(units(after.spending.totalSpent) - units(before.spending.totalSpent), cost)
      const [last] = (yield* history("")).transactions
      assert.include(last, { transactionType: "Debit" })
      assert.strictEqual(units(last?.amount ?? 0), -cost)
    })
  )

  it.effect("do not depend on the speed of the sandbox", () =>
    Effect.gen(function* () {
      const cost = (speed: number) =>
        Effect.gen(function* () {
          const { get, post } = yield* sandbox({ speed })
          yield* post(`/agent/${quick}/start`)
          yield* TestClock.adjust("2 minutes")
          const { runs } = yield* Effect.flatMap(get(`/billing/agents/${quick}/runs?sortOrder=1`), as(RunCosts))
          return runs[0]?.cost ?? 0
        })
      assert.approximately(yield* cost(60), yield* cost(1), 0.001)
    })
  )

  it.effect("of a build belong to the drafted agent and to no run", () =>
    Effect.gen(function* () {
      const { breakdown, get, post, runCosts, spending, usage } = yield* prepared
      const before = yield* spending("")
      const { json } = yield* post("/agent-builder/start", { body: { prompt: "All hotels of hotels.example" } })
      const { sessionId } = yield* Schema.decodeUnknown(Schema.Struct({ sessionId: Schema.String }))(json)
      yield* TestClock.adjust("3 minutes")
      const { agentId } = yield* Effect.flatMap(
        get(`/agent-builder/${sessionId}/status`),
        as(Schema.Struct({ agentId: Schema.Int }))
      )
      const parts = yield* breakdown(agentId, "")
      assert.strictEqual(parts.totalCost, 1.5)
      assert.strictEqual(parts.usageTypes.find(({ type }) => type === "AgentBuilder")?.totalCost, 1.5)
      assert.deepStrictEqual((yield* runCosts(agentId, "")).runs, [])
      const rows = yield* usage("usageTypes=AgentBuilder")
      assert.deepStrictEqual(
        rows.agents.map(({ cost }) => cost),
        [1.5]
      )
      const after = yield* spending("")
      assert.isAtLeast(units(after.totalSpent) - units(before.totalSpent), units(1.5))
    })
  )
})

describe("the balance", () => {
  it.effect("is the sum of all transactions, page by page", () =>
    Effect.gen(function* () {
      const { credits, history, spending } = yield* prepared
      const first = yield* history("")
      assert.include(first, { pageIndex: 1, recordsPerPage: 50 })
      assert.lengthOf(first.transactions, 50)
      const pages = yield* Effect.forEach([1, 2, 3, 4], (page) => history(`pageIndex=${page}&recordsPerPage=100`))
      const all = pages.flatMap((page) => page.transactions)
      assert.isAbove(all.length, 100)
      assert.lengthOf(all, first.totalCount)
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
      const { availableCredits } = yield* credits
      assert.strictEqual(total(all.map(({ amount }) => amount)), units(availableCredits))
      assert.strictEqual(units(all[0]?.balance ?? 0), units(availableCredits))
      assert.strictEqual(units((yield* spending("")).currentBalance), units(availableCredits))
      for (const [index, { amount, balance }] of all.entries()) {
        const older = all[index + 1]
        if (older !== undefined) assert.strictEqual(units(balance), units(older.balance) + units(amount))
      }
      const types = new Set(all.map(({ transactionType }) => transactionType))
      assert.sameMembers([...types], ["Initial", "Credit", "Debit", "Refund", "Expiration"])
      assert.strictEqual((yield* history("pageIndex=99")).transactions.length, 0)
    })
  )

  it.effect("of an account without credits is zero, and no run can start", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const withoutCredits = { headers: { authorization: "ApiKey sk-no-credits" } }
      assert.strictEqual(
        (yield* Effect.flatMap(get("/billing/credits", withoutCredits), as(Credits))).availableCredits,
        0
      )
      const error = yield* Effect.flatMap(post(`/agent/${books}/start`, withoutCredits), as(AgentError))
      assert.include(error, { statusCode: 422, errorCode: "insufficient_credits" })
      // The run in progress ends and is charged, but the balance cannot fall below zero.
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(
        (yield* Effect.flatMap(get("/billing/credits", withoutCredits), as(Credits))).availableCredits,
        0
      )
      const { transactions } = yield* Effect.flatMap(get("/billing/history", withoutCredits), as(History))
      assert.deepStrictEqual(
        transactions.slice(0, 2).map(({ transactionType }) => transactionType),
        ["WriteOff", "Debit"]
      )
      assert.strictEqual(transactions[0]?.balance, 0)
    })
  )

  it.effect("falls when a grant expires", () =>
    Effect.gen(function* () {
      const { credits } = yield* prepared
      assert.isAbove((yield* credits).availableCredits, 100)
      yield* TestClock.adjust("335 days")
      assert.isBelow((yield* credits).availableCredits, 1)
    })
  )
})

describe("reports", () => {
  it.effect("of agents are paged, sorted and filtered", () =>
    Effect.gen(function* () {
      const { usage } = yield* prepared
      const period = "startDate=2026-01-20&endDate=2026-03-11"
      const all = yield* usage(period)
      const names = all.agents.map(({ agentName }) => agentName ?? "")
      assert.deepStrictEqual(
        names,
        [...names].sort((a, b) => a.localeCompare(b, "en"))
      )
      const byCost = yield* usage(`${period}&sortColumn=cost&sortOrder=1`)
      const costs = byCost.agents.map(({ cost }) => cost)
      assert.deepStrictEqual(
        costs,
        [...costs].sort((a, b) => b - a)
      )
      const second = yield* usage(`${period}&pageIndex=2&recordsPerPage=5`)
      assert.deepStrictEqual(second.agents, all.agents.slice(5, 10))
      assert.strictEqual(second.totalCost, all.totalCost)
      const one = yield* usage(`${period}&name=BOOK`)
      assert.deepStrictEqual(
        one.agents.map(({ agentId }) => agentId),
        [books]
      )
      assert.strictEqual(one.totalCost, one.agents[0]?.cost)
      assert.deepStrictEqual(
        (yield* usage(`${period}&usageTypes=Server Time`)).totalCost,
        (yield* usage(`${period}&usageTypes=RunUsage`)).totalCost
      )
    })
  )

  it.effect("of one agent have a label for every day or month", () =>
    Effect.gen(function* () {
      const { breakdown } = yield* prepared
      const days = yield* breakdown(books, "startDate=2026-02-27&endDate=2026-03-02")
      assert.deepStrictEqual(days.labels, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"])
      const months = yield* breakdown(books, "startDate=2026-01-31&endDate=2026-03-02&timeUnit=month")
      assert.deepStrictEqual(months.labels, ["2026-01-01", "2026-02-01", "2026-03-01"])
      // The agent has no proxy, so this usage type has no data.
      assert.deepStrictEqual(months.usageTypes.find(({ type }) => type === "ProxyUsage")?.data, [])
    })
  )

  it.effect("of runs are sorted and paged, with the total of all runs", () =>
    Effect.gen(function* () {
      const { runCosts } = yield* prepared
      const period = "startDate=2026-01-20&endDate=2026-03-11"
      const all = yield* runCosts(failing, period)
      const dates = all.runs.map(({ date }) => date)
      assert.deepStrictEqual(dates, [...dates].sort())
      const mostExpensive = yield* runCosts(failing, `${period}&sortColumn=cost&sortOrder=1&recordsPerPage=2`)
      assert.lengthOf(mostExpensive.runs, 2)
      assert.strictEqual(mostExpensive.runs[0]?.cost, Math.max(...all.runs.map(({ cost }) => cost)))
      assert.strictEqual(mostExpensive.totalCost, all.totalCost)
      assert.strictEqual(mostExpensive.totalRecordCount, all.runs.length)
    })
  )

  it.effect.each([
    "history?recordsPerPage=101",
    "history?pageIndex=0",
    "agents?recordsPerPage=1001",
    "agents?sortColumn=date",
    "agents?usageTypes=Coffee",
    "agents?startDate=2026-03-05&endDate=2026-03-01",
    "spending?startDate=03/05/2026",
    `agents/${books}?timeUnit=week`,
    `agents/${books}?startDate=1900-01-01`,
    `agents/${books}/runs?sortColumn=name`
  ])("refuse %s", (query) =>
    Effect.gen(function* () {
      const { get } = yield* sandbox()
      const reply = yield* get(`/billing/${query}`)
      assert.strictEqual(reply.status, 400)
      assert.strictEqual(reply.headers.get("content-type"), "application/problem+json")
    })
  )

  it.effect("cover this week by default", () =>
    Effect.gen(function* () {
      const { get, spending } = yield* prepared
      assert.include(yield* spending(""), {
        startDate: "2026-03-09T00:00:00.000Z",
        endDate: "2026-03-11T12:00:00.000Z"
      })
      assert.strictEqual((yield* get("/billing/agents/1")).status, 404)
      assert.strictEqual((yield* get("/billing/agents/1/runs")).status, 404)
    })
  )
})
