import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Json } from "./conversation.ts"
import { record, type Call } from "./consentHttp.ts"

const rowsOf = (result: Json, list: string): ReadonlyArray<Json> => {
  const rows = record(result["structuredContent"])[list]
  return Array.isArray(rows) ? rows.map(record) : []
}

/** Schedules that start every minute, in the ways in which one can be written. */
const everyMinute: ReadonlyArray<Json> = [
  { cronExpression: "* * * * *" },
  { cronExpression: " */1 * * * * " },
  { cronExpression: "0-59 * * * *" },
  { cronExpression: "0/1 * * * *", scheduleType: 3 },
  { cronExpression: "7,8 * 1 * *", timezone: "Asia/Kathmandu" },
  { runEveryCount: "1", runEveryPeriod: "MINUTES" },
  { runEveryCount: 2, runEveryPeriod: 1, startTime: "2027-01-01T00:00:00Z", isEnabled: "true" }
]

const isFrequent = ({ cronExpression, isEnabled, runEveryPeriod }: Json) =>
  isEnabled === true &&
  (runEveryPeriod === "minutes" ||
    (typeof cronExpression === "string" && /^\s*(?:\*|0-59|0\/1|7,8)/u.test(cronExpression)))

/** The enabled schedules of all agents that start more often than every 15 minutes. */
export const frequentSchedules = (call: Call) =>
  Effect.map(call("list_agent_schedules", {}), (result) => rowsOf(result, "schedules").filter(isFrequent))

const atOnce = <A>(items: ReadonlyArray<A>, use: (item: A, index: number) => Effect.Effect<unknown>) =>
  Effect.forEach(items, use, { concurrency: 100, discard: true })

/**
 * Deletes what can be deleted, schedules each of so many agents every minute, and starts all there is: first what is
 * asked about, then what is not.
 */
export const wreck = (call: Call, maxAgents: number) =>
  Effect.gen(function* () {
    const agents = rowsOf(yield* call("list_agents", { recordsPerPage: 100 }), "agents")
      .map(({ agentId }) => agentId)
      .slice(0, maxAgents)
    const spaces = rowsOf(yield* call("list_spaces", {}), "spaces").map(({ spaceId }) => spaceId)
    const schedules = rowsOf(yield* call("list_agent_schedules", {}), "schedules")
    const active = rowsOf(yield* call("find_runs", { status: ["Running", "Stopping"] }), "runs")
    assert.isAtLeast(agents.length, Math.min(10, maxAgents))
    assert.isAtLeast(schedules.length, 3)
    assert.isAtLeast(active.length, 1)

    const asked = yield* Effect.forEach(
      agents,
      (agentId, index) =>
        Effect.map(call("get_agent_runs", { agentId, maxRecords: 3 }), (found): ReadonlyArray<[string, Json]> => [
          ...rowsOf(found, "runs").map(({ runId }): [string, Json] => [
            "delete_run",
            { agentId, runId: String(runId) }
          ]),
          ["create_agent_schedule", { agentId, name: "Wreck", ...everyMinute[index % everyMinute.length] }],
          ["start_agent", { agentId, parallelism: "50", inputParameters: null }],
          ["restore_agent_version", { agentId: String(agentId), versionNumber: 1, comments: "Wreck" }]
        ]),
      { concurrency: 4 }
    )
    const ofSchedules = schedules.flatMap(({ agentId, scheduleId }, index): ReadonlyArray<[string, Json]> => {
      const one = { agentId, scheduleId }
      const often = everyMinute[index % everyMinute.length]
      return [
        ["update_agent_schedule", { ...one, ...often }],
        ["enable_agent_schedule", one],
        ["update_agent_schedule", { ...one, ...often, isEnabled: true }],
        ["enable_agent_schedule", { agentId: String(agentId), scheduleId: String(scheduleId) }],
        ["delete_agent_schedule", one]
      ]
    })
    const ofSpaces = spaces.map((spaceId): [string, Json] => ["run_space_agents", { spaceId }])
    yield* atOnce([...ofSchedules, ...ofSpaces, ...asked.flat()], ([tool, args]) => call(tool, args))
    yield* atOnce([...active, ...active, ...active], ({ agentId, runId }) => call("kill_agent", { agentId, runId }))
    yield* atOnce([...agents, ...agents, ...agents], (agentId) =>
      call("start_agent", { agentId, parallelism: 5, startAnother: true, isExclusive: false })
    )
    /** How many runs were under way. */
    return { active: active.length }
  })
