import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import type { JsonObject } from "../../src/tools/Tool.ts"
import type { Respond, Sent } from "../support/http.ts"
import { whileTimePasses } from "../support/time.ts"
import { toolsOver } from "../support/tools.ts"

const now = Date.parse("2026-03-11T12:00:00Z")
const agentCount = 500
const perMinute = 100

const at = (time: number) => new Date(time).toISOString()

/** When an agent was active: one after the other, within the last ten hours. */
const lastActivity = (id: number) => at(now - id * 72_000)

/** A Sequentum with 500 agents that answers 100 requests a minute, and refuses each one beyond. */
const fleet = () => {
  const times: Array<number> = []
  let refused = 0
  const respond: Respond = ({ at: time, path, query }: Sent) => {
    const headers = { "x-ratelimit-limit": String(perMinute), "x-ratelimit-window-seconds": "60" }
    if (times.filter((earlier) => earlier > time - 60_000).length >= perMinute) {
      refused += 1
      return { status: 429, headers: { ...headers, "retry-after": "30" } }
    }
    times.push(time)
    return { headers, body: bodyOf(path, query) }
  }
  return { respond, times, refused: () => refused }
}

const bodyOf = (path: string, query: Sent["query"]): unknown => {
  const id = Number(/\/(\d+)(?:\/|$)/u.exec(path)?.[1])
  if (path === "/agent/all") {
    const size = Number(query["recordsPerPage"])
    const first = (Number(query["pageIndex"]) - 1) * size
    const agents = Array.from({ length: Math.max(0, Math.min(size, agentCount - first)) }, (_, index) => ({
      id: first + index + 1,
      name: `Agent ${first + index + 1}`,
      status: 10,
      lastActivity: lastActivity(first + index + 1)
    }))
    return { agents, totalRecordCount: agentCount }
  }
  if (path.endsWith("/runs") && !path.startsWith("/billing")) {
    return [
      { id: id * 10, configId: id, status: id % 3 === 0 ? 6 : 10, startTime: lastActivity(id), message: "Blocked" }
    ]
  }
  if (path.endsWith("/status")) return { id, status: 1 }
  if (path.endsWith("/schedules")) {
    return [{ id: id * 10, configId: id, name: "Nightly", schedule: "0 2 * * *", scheduleType: 3, isEnabled: true }]
  }
  if (path === "/billing/agents") {
    return {
      agents: Array.from({ length: 100 }, (_, index) => ({
        agentId: index + 1,
        agentName: `Agent ${index + 1}`,
        cost: 1
      })),
      totalRecordCount: agentCount,
      totalCost: 500
    }
  }
  if (path === "/analytics/records/summary") return { totalRecordsExtracted: 1000, runCount: 3 }
  return path === "/billing/credits" ? { availableCredits: 5 } : { id }
}

/** Calls a tool, and right after it another that must not have to wait. */
const callIn = (tool: string, args: JsonObject) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const { refused, respond, times } = fleet()
    const { call } = yield* toolsOver(respond)
    // The limit is known after the first answer.
    yield* call("get_credits_balance", {})
    const result = yield* whileTimePasses(call(tool, args), "1 second")
    const seconds = ((yield* Clock.currentTimeMillis) - now) / 1000
    const before = yield* Clock.currentTimeMillis
    yield* whileTimePasses(call("get_credits_balance", {}), "1 second")
    const waited = (yield* Clock.currentTimeMillis) - before
    return { result, seconds, waited, sent: times.length, refused: refused() }
  })

const rowsIn = (result: JsonObject, name: string): ReadonlyArray<unknown> => {
  const rows = result[name]
  return Array.isArray(rows) ? rows : []
}

describe("a fleet of 500 agents at 100 requests a minute", () => {
  const calls: ReadonlyArray<readonly [tool: string, args: JsonObject, list: string, says: RegExp | undefined]> = [
    ["find_runs", {}, "runs", /^\d+ of 500 agents were not read, since .*: agent \d+/],
    ["list_agent_schedules", {}, "schedules", /\d+ of 500 agents were not read, since/],
    ["get_agents_usage", { includeRecords: true, recordsPerPage: 100 }, "agents", /\d+ of 100 agents were not read/],
    [
      "wait_for_run",
      { runs: Array.from({ length: 20 }, (_, index) => ({ agentId: 1, runId: index + 1 })), timeoutSeconds: 45 },
      "runs",
      undefined
    ]
  ]

  for (const [tool, args, list, says] of calls) {
    it.effect(`${tool} answers in time, says what it covers, and leaves room for other calls`, () =>
      Effect.gen(function* () {
        const { refused, result, seconds, sent, waited } = yield* callIn(tool, args)
        assert.isAtMost(seconds, 50)
        assert.strictEqual(waited, 0)
        assert.strictEqual(refused, 0)
        assert.isAtMost(sent, perMinute - 10)
        assert.isNotEmpty(rowsIn(result, list))
        if (says === undefined) assert.notProperty(result, "notice")
        else assert.match(String(result["notice"]), says)
      })
    )
  }

  it.effect("find_runs covers the agents that were active last", () =>
    Effect.gen(function* () {
      const { result } = yield* callIn("find_runs", { maxRecords: 500 })
      const found = rowsIn(result, "runs").map((run) => (Predicate.isRecord(run) ? Number(run["agentId"]) : 0))
      assert.isAtLeast(found.length, 60)
      assert.deepStrictEqual(
        found,
        found.map((_, index) => index + 1)
      )
    })
  )
})
