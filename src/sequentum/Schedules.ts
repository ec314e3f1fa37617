import * as Effect from "effect/Effect"
import { rows, type AgentId, type ScheduleId } from "./schemas/common.ts"
import { AgentSchedule, StoredSchedule, UpcomingRun } from "./schemas/Schedule.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

/** A schedule as the API accepts it. Source: docs.sequentum.com/api-reference/schedules/create. */
export interface ScheduleBody {
  readonly name?: string | undefined
  /** 1 RunOnce, 2 RunEvery, 3 CRON. */
  readonly scheduleType?: number | undefined
  readonly startTime?: string | undefined
  readonly cronExpression?: string | undefined
  readonly runEveryCount?: number | undefined
  /** 1 minutes to 5 months. */
  readonly runEveryPeriod?: number | undefined
  readonly timezone?: string | undefined
  readonly inputParameters?: string | undefined
  readonly isEnabled?: boolean | undefined
  readonly parallelism?: number | undefined
  readonly parallelMaxConcurrency?: number | undefined
  readonly parallelExport?: string | undefined
  readonly logLevel?: string | undefined
  readonly logMode?: string | undefined
  readonly isExclusive?: boolean | undefined
  readonly isWaitOnFailure?: boolean | undefined
}

/** Sent for a new schedule where they are left out, as Sequentum's own MCP server sends them. */
const createDefaults = { isEnabled: true, parallelism: 1 } as const

const given = (body: ScheduleBody) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))

const AgentSchedules = rows(AgentSchedule)
const UpcomingRuns = rows(UpcomingRun)

/** Schedules of agents. Every method fails with a SequentumError. */
export class Schedules extends Effect.Service<Schedules>()("sequentum/Schedules", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    const list = (agentId: AgentId) => client.get(apiPath("agent")`/agent/${agentId}/schedules`, AgentSchedules)

    /** As `list`, with Sequentum's own time of the answer. */
    const listDated = (agentId: AgentId) =>
      client.getDated(apiPath("agent")`/agent/${agentId}/schedules`, AgentSchedules)

    const get = (agentId: AgentId, scheduleId: ScheduleId) =>
      client.get(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}`, AgentSchedule)

    /** As `get`, with name and parameters as they are stored: for replacing, never for showing. */
    const stored = (agentId: AgentId, scheduleId: ScheduleId) =>
      client.get(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}`, StoredSchedule)

    const create = (agentId: AgentId, body: ScheduleBody) =>
      client.post(apiPath("agent", { changes: "schedule" })`/agent/${agentId}/schedules`, AgentSchedule, {
        body: { ...createDefaults, ...given(body) }
      })

    /** Replaces a schedule. It is not documented whether omitted fields keep their values, so send them all. */
    const update = (agentId: AgentId, scheduleId: ScheduleId, body: ScheduleBody) =>
      client.put(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}`, AgentSchedule, {
        body: { ...body }
      })

    const remove = (agentId: AgentId, scheduleId: ScheduleId) =>
      client.deleteVoid(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}`)

    const enable = (agentId: AgentId, scheduleId: ScheduleId) =>
      client.postVoid(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}/enable`)

    const disable = (agentId: AgentId, scheduleId: ScheduleId) =>
      client.postVoid(apiPath("schedule")`/agent/${agentId}/schedules/${scheduleId}/disable`)

    /** Runs that the schedules of all agents will start within a period. */
    const upcoming = (range: { readonly startDate: string; readonly endDate: string }) =>
      client.get(apiPath("account")`/analytics/schedules/upcoming`, UpcomingRuns, { query: { ...range } })

    return { list, listDated, get, stored, create, update, remove, enable, disable, upcoming } as const
  })
}) {}
