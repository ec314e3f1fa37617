import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { readResource } from "../../src/resources/read.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { account } from "../support/account.ts"
import { asCaller } from "../support/caller.ts"
import { requestLine } from "../support/http.ts"
import { refused, toolsOver } from "../support/tools.ts"
import { allCases } from "./cases.ts"

const at = (instant: string) => TestClock.setTime(Date.parse(instant))

/** Tools that accept a period. */
const withPeriod = allCases.filter(({ tool }) => {
  const properties = tool.inputSchema["properties"]
  return Predicate.isRecord(properties) && "startDate" in properties && "endDate" in properties
})

/** Those that keep to the period by themselves: Sequentum lists the runs of an agent without dates. */
const filtering: ReadonlySet<string> = new Set(["get_agent_runs", "find_runs"])

describe("a period", () => {
  for (const { arguments: args, name } of withPeriod) {
    it.effect(`of ${name} may start and end on the same day`, () =>
      Effect.gen(function* () {
        const { call, sent } = yield* toolsOver(account)
        yield* call(name, { ...args, startDate: "2026-03-10T18:00:00Z", endDate: "2026-03-10" })
        yield* call(name, { ...args, startDate: "2026-03-10", endDate: "2026-03-10" })
        yield* call(name, { ...args, startDate: "2026-03-10T12:00:00+02:00", endDate: "2026-03-10T11:00:00Z" })
        const expected = !filtering.has(name)
        const reports = sent.filter(({ path }) => path !== "/agent/7/schedules" && path !== "/agent/all")
        assert.deepStrictEqual(
          reports.map(({ query }) => "startDate" in query),
          [expected, expected, expected]
        )
      })
    )
  }

  const months: ReadonlyArray<readonly [now: string, start: string, end: string]> = [
    ["2026-03-11T12:00:00.000Z", "2026-03-01", "2026-03-11T12:00:00.000Z"],
    ["2026-12-31T23:59:59.000Z", "2026-12-01", "2026-12-31T23:59:59.000Z"],
    ["2027-01-01T00:00:00.000Z", "2027-01-01", "2027-01-01T00:00:00.000Z"],
    ["2028-02-29T00:30:00.000Z", "2028-02-01", "2028-02-29T00:30:00.000Z"]
  ]

  for (const [now, start, end] of months) {
    it.effect(`is by default the month to date: at ${now} it starts on ${start}`, () =>
      Effect.gen(function* () {
        yield* at(now)
        const { call, sent } = yield* toolsOver(account)
        yield* call("get_agents_usage", {})
        yield* call("get_agent_cost_breakdown", { agentId: 7 })
        yield* call("get_agent_runs_cost", { agentId: 7 })
        assert.strictEqual(sent.length, 3)
        for (const { query } of sent) {
          assert.strictEqual(query["startDate"], start)
          assert.strictEqual(query["endDate"], end)
        }
      })
    )
  }

  it.effect("keeps the date that is given and completes the other", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const { call, sent } = yield* toolsOver(account)
      yield* call("get_agents_usage", { startDate: "2026-01-05" })
      yield* call("get_agents_usage", { endDate: "2026-03-05" })
      assert.deepStrictEqual(
        sent.map(({ query }) => [query["startDate"], query["endDate"]]),
        [
          ["2026-01-05", "2026-03-11T12:00:00.000Z"],
          ["2026-03-01", "2026-03-05"]
        ]
      )
      assert.deepStrictEqual(yield* refused(account, "get_agents_usage", { startDate: "2026-03-12" }), [
        "startDate must not be after endDate, but 2026-03-12 is after 2026-03-11T12:00:00.000Z."
      ])
    })
  )

  it.effect("of scheduled runs is by default seven days from today", () =>
    Effect.gen(function* () {
      yield* at("2026-12-28T23:00:00Z")
      const { call, sent } = yield* toolsOver(account)
      yield* call("get_scheduled_runs", {})
      yield* call("get_scheduled_runs", { startDate: "2026-06-01" })
      assert.deepStrictEqual(
        sent
          .filter(({ path }) => path === "/analytics/schedules/upcoming")
          .map(({ query }) => [query["startDate"], query["endDate"]]),
        [
          ["2026-12-28", "2027-01-04"],
          ["2026-06-01", "2026-06-08"]
        ]
      )
    })
  )

  it.effect("of a resource is the documented one", () =>
    Effect.gen(function* () {
      yield* at("2027-01-01T06:00:00Z")
      const { sent, tools } = yield* toolsOver(account)
      for (const path of [
        "billing/spending",
        "billing/agents-usage",
        "analytics/runs",
        "analytics/upcoming-schedules"
      ]) {
        yield* asCaller(Effect.provideService(readResource(`sequentum://${path}`), ToolRegistry, tools))
      }
      assert.deepStrictEqual(sent.map(requestLine), [
        "GET /billing/spending?endDate=2027-01-01T06:00:00.000Z&startDate=2027-01-01",
        "GET /billing/agents?endDate=2027-01-01T06:00:00.000Z&pageIndex=1&recordsPerPage=50&sortColumn=cost&sortOrder=1&startDate=2027-01-01",
        "GET /analytics/runs/summary?endDate=2027-01-01T06:00:00.000Z&includeDetails=true&startDate=2026-12-31T06:00:00.000Z",
        "GET /analytics/schedules/upcoming?endDate=2027-01-08&startDate=2027-01-01",
        "GET /agent/7/schedules"
      ])
    })
  )
})
