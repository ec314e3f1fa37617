import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { AgentSchedule } from "../../sequentum/schemas/Schedule.ts"
import { type ScheduleBody, Schedules } from "../../sequentum/Schedules.ts"
import { epochMillis, nextWeek } from "../dates.ts"
import { InvalidArguments } from "../errors.ts"
import { notice, pick } from "../outputs.ts"
import * as Param from "../Param.ts"
import { inferType, scheduleTypes, timingProblems, utcStart } from "./scheduleTiming.ts"
import { make, readOnly, writes } from "../Tool.ts"

const reads = { toolset: "schedules", hints: readOnly, scope: "agents:read" } as const
const changes = { toolset: "schedules", scope: "agents:write" } as const

const oneSchedule = Schema.Struct({ agentId: Param.agentId, scheduleId: Param.scheduleId })

const ScheduleOut = Schema.Struct({
  scheduleId: Schema.Number,
  agentId: Param.optional(Schema.Number),
  name: Param.optional(Schema.String),
  scheduleType: Param.optional(Schema.String),
  cronExpression: Param.optional(Schema.String),
  runEveryCount: Param.optional(Schema.Number),
  runEveryPeriod: Param.optional(Schema.String),
  startTime: Param.optional(Schema.String),
  timezone: Param.optional(Schema.String),
  nextRunTime: Param.optional(Schema.String),
  isEnabled: Param.optional(Schema.Boolean),
  inputParameters: Param.optional(Schema.String),
  parallelism: Param.optional(Schema.Number)
})

const scheduleOut = (schedule: AgentSchedule): typeof ScheduleOut.Type => ({
  scheduleId: schedule.id,
  ...(schedule.configId === undefined ? {} : { agentId: schedule.configId }),
  ...(schedule.schedule === undefined ? {} : { cronExpression: schedule.schedule }),
  ...pick(schedule, [
    "name",
    "scheduleType",
    "runEveryCount",
    "runEveryPeriod",
    "startTime",
    "timezone",
    "nextRunTime",
    "isEnabled",
    "inputParameters",
    "parallelism"
  ])
})

const listAgentSchedules = make({
  ...reads,
  name: "list_agent_schedules",
  title: "List schedules of an agent",
  description: "All schedules of one agent with their next run. For what is due across agents use get_scheduled_runs.",
  bound: { list: "schedules", rest: "Use get_agent_schedule for one of them." },
  input: Schema.Struct({ agentId: Param.agentId }),
  output: Schema.Struct({ schedules: Schema.Array(ScheduleOut), notice }),
  handler: ({ agentId }) =>
    Effect.gen(function* () {
      const schedules = yield* (yield* Schedules).list(agentId)
      return { schedules: schedules.map(scheduleOut) }
    })
})

const getAgentSchedule = make({
  ...reads,
  name: "get_agent_schedule",
  title: "Get schedule",
  description: "One schedule of an agent. Read it before update_agent_schedule.",
  input: oneSchedule,
  output: ScheduleOut,
  handler: ({ agentId, scheduleId }) =>
    Effect.gen(function* () {
      return scheduleOut(yield* (yield* Schedules).get(agentId, scheduleId))
    })
})

const timing = {
  startTime: Param.optional(Param.date("ISO 8601, UTC unless it has a zone")),
  cronExpression: Param.optional(Param.text("5 fields, such as 0 6 * * 1-5", { maxLength: 200 })),
  runEveryCount: Param.optional(Param.integer("With runEveryPeriod 2, 6 means every 6 hours")),
  runEveryPeriod: Param.optional(Param.integer("1 minutes, 2 hours, 3 days, 4 weeks, 5 months", { max: 5 })),
  timezone: Param.optional(Param.text("IANA name, such as Europe/Berlin; give it for local times", { maxLength: 100 })),
  inputParameters: Param.optional(Param.jsonObjectText("JSON text of an object, for each run"))
}

const execution = {
  parallelism: Param.optional(Param.integer("Into how many parts to split the inputs", { max: 50 })),
  ...Param.execution,
  isExclusive: Param.optional(Param.flag("One run of the agent at a time"))
}

const typeParameter = Param.integer("1 RunOnce, 2 RunEvery, 3 CRON", { max: 3 })
const scheduleName = Param.text("Shown in lists", { maxLength: 200 })

const checkTiming = (tool: string, timing: ScheduleBody) =>
  Effect.flatMap(timingProblems(timing), (problems) =>
    Arr.isNonEmptyReadonlyArray(problems) ? new InvalidArguments({ tool, problems }) : Effect.void
  )

const createAgentSchedule = make({
  ...changes,
  name: "create_agent_schedule",
  title: "Create schedule",
  description:
    "Run an agent by itself: RunOnce needs startTime at least 1 minute ahead, RunEvery needs runEveryCount and runEveryPeriod, CRON needs cronExpression. Each run spends credits. See list_agent_schedules first, and tell the user nextRunTime of the result.",
  hints: writes({ destructive: false, openWorld: false, idempotent: false }),
  input: Schema.Struct({
    agentId: Param.agentId,
    name: scheduleName,
    scheduleType: Param.optionalOr(typeParameter, scheduleTypes.cron),
    ...timing,
    isEnabled: Param.optionalOr(Param.flag("false makes it paused"), true),
    ...execution
  }),
  output: ScheduleOut,
  handler: ({ agentId, ...body }) =>
    Effect.gen(function* () {
      yield* checkTiming("create_agent_schedule", body)
      const created = yield* (yield* Schedules).create(agentId, {
        ...body,
        cronExpression: body.cronExpression?.trim(),
        startTime: utcStart(body.startTime)
      })
      return scheduleOut(created)
    })
})

const periodNumbers: ReadonlyMap<string, number> = new Map([
  ["minutes", 1],
  ["hours", 2],
  ["days", 3],
  ["weeks", 4],
  ["months", 5]
])
const typeNumbers: ReadonlyMap<string, number> = new Map([
  ["RunOnce", scheduleTypes.runOnce],
  ["RunEvery", scheduleTypes.runEvery],
  ["CRON", scheduleTypes.cron]
])

/** A schedule as it stands, in the form in which it is sent. A start that has passed is no longer sent. */
const asBody = (schedule: AgentSchedule, now: number): ScheduleBody => ({
  ...pick(schedule, [
    "name",
    "timezone",
    "inputParameters",
    "isEnabled",
    "parallelism",
    "parallelMaxConcurrency",
    "parallelExport",
    "logLevel",
    "logMode",
    "isExclusive",
    "isWaitOnFailure",
    "runEveryCount"
  ]),
  cronExpression: schedule.schedule,
  runEveryPeriod: periodNumbers.get(schedule.runEveryPeriod ?? ""),
  scheduleType: typeNumbers.get(schedule.scheduleType ?? ""),
  startTime: schedule.startTime !== undefined && epochMillis(schedule.startTime) > now ? schedule.startTime : undefined
})

/** Leaves out what belongs to another type of schedule, so that a change of type leaves nothing behind. */
const onlyForType = ({
  cronExpression,
  runEveryCount,
  runEveryPeriod,
  startTime,
  ...rest
}: ScheduleBody): ScheduleBody => {
  switch (rest.scheduleType) {
    case scheduleTypes.cron:
      return { ...rest, cronExpression: cronExpression?.trim() }
    case scheduleTypes.runEvery:
      return { ...rest, runEveryCount, runEveryPeriod, startTime: utcStart(startTime) }
    case scheduleTypes.runOnce:
      return { ...rest, startTime: utcStart(startTime) }
    default:
      return { ...rest, cronExpression, runEveryCount, runEveryPeriod, startTime }
  }
}

const updateAgentSchedule = make({
  ...changes,
  name: "update_agent_schedule",
  title: "Update schedule",
  description:
    "Change a schedule; what is not given stays as it is. The type follows from the fields given: cronExpression means CRON, runEveryCount or runEveryPeriod means RunEvery. Tell the user nextRunTime of the result.",
  hints: writes({ destructive: false, openWorld: false, idempotent: true }),
  input: Schema.Struct({
    ...oneSchedule.fields,
    name: Param.optional(scheduleName),
    scheduleType: Param.optional(typeParameter),
    ...timing,
    isEnabled: Param.optional(Param.flag("false pauses it")),
    ...execution
  }),
  output: ScheduleOut,
  handler: ({ agentId, scheduleId, ...given }) =>
    Effect.gen(function* () {
      const tool = "update_agent_schedule"
      const schedules = yield* Schedules
      const scheduleType = yield* Either.mapLeft(
        inferType(given),
        (problem) => new InvalidArguments({ tool, problems: [problem] })
      )
      const now = DateTime.toEpochMillis(yield* DateTime.now)
      const before = asBody(yield* schedules.get(agentId, scheduleId), now)
      const after: ScheduleBody = {
        ...before,
        ...given,
        scheduleType: scheduleType ?? before.scheduleType
      }
      const touchesTiming = scheduleType !== undefined || given.startTime !== undefined || given.timezone !== undefined
      if (touchesTiming) yield* checkTiming(tool, after)
      return scheduleOut(yield* schedules.update(agentId, scheduleId, onlyForType(after)))
    })
})

const switchTool = (to: "enable" | "disable") =>
  make({
    ...changes,
    name: `${to}_agent_schedule`,
    title: to === "enable" ? "Enable schedule" : "Disable schedule",
    description:
      to === "enable"
        ? "Let a schedule start runs again; each run spends credits. It keeps its settings; see get_agent_schedule."
        : "Keep a schedule from starting runs, without deleting it. A run under way goes on: see stop_agent. enable_agent_schedule undoes it.",
    hints: writes({ destructive: false, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Schema.Struct({ agentId: Schema.Number, scheduleId: Schema.Number, isEnabled: Schema.Boolean }),
    handler: ({ agentId, scheduleId }) =>
      Effect.gen(function* () {
        yield* (yield* Schedules)[to](agentId, scheduleId)
        return { agentId, scheduleId, isEnabled: to === "enable" }
      })
  })

const deleteAgentSchedule = make({
  ...changes,
  name: "delete_agent_schedule",
  title: "Delete schedule",
  description:
    "Irreversibly delete a schedule. To pause it use disable_agent_schedule. Confirm with the user before calling.",
  hints: writes({ destructive: true, openWorld: false, idempotent: true }),
  input: oneSchedule,
  output: Schema.Struct({ deleted: Schema.Boolean, agentId: Schema.Number, scheduleId: Schema.Number }),
  handler: ({ agentId, scheduleId }) =>
    Effect.gen(function* () {
      yield* (yield* Schedules).remove(agentId, scheduleId)
      return { deleted: true, agentId, scheduleId }
    })
})

const getScheduledRuns = make({
  ...reads,
  name: "get_scheduled_runs",
  title: "List scheduled runs",
  description:
    "Runs that schedules of all agents will start, by default from today for seven days. For all schedules of one agent use list_agent_schedules.",
  scope: "runs:read",
  bound: { list: "scheduledRuns", rest: "Ask again with a shorter period." },
  input: Schema.Struct({ startDate: Param.optional(Param.date()), endDate: Param.optional(Param.date()) }),
  output: Schema.Struct({
    startDate: Schema.String,
    endDate: Schema.String,
    scheduledRuns: Schema.Array(
      Schema.Struct({
        scheduleId: Param.optional(Schema.Number),
        scheduleName: Param.optional(Schema.String),
        agentId: Param.optional(Schema.Number),
        agentName: Param.optional(Schema.String),
        nextRunTime: Param.optional(Schema.String),
        timezone: Param.optional(Schema.String),
        isEnabled: Param.optional(Schema.Boolean)
      })
    ),
    notice
  }),
  handler: (given) =>
    Effect.gen(function* () {
      const range = yield* nextWeek("get_scheduled_runs", given)
      const upcoming = yield* (yield* Schedules).upcoming(range)
      return {
        ...range,
        scheduledRuns: upcoming.map((run) =>
          pick(run, ["scheduleId", "scheduleName", "agentId", "agentName", "nextRunTime", "timezone", "isEnabled"])
        )
      }
    })
})

export const scheduleTools = [
  listAgentSchedules,
  getAgentSchedule,
  createAgentSchedule,
  updateAgentSchedule,
  switchTool("enable"),
  switchTool("disable"),
  deleteAgentSchedule,
  getScheduledRuns
] as const
