import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { instantsOf, monthToDate, nextWeek, takeDates, type GivenDates } from "../../src/tools/dates.ts"
import { account } from "../support/account.ts"
import { refused, toolsOver } from "../support/tools.ts"

const at = (instant: string) => TestClock.setTime(Date.parse(instant))

const taken = (given: GivenDates) => takeDates({ tool: "a_tool" }, given)

describe("a named period", () => {
  const days: ReadonlyArray<
    readonly [now: string, period: GivenDates["period"], timezone: string | undefined, start: string, end: string]
  > = [
    ["2026-03-11T12:00:00Z", "today", undefined, "2026-03-11T00:00:00.000Z", "2026-03-11T12:00:00.000Z"],
    ["2026-03-11T12:00:00Z", "yesterday", undefined, "2026-03-10T00:00:00.000Z", "2026-03-10T23:59:59.999Z"],
    ["2026-03-11T12:00:00Z", "last7Days", undefined, "2026-03-05T00:00:00.000Z", "2026-03-11T12:00:00.000Z"],
    ["2026-03-11T12:00:00Z", "last30Days", undefined, "2026-02-10T00:00:00.000Z", "2026-03-11T12:00:00.000Z"],
    ["2026-03-11T12:00:00Z", "thisMonth", undefined, "2026-03-01T00:00:00.000Z", "2026-03-11T12:00:00.000Z"],
    ["2026-01-11T12:00:00Z", "lastMonth", undefined, "2025-12-01T00:00:00.000Z", "2025-12-31T23:59:59.999Z"],
    // 22:30 in New York is still the day before.
    ["2026-03-12T02:30:00Z", "today", "America/New_York", "2026-03-11T04:00:00.000Z", "2026-03-12T02:30:00.000Z"],
    ["2026-03-12T02:30:00Z", "yesterday", "America/New_York", "2026-03-10T04:00:00.000Z", "2026-03-11T03:59:59.999Z"],
    // In Auckland it is already the first of April.
    ["2026-03-31T12:00:00Z", "thisMonth", "Pacific/Auckland", "2026-03-31T11:00:00.000Z", "2026-03-31T12:00:00.000Z"],
    ["2026-03-31T12:00:00Z", "lastMonth", "Pacific/Auckland", "2026-02-28T11:00:00.000Z", "2026-03-31T10:59:59.999Z"],
    // The clocks go forward on 29 March in Berlin: 23 hours. They go back on 25 October: 25 hours.
    ["2026-03-30T08:00:00Z", "yesterday", "Europe/Berlin", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"],
    ["2026-10-26T08:00:00Z", "yesterday", "Europe/Berlin", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"],
    ["2026-03-30T08:00:00Z", "last7Days", "Europe/Berlin", "2026-03-23T23:00:00.000Z", "2026-03-30T08:00:00.000Z"],
    // In Cairo the clocks skip the first hour of 24 April, so the day begins at one.
    ["2026-04-24T12:00:00Z", "today", "Africa/Cairo", "2026-04-23T22:00:00.000Z", "2026-04-24T12:00:00.000Z"],
    // In Havana the first hour of 1 November comes twice.
    ["2026-11-02T12:00:00Z", "yesterday", "America/Havana", "2026-11-01T04:00:00.000Z", "2026-11-02T04:59:59.999Z"]
  ]

  for (const [now, period, timezone, startDate, endDate] of days) {
    it.effect(`${period ?? ""} at ${now} in ${timezone ?? "UTC"}`, () =>
      Effect.gen(function* () {
        yield* at(now)
        assert.deepStrictEqual(yield* taken({ period, timezone }), { startDate, endDate })
      })
    )
  }

  it.effect("reaches to its end where what is to come counts", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      assert.deepStrictEqual(yield* nextWeek("a_tool", { period: "thisMonth", timezone: "Europe/Berlin" }), {
        startDate: "2026-02-28T23:00:00.000Z",
        endDate: "2026-03-31T21:59:59.999Z"
      })
    })
  )

  it.effect("is refused together with dates, and in a zone that is none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* refused(account, "get_agents_usage", { period: "today", startDate: "2026-03-01" }),
        ["period stands in place of startDate and endDate: give it or them, not both."]
      )
      for (const tool of ["get_runs_summary", "get_scheduled_runs", "get_spending_summary"]) {
        assert.deepStrictEqual(yield* refused(account, tool, { period: "today", timezone: "+02:00" }), [
          'timezone must be an IANA time zone such as Europe/Berlin, but was "+02:00".'
        ])
      }
    })
  )
})

describe("dates without a zone", () => {
  it.effect("are those of timezone, the whole of the last day included", () =>
    Effect.gen(function* () {
      const timezone = "Europe/Berlin"
      assert.deepStrictEqual(yield* taken({ startDate: "2026-03-29", endDate: "2026-03-29", timezone }), {
        startDate: "2026-03-28T23:00:00.000Z",
        endDate: "2026-03-29T21:59:59.999Z"
      })
      assert.deepStrictEqual(
        yield* taken({ startDate: "2026-03-12T06:00", endDate: "2026-03-12T09:00:00Z", timezone }),
        {
          startDate: "2026-03-12T05:00:00.000Z",
          endDate: "2026-03-12T09:00:00Z"
        }
      )
    })
  )

  it.effect("stay as they are without timezone, and mean UTC", () =>
    Effect.gen(function* () {
      const dates = { startDate: "2026-03-12T06:00", endDate: "2026-03-12" }
      assert.deepStrictEqual(yield* taken(dates), dates)
      assert.deepStrictEqual(instantsOf(dates), {
        from: Date.parse("2026-03-12T06:00:00Z"),
        until: Date.parse("2026-03-12T23:59:59.999Z")
      })
    })
  )

  it.effect("are completed in the days of timezone", () =>
    Effect.gen(function* () {
      yield* at("2026-03-31T22:30:00Z")
      const timezone = "Europe/Berlin"
      assert.deepStrictEqual(yield* monthToDate("a_tool", { timezone }), {
        startDate: "2026-03-31T22:00:00.000Z",
        endDate: "2026-03-31T22:30:00.000Z"
      })
      assert.deepStrictEqual(yield* nextWeek("a_tool", { timezone }), {
        startDate: "2026-03-31T22:00:00.000Z",
        endDate: "2026-04-08T21:59:59.999Z"
      })
    })
  )
})

describe("the dates taken", () => {
  it.effect("are in every result, also where Sequentum does not say them", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const dates = { startDate: "2026-03-10T00:00:00.000Z", endDate: "2026-03-10T23:59:59.999Z" }
      const { call, sent } = yield* toolsOver(({ path }) => ({
        body: path === "/billing/agents" ? { totalCost: 0 } : { totalSpent: 0, totalRuns: 0, runCount: 0 }
      }))
      for (const tool of ["get_spending_summary", "get_agents_usage", "get_runs_summary", "get_records_summary"]) {
        const { endDate, startDate } = yield* call(tool, { period: "yesterday" })
        assert.deepStrictEqual({ startDate, endDate }, dates, tool)
      }
      for (const { query } of sent) assert.include(query, dates)
      assert.notProperty(sent[0]?.query, "period")
    })
  )

  it.effect("are the month to date in get_spending_summary too", () =>
    Effect.gen(function* () {
      yield* at("2026-03-11T12:00:00Z")
      const { call } = yield* toolsOver(() => ({ body: { totalSpent: 1 } }))
      assert.deepStrictEqual(yield* call("get_spending_summary", {}), {
        startDate: "2026-03-01",
        endDate: "2026-03-11T12:00:00.000Z",
        totalSpent: 1
      })
    })
  )
})
