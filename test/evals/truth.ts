import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Ask } from "../support/sandbox.ts"

/** What the sandbox's own API says, read without any code of the tools. */

const nullable = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Agents = Schema.Array(
  Schema.Struct({
    id: Schema.Number,
    name: Schema.String,
    status: nullable(Schema.Number),
    spaceId: nullable(Schema.Number)
  })
)

const Runs = Schema.Array(
  Schema.Struct({
    id: Schema.Number,
    status: Schema.Number,
    created: Schema.String,
    startTime: nullable(Schema.String),
    endTime: nullable(Schema.String),
    message: nullable(Schema.String),
    dataCount: Schema.Number,
    errorCount: Schema.Number
  })
)

const Schedules = Schema.Array(
  Schema.Struct({
    id: Schema.Number,
    scheduleType: Schema.Number,
    schedule: nullable(Schema.String),
    timezone: nullable(Schema.String),
    isEnabled: Schema.Boolean,
    nextRunTime: nullable(Schema.String),
    runEveryCount: nullable(Schema.Number),
    runEveryPeriod: nullable(Schema.Number)
  })
)

const Files = Schema.Array(Schema.Struct({ id: Schema.Number, name: Schema.String, fileType: Schema.Number }))

const Charges = Schema.Struct({
  runs: Schema.Array(Schema.Struct({ runId: Schema.Number, cost: Schema.Number })),
  totalCost: Schema.Number
})

const Credits = Schema.Struct({ availableCredits: Schema.Number })
const Records = Schema.Struct({ totalRecordsExtracted: Schema.Number, runCount: Schema.Number })
const Stats = Schema.Struct({ writes: Schema.Number })

const reading =
  <A, I>(schema: Schema.Schema<A, I>) =>
  (ask: Ask, path: string) =>
    Effect.map(ask("GET", path), (json) => Schema.decodeUnknownSync(schema)(json))

export const agents = (ask: Ask) => reading(Agents)(ask, "/agent/all")
export const runs = (ask: Ask, agentId: number) => reading(Runs)(ask, `/agent/${agentId}/runs?maxRecords=1000`)
export const schedules = (ask: Ask, agentId: number) => reading(Schedules)(ask, `/agent/${agentId}/schedules`)
export const files = (ask: Ask, agentId: number, runId: number) =>
  reading(Files)(ask, `/agent/${agentId}/run/${runId}/files`)
export const charges = (ask: Ask, agentId: number, from: string, until: string) =>
  reading(Charges)(ask, `/billing/agents/${agentId}/runs?startDate=${from}&endDate=${until}&recordsPerPage=1000`)
export const credits = (ask: Ask) => reading(Credits)(ask, "/billing/credits")
export const records = (ask: Ask, agentId: number, from: string, until: string) =>
  reading(Records)(ask, `/analytics/records/summary?agentId=${agentId}&startDate=${from}&endDate=${until}`)
export const writes = (ask: Ask) => Effect.map(reading(Stats)(ask, "/sandbox/stats"), (stats) => stats.writes)

/** The whole text or JSON of a run's file of this name ending. */
export const fileOf = (ask: Ask, agentId: number, runId: number, ending: string) =>
  Effect.flatMap(files(ask, agentId, runId), (found) => {
    const file = found.find(({ name }) => name.endsWith(ending))
    return file === undefined
      ? Effect.dieMessage(`Run ${runId} has no file that ends with ${ending}`)
      : ask("GET", `/agent/${agentId}/run/${runId}/file/${file.id}/download`)
  })

/** Runs of all agents, with the agent's name. */
export const allRuns = (ask: Ask) =>
  Effect.flatMap(agents(ask), (found) =>
    Effect.map(
      Effect.forEach(found, (agent) => Effect.map(runs(ask, agent.id), (own) => own.map((run) => ({ ...run, agent })))),
      (lists) => lists.flat()
    )
  )

/** Schedules of all agents, with the agent's id. */
export const allSchedules = (ask: Ask) =>
  Effect.flatMap(agents(ask), (found) =>
    Effect.map(
      Effect.forEach(found, ({ id }) =>
        Effect.map(schedules(ask, id), (own) => own.map((schedule) => ({ ...schedule, agentId: id })))
      ),
      (lists) => lists.flat()
    )
  )

export const isFailed = (status: number) => status === 6 || status === 7
export const isActive = (status: number) => [1, 2, 3, 4, 5, 12, 13].includes(status)
