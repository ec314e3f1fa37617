import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { startsOf, type Timed } from "../../src/tools/catalog/scheduleStarts.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const iso = (at: number) => new Date(at).toISOString()

/** Zones, each with a day on which its clocks go forward and one on which they go back. */
const zones: Readonly<Record<string, readonly [string, string]>> = {
  "Europe/Berlin": ["2026-03-29", "2026-10-25"],
  "America/New_York": ["2026-03-08", "2026-11-01"],
  // By half an hour.
  "Australia/Lord_Howe": ["2026-10-04", "2026-04-05"],
  // At midnight, so that the day has no start, and at the end of the day.
  "Africa/Cairo": ["2026-04-24", "2026-10-29"],
  "America/Havana": ["2026-03-08", "2026-11-01"],
  "Pacific/Auckland": ["2026-09-27", "2026-04-05"],
  "Asia/Kathmandu": ["2026-03-29", "2026-10-25"],
  UTC: ["2026-02-28", "2026-12-31"]
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The wall clock of a zone, as epoch milliseconds of the same time in UTC. */
const wallClock = (at: number, zone: string): number => {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" })
  formats.set(zone, format)
  return Date.parse(`${format.format(at).replace(" ", "T")}Z`)
}

// A field is a star, a number, a range or a list of these, each with a step if it has one.
const accepts = (field: string, value: number): boolean =>
  field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/")
    const [low = "", high = low] = range.split("-")
    if (value % Number(step) !== 0) return false
    return range === "*" || (value >= Number(low) && value <= Number(high))
  })

const matches = (cron: string, wall: number): boolean => {
  const [minutes = "", hours = "", days = "", months = "", weekdays = ""] = cron.split(" ")
  const time = new Date(wall)
  const isDay = accepts(days, time.getUTCDate())
  const isWeekday = accepts(weekdays, time.getUTCDay())
  return (
    accepts(minutes, time.getUTCMinutes()) &&
    accepts(hours, time.getUTCHours()) &&
    accepts(months, time.getUTCMonth() + 1) &&
    (days === "*" || weekdays === "*" ? isDay && isWeekday : isDay || isWeekday)
  )
}

/** Looks at the wall clock of every minute. */
const minuteByMinute = (cron: string, zone: string, from: number, until: number): ReadonlyArray<number> => {
  const isHourly = cron.split(" ")[1] === "*"
  const starts = new Set<number>()
  const seen = new Set<number>()
  let before = wallClock(from - 3 * hour - minute, zone)
  for (let at = from - 3 * hour; at <= until; at += minute) {
    const wall = wallClock(at, zone)
    for (let skipped = before + minute; !isHourly && skipped < wall; skipped += minute) {
      if (matches(cron, skipped)) starts.add(at + (skipped - before - minute))
    }
    if (matches(cron, wall) && (isHourly || !seen.has(wall))) starts.add(at)
    seen.add(wall)
    before = wall
  }
  return [...starts].filter((at) => at >= from && at <= until).sort((left, right) => left - right)
}

const crons = FastCheck.tuple(
  FastCheck.constantFrom("*", "*/15", "0", "30", "5,35", "59"),
  FastCheck.constantFrom("*", "*/6", "0", "1", "2", "1-3", "2,3", "23"),
  FastCheck.constantFrom("*", "*", "25", "1,29", "5-8"),
  FastCheck.constantFrom("*", "*", "3,4,10", "2"),
  FastCheck.constantFrom("*", "*", "0", "1-5")
).map((fields) => fields.join(" "))

const windows = FastCheck.constantFrom(
  ...Object.entries(zones).flatMap(([zone, dates]) => dates.map((date) => ({ zone, date })))
)

const cron = (schedule: string, timezone: string): Timed => ({ scheduleType: "CRON", schedule, timezone })

describe("starts of a cron schedule", () => {
  it("are those that a look at every minute finds, also where the clocks change", () => {
    FastCheck.assert(
      FastCheck.property(crons, windows, FastCheck.nat(2 * 24 * 60), (schedule, { date, zone }, before) => {
        const from = Date.parse(date) - before * minute
        const until = from + 3 * day - minute
        const expected = minuteByMinute(schedule, zone, from, until)
        const starts = startsOf(cron(schedule, zone), { from, until, max: 10_000 })
        assert.deepStrictEqual(starts?.map(iso), expected.map(iso), `${schedule} in ${zone}`)
        assert.deepStrictEqual(startsOf(cron(schedule, zone), { from, until, max: 5 }), starts?.slice(0, 5))
      }),
      { numRuns: 120, seed: 20260311 }
    )
  })

  const changes: ReadonlyArray<
    readonly [what: string, schedule: string, date: string, zone: string, starts: ReadonlyArray<string>]
  > = [
    ["a time that is skipped: once, later", "30 2 * * *", "2026-03-29", "Europe/Berlin", ["2026-03-29T01:30:00.000Z"]],
    ["a time that is repeated: once", "30 2 * * *", "2026-10-25", "Europe/Berlin", ["2026-10-25T00:30:00.000Z"]],
    [
      "every hour, where one is skipped",
      "0 * * * *",
      "2026-03-29",
      "Europe/Berlin",
      ["00", "01", "02", "03"].map((at) => `2026-03-29T${at}:00:00.000Z`)
    ],
    [
      "every half hour, where one hour comes twice",
      "*/30 * * * *",
      "2026-10-25",
      "Europe/Berlin",
      ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00"].map((at) => `2026-10-25T${at}:00.000Z`)
    ],
    [
      "every hour, where half an hour is skipped",
      "0 * * * *",
      "2026-10-03T14:00:00Z",
      "Australia/Lord_Howe",
      ["14:30", "16:00", "17:00"].map((at) => `2026-10-03T${at}:00.000Z`)
    ],
    ["two times that become one", "30 2,3 * * *", "2026-03-29", "Europe/Berlin", ["2026-03-29T01:30:00.000Z"]]
  ]

  for (const [what, schedule, date, zone, expected] of changes) {
    it(what, () => {
      const from = Date.parse(date)
      const starts = startsOf(cron(schedule, zone), { from, until: from + 3 * hour, max: 100 })
      assert.deepStrictEqual(starts?.map(iso), expected)
    })
  }

  // Thursday, 26 November 2026. Computed by hand from a calendar, not by this code.
  it.each([
    ["0 9 * * MON", ["2026-11-30", "2026-12-07"]],
    ["0 9 * * mon-fri", ["2026-11-26", "2026-11-27", "2026-11-30"]],
    ["0 9 * * 7", ["2026-11-29", "2026-12-06"]],
    ["0 9 * * 5-7", ["2026-11-27", "2026-11-28", "2026-11-29", "2026-12-04"]],
    ["0 9 * * 1-5/2", ["2026-11-27", "2026-11-30", "2026-12-02"]],
    ["0 9 * JAN,jul *", ["2027-01-01", "2027-01-02"]],
    ["0 9 1/10 * *", ["2026-12-01", "2026-12-11", "2026-12-21", "2026-12-31", "2027-01-01"]],
    ["0 9 29 2 *", ["2028-02-29", "2032-02-29"]],
    // Either of the two days, unless one of them begins with a star.
    ["0 9 13 * 5", ["2026-11-27", "2026-12-04", "2026-12-11", "2026-12-13"]],
    ["0 9 */2 * 1", ["2026-12-07", "2026-12-21"]]
  ] as const)("%s starts on %j", (schedule, days) => {
    const wanted = { from: Date.parse("2026-11-26T00:00:00Z"), until: Number.POSITIVE_INFINITY, max: days.length }
    assert.deepStrictEqual(
      startsOf({ scheduleType: "CRON", schedule, timezone: "UTC" }, wanted)?.map(iso),
      days.map((date) => `${date}T09:00:00.000Z`)
    )
  })

  it("are found years ahead, or not at all", () => {
    const wanted = { from: Date.parse("2026-03-01"), until: Number.POSITIVE_INFINITY, max: 5 }
    assert.deepStrictEqual(startsOf(cron("0 6 29 2 *", "UTC"), wanted)?.map(iso), [
      "2028-02-29T06:00:00.000Z",
      "2032-02-29T06:00:00.000Z"
    ])
    assert.deepStrictEqual(startsOf(cron("0 6 31 2 *", "UTC"), wanted), [])
  })

  it("begin with the next run that Sequentum says, a few seconds aside", () => {
    const wanted = { from: Date.parse("2026-03-01"), until: Date.parse("2026-03-05"), max: 5 }
    const schedule = { ...cron("0 6 * * *", "UTC"), nextRunTime: "2026-03-03T06:00:07Z" }
    assert.deepStrictEqual(startsOf(schedule, wanted)?.map(iso), [
      "2026-03-03T06:00:00.000Z",
      "2026-03-04T06:00:00.000Z"
    ])
  })

  it("can't be computed without a zone or an expression that is known", () => {
    const wanted = { from: 0, until: day, max: 5 }
    assert.isUndefined(startsOf(cron("0 6 * * *", "Mars/Olympus"), wanted))
    assert.isUndefined(startsOf(cron("at six", "UTC"), wanted))
    assert.isUndefined(startsOf({ scheduleType: "CRON" }, wanted))
    assert.isUndefined(startsOf({ scheduleType: "None" }, wanted))
  })
})

describe("starts of an interval", () => {
  it("of minutes or hours are as far apart as that, whatever the clocks do", () => {
    FastCheck.assert(
      FastCheck.property(
        windows,
        FastCheck.integer({ min: 1, max: 50 }),
        FastCheck.constantFrom("minutes" as const, "hours" as const),
        FastCheck.nat(5000),
        ({ date, zone }, count, period, before) => {
          const anchor = Date.parse(date) - before * minute
          const length = count * (period === "hours" ? hour : minute)
          const from = Date.parse(date) - day
          const expected: Array<number> = []
          for (let at = anchor; at <= from + 2 * day; at += length) if (at >= from) expected.push(at)
          const schedule: Timed = {
            scheduleType: "RunEvery",
            runEveryCount: count,
            runEveryPeriod: period,
            startTime: iso(anchor),
            timezone: zone
          }
          assert.deepStrictEqual(startsOf(schedule, { from, until: from + 2 * day, max: 10_000 }), expected)
        }
      ),
      { numRuns: 100, seed: 20260311 }
    )
  })

  it("of days or weeks keep the local time: a minute-by-minute look agrees", () => {
    FastCheck.assert(
      FastCheck.property(
        windows,
        FastCheck.integer({ min: 1, max: 3 }),
        FastCheck.nat(24 * 60 - 1),
        FastCheck.integer({ min: 2, max: 12 }),
        ({ date, zone }, count, time, daysBefore) => {
          const anchor = Date.parse(date) - daysBefore * day + time * minute
          const local = wallClock(anchor, zone)
          const from = Date.parse(date) - day
          const until = from + 4 * day
          const clock = new Date(local)
          const daily = minuteByMinute(`${clock.getUTCMinutes()} ${clock.getUTCHours()} * * *`, zone, from, until)
          // A skipped time is later on the same day.
          const localDay = (at: number) => Math.floor(wallClock(at, zone) / day)
          const expected = daily.filter((at) => (localDay(at) - Math.floor(local / day)) % count === 0 && at >= anchor)
          const schedule: Timed = {
            scheduleType: "RunEvery",
            runEveryCount: count,
            runEveryPeriod: "days",
            startTime: iso(anchor),
            timezone: zone
          }
          assert.deepStrictEqual(startsOf(schedule, { from, until, max: 10_000 })?.map(iso), expected.map(iso))
        }
      ),
      { numRuns: 60, seed: 20260311 }
    )
  })

  const every = (count: number, period: Timed["runEveryPeriod"], rest: Timed): Timed => ({
    scheduleType: "RunEvery",
    runEveryCount: count,
    runEveryPeriod: period,
    ...rest
  })

  it("of months are on the last day where a month is too short", () => {
    const wanted = { from: Date.parse("2026-02-01"), until: Number.POSITIVE_INFINITY, max: 4 }
    const expected = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"].map((date) => `${date}T06:00:00.000Z`)
    const start = { startTime: "2026-01-31T06:00:00Z" }
    assert.deepStrictEqual(startsOf(every(1, "months", start), wanted)?.map(iso), expected)
    // The next run has lost the day of the month.
    const next = { ...start, nextRunTime: "2026-02-28T06:00:00Z" }
    assert.deepStrictEqual(startsOf(every(1, "months", next), wanted)?.map(iso), expected)
  })

  it("count from the next run where Sequentum says another than the start does", () => {
    const wanted = { from: Date.parse("2026-03-11T12:00:00Z"), until: Date.parse("2026-03-12T12:00:00Z"), max: 10 }
    const moved = { startTime: "2026-03-01T00:00:00Z", nextRunTime: "2026-03-11T15:10:00Z" }
    assert.deepStrictEqual(startsOf(every(6, "hours", moved), wanted)?.map(iso), [
      "2026-03-11T15:10:00.000Z",
      "2026-03-11T21:10:00.000Z",
      "2026-03-12T03:10:00.000Z",
      "2026-03-12T09:10:00.000Z"
    ])
    assert.isUndefined(startsOf(every(6, "hours", {}), wanted))
  })
})

describe("the start of a single run", () => {
  const wanted = { from: Date.parse("2026-03-11"), until: Date.parse("2026-03-12"), max: 5 }
  const once = (startTime: string): Timed => ({ scheduleType: "RunOnce", startTime })

  it("is listed if it lies in the window", () => {
    assert.deepStrictEqual(startsOf(once("2026-03-11T06:00:00"), wanted)?.map(iso), ["2026-03-11T06:00:00.000Z"])
    assert.deepStrictEqual(startsOf(once("2026-03-10T06:00:00Z"), wanted), [])
    assert.deepStrictEqual(startsOf(once("2026-03-12T06:00:00Z"), wanted), [])
  })
})
