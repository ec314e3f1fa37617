import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { RunEveryPeriod, ScheduleType, type AgentSchedule } from "../../sequentum/schemas/Schedule.ts"
import { type ScheduleBody, Schedules } from "../../sequentum/Schedules.ts"
import { epochMillis, nextWeek } from "../dates.ts"
import { InvalidArguments } from "../errors.ts"
import { defined, notice, pick, pickFields } from "../outputs.ts"
import * as Param from "../Param.ts"
import { mutating, readOnly } from "../Tool.ts"
import * as Toolset from "../Toolset.ts"
import { inferType, scheduleTypes, timingProblems, utcStart } from "./scheduleTiming.ts"

const reads = { annotations: readOnly, scope: "agents:read" } as const
const changes = { scope: "agents:write" } as const

const oneSchedule = Schema.Struct({ agentId: Param.agentId, scheduleId: Param.scheduleId })

const ScheduleDetail = Schema.Struct({
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

const scheduleDetail = (schedule: AgentSchedule): typeof ScheduleDetail.Type => ({
  scheduleId: schedule.id,
  ...defined({ agentId: schedule.configId, cronExpression: schedule.schedule }),
  ...pickFields(ScheduleDetail, schedule)
})

const Switched = Schema.Struct({ agentId: Schema.Number, scheduleId: Schema.Number, isEnabled: Schema.Boolean })

const UpcomingRun = Schema.Struct({
  scheduleId: Param.optional(Schema.Number),
  scheduleName: Param.optional(Schema.String),
  agentId: Param.optional(Schema.Number),
  agentName: Param.optional(Schema.String),
  nextRunTime: Param.optional(Schema.String),
  timezone: Param.optional(Schema.String),
  isEnabled: Param.optional(Schema.Boolean)
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

const scheduleType = Param.integer("1 RunOnce, 2 RunEvery, 3 CRON", { max: 3 })
const scheduleName = Param.text("Shown in lists", { maxLength: 200 })

export const ScheduleTools = Toolset.make("schedules", "Let agents run by themselves", {
  list_agent_schedules: {
    ...reads,
    title: "List schedules of an agent",
    description:
      "All schedules of one agent with their next run. For what is due across agents use get_scheduled_runs.",
    bound: { list: "schedules", advice: "Use get_agent_schedule for one of them." },
    input: Schema.Struct({ agentId: Param.agentId }),
    output: Schema.Struct({ schedules: Schema.Array(ScheduleDetail), notice })
  },

  get_agent_schedule: {
    ...reads,
    title: "Get schedule",
    description: "One schedule of an agent. Read it before update_agent_schedule.",
    input: oneSchedule,
    output: ScheduleDetail
  },

  create_agent_schedule: {
    ...changes,
    title: "Create schedule",
    description:
      "Run an agent by itself: RunOnce needs startTime at least 1 minute ahead, RunEvery needs runEveryCount and runEveryPeriod, CRON needs cronExpression. Each run spends credits. See list_agent_schedules first, and tell the user nextRunTime of the result.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: false }),
    input: Schema.Struct({
      agentId: Param.agentId,
      name: scheduleName,
      scheduleType: Param.optionalOr(scheduleType, scheduleTypes.cron),
      ...timing,
      isEnabled: Param.optionalOr(Param.flag("false makes it paused"), true),
      ...execution
    }),
    output: ScheduleDetail
  },

  update_agent_schedule: {
    ...changes,
    title: "Update schedule",
    description:
      "Change a schedule; what is not given stays as it is. The type follows from the fields given: cronExpression means CRON, runEveryCount or runEveryPeriod means RunEvery. Tell the user nextRunTime of the result.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    input: Schema.Struct({
      ...oneSchedule.fields,
      name: Param.optional(scheduleName),
      scheduleType: Param.optional(scheduleType),
      ...timing,
      isEnabled: Param.optional(Param.flag("false pauses it")),
      ...execution
    }),
    output: ScheduleDetail
  },

  enable_agent_schedule: {
    ...changes,
    title: "Enable schedule",
    description:
      "Let a schedule start runs again; each run spends credits. It keeps its settings; see get_agent_schedule.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Switched
  },

  disable_agent_schedule: {
    ...changes,
    title: "Disable schedule",
    description:
      "Keep a schedule from starting runs, without deleting it. A run under way goes on: see stop_agent. enable_agent_schedule undoes it.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Switched
  },

  delete_agent_schedule: {
    ...changes,
    title: "Delete schedule",
    description:
      "Irreversibly delete a schedule. To pause it use disable_agent_schedule. Confirm with the user before calling.",
    annotations: mutating({ destructive: true, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Schema.Struct({ deleted: Schema.Boolean, agentId: Schema.Number, scheduleId: Schema.Number })
  },

  get_scheduled_runs: {
    ...reads,
    scope: "runs:read",
    title: "List scheduled runs",
    description:
      "Runs that schedules of all agents will start, by default from today for seven days. For all schedules of one agent use list_agent_schedules.",
    bound: { list: "scheduledRuns", advice: "Ask again with a shorter period." },
    input: Schema.Struct({ startDate: Param.optional(Param.date()), endDate: Param.optional(Param.date()) }),
    output: Schema.Struct({
      startDate: Schema.String,
      endDate: Schema.String,
      scheduledRuns: Schema.Array(UpcomingRun),
      notice
    })
  }
})

const checkTiming = (tool: string, timing: ScheduleBody) =>
  Effect.flatMap(timingProblems(timing), (problems) =>
    Arr.isNonEmptyReadonlyArray(problems) ? new InvalidArguments({ tool, problems }) : Effect.void
  )

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
  runEveryPeriod: schedule.runEveryPeriod === undefined ? undefined : RunEveryPeriod.codeOf(schedule.runEveryPeriod),
  scheduleType: schedule.scheduleType === undefined ? undefined : ScheduleType.codeOf(schedule.scheduleType),
  startTime: schedule.startTime !== undefined && epochMillis(schedule.startTime) > now ? schedule.startTime : undefined
})

/** Drops the fields of other types of schedule, so that a change of type leaves none of them behind. */
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

export const ScheduleToolsLive = ScheduleTools.toLayer(
  Effect.gen(function* () {
    const schedules = yield* Schedules
    return ScheduleTools.of({
      list_agent_schedules: ({ agentId }) =>
        Effect.map(schedules.list(agentId), (found) => ({ schedules: found.map(scheduleDetail) })),

      get_agent_schedule: ({ agentId, scheduleId }) => Effect.map(schedules.get(agentId, scheduleId), scheduleDetail),

      create_agent_schedule: ({ agentId, ...body }) =>
        Effect.zipRight(
          checkTiming("create_agent_schedule", body),
          Effect.map(
            schedules.create(agentId, {
              ...body,
              cronExpression: body.cronExpression?.trim(),
              startTime: utcStart(body.startTime)
            }),
            scheduleDetail
          )
        ),

      update_agent_schedule: ({ agentId, scheduleId, ...given }) =>
        Effect.gen(function* () {
          const tool = "update_agent_schedule"
          const type = yield* Either.mapLeft(
            inferType(given),
            (problem) => new InvalidArguments({ tool, problems: [problem] })
          )
          const now = DateTime.toEpochMillis(yield* DateTime.now)
          const before = asBody(yield* schedules.get(agentId, scheduleId), now)
          const after: ScheduleBody = { ...before, ...given, scheduleType: type ?? before.scheduleType }
          const changesTiming = type !== undefined || given.startTime !== undefined || given.timezone !== undefined
          if (changesTiming) yield* checkTiming(tool, after)
          return scheduleDetail(yield* schedules.update(agentId, scheduleId, onlyForType(after)))
        }),

      enable_agent_schedule: ({ agentId, scheduleId }) =>
        Effect.as(schedules.enable(agentId, scheduleId), { agentId, scheduleId, isEnabled: true }),

      disable_agent_schedule: ({ agentId, scheduleId }) =>
        Effect.as(schedules.disable(agentId, scheduleId), { agentId, scheduleId, isEnabled: false }),

      delete_agent_schedule: ({ agentId, scheduleId }) =>
        Effect.as(schedules.remove(agentId, scheduleId), { deleted: true, agentId, scheduleId }),

      get_scheduled_runs: (dates) =>
        Effect.gen(function* () {
          const period = yield* nextWeek("get_scheduled_runs", dates)
          const upcoming = yield* schedules.upcoming(period)
          return { ...period, scheduledRuns: upcoming.map((run) => pickFields(UpcomingRun, run)) }
        })
    })
  })
)
