import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Agents } from "../../sequentum/Agents.ts"
import { inBrief } from "../../sequentum/errors.ts"
import type { AgentId, ScheduleId, SpaceId } from "../../sequentum/schemas/common.ts"
import { RunEveryPeriod, ScheduleType, type AgentSchedule } from "../../sequentum/schemas/Schedule.ts"
import { type ScheduleBody, Schedules } from "../../sequentum/Schedules.ts"
import { dateParams, epochMillis, namedZone, nextWeek, shownTimes, utc } from "../dates.ts"
import { InvalidArguments } from "../errors.ts"
import { fanOut } from "../FanOut.ts"
import {
  defined,
  joinRows,
  notice,
  noticeOf,
  pick,
  pickFields,
  scheduleIdFields,
  showScheduleId,
  unreadable
} from "../outputs.ts"
import * as Param from "../Param.ts"
import { mutating, readOnly } from "../Tool.ts"
import * as Toolset from "../Toolset.ts"
import { listFleet } from "./fleet.ts"
import { gone, ifUnknown, madeDuring, proved, repeatable, unproved, when, type Seen } from "./outcome.ts"
import { makeQuestions, present, type ScheduleChange } from "./questions.ts"
import { paceOf } from "./schedulePace.ts"
import { startsOf, type Timed } from "./scheduleStarts.ts"
import { upcomingStarts, UpcomingStart } from "./scheduledRuns.ts"
import {
  asSent,
  cronNote,
  inferType,
  readStart,
  scheduleTypes,
  timingProblems,
  unusedFields
} from "./scheduleTiming.ts"

const reads = { annotations: readOnly, scope: "agents:read" } as const
const changes = { scope: "agents:write" } as const

const oneSchedule = Schema.Struct({ agentId: Param.agentId, scheduleId: Param.scheduleId })

/** Changes of one schedule go one after the other: each is asked about as the one before left it. */
const scheduleTurn = ({ agentId, scheduleId }: typeof oneSchedule.Type) => `schedule ${scheduleId} of ${agentId}`

const ScheduleDetail = Schema.Struct({
  ...scheduleIdFields,
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

/** What a schedule that says nothing of it has. */
const defaultParallelism = 1

const scheduleDetail = ({ parallelism, ...schedule }: AgentSchedule): typeof ScheduleDetail.Type => ({
  ...showScheduleId(schedule.id),
  ...defined({
    agentId: schedule.configId,
    cronExpression: schedule.schedule,
    parallelism: parallelism === defaultParallelism ? undefined : parallelism
  }),
  ...pickFields(ScheduleDetail, schedule)
})

const Time = Schema.Struct({ utc: Schema.String, local: Schema.String })

/** A schedule after it was made or changed. */
const SavedSchedule = Schema.Struct({
  ...ScheduleDetail.fields,
  nextRuns: Param.optional(Schema.Array(Time)),
  notice
})

const maxNextRuns = 5

/** A schedule that was made or changed, with its next runs. */
const savedSchedule = (schedule: AgentSchedule): Effect.Effect<typeof SavedSchedule.Type> =>
  Effect.map(DateTime.now, (now) => {
    const wanted = { from: DateTime.toEpochMillis(now) + 1, until: Number.POSITIVE_INFINITY, max: maxNextRuns }
    const starts = schedule.isEnabled === false ? undefined : startsOf(schedule, wanted)
    const zone = Option.getOrElse(namedZone(schedule.timezone ?? "UTC"), () => utc)
    return {
      ...scheduleDetail(schedule),
      ...(starts === undefined ? {} : { nextRuns: starts.map((at) => shownTimes(at, zone)) })
    }
  })

const Switched = Schema.Struct({ agentId: Schema.Number, ...scheduleIdFields, isEnabled: Schema.Boolean, notice })

/** A schedule among those of many agents. */
const FleetSchedule = Schema.Struct({ ...ScheduleDetail.fields, agentName: Param.optional(Schema.String) })

const timing = {
  startTime: Param.optional(Param.date("ISO 8601; without a zone it is local to timezone, or UTC")),
  cronExpression: Param.optional(Param.text("5 fields, such as 0 6 * * 1-5", { maxLength: 200 })),
  runEveryCount: Param.optional(Param.integer("With runEveryPeriod hours, 6 means every 6 hours")),
  runEveryPeriod: Param.optional(Param.enumeration("", RunEveryPeriod)),
  timezone: Param.optional(Param.text("IANA name, such as Europe/Berlin", { maxLength: 100 })),
  inputParameters: Param.optional(Param.jsonObjectText("JSON text of an object, for each run"))
}

const execution = {
  parallelism: Param.optional(Param.integer("Parts to split the inputs into", { max: 50 })),
  ...Param.execution,
  isExclusive: Param.optional(Param.flag("One run of the agent at a time"))
}

const scheduleType = Param.enumeration("", {
  words: ["RunOnce", "RunEvery", "CRON"] as const,
  codeOf: ScheduleType.codeOf
})
const scheduleName = Param.text("Shown in lists", { maxLength: 200 })

export const ScheduleTools = Toolset.make("schedules", "Let agents run by themselves", {
  list_agent_schedules: {
    ...reads,
    title: "List schedules",
    description:
      "Schedules of one agent, of a space or of all agents, paused ones included, with their next run. For every start in a period use get_scheduled_runs.",
    bound: { list: "schedules", advice: "Ask for one space or one agent." },
    input: Schema.Struct({
      agentId: Param.optional(Param.integer("Default: all agents").pipe(Schema.brand("AgentId"))),
      spaceId: Param.optional(Param.integer("In place of agentId").pipe(Schema.brand("SpaceId")))
    }),
    output: Schema.Struct({ schedules: Schema.Array(FleetSchedule), notice })
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
    confirms: () => true,
    description:
      "Run an agent by itself: RunOnce needs startTime at least 1 minute ahead, RunEvery needs runEveryCount and runEveryPeriod, CRON needs cronExpression; the type follows from these. Each run spends credits. For existing ones see list_agent_schedules.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: false }),
    input: Schema.Struct({
      agentId: Param.agentId,
      name: scheduleName,
      scheduleType: Param.optional(scheduleType),
      ...timing,
      isEnabled: Param.optionalOr(Param.flag("false makes it paused"), true),
      ...execution
    }),
    output: SavedSchedule
  },

  update_agent_schedule: {
    ...changes,
    title: "Update schedule",
    confirms: () => true,
    inTurn: scheduleTurn,
    description:
      "Change a schedule; what is not given stays as it is. The type follows from the fields given: cronExpression means CRON, runEveryCount or runEveryPeriod means RunEvery.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    input: Schema.Struct({
      ...oneSchedule.fields,
      name: Param.optional(scheduleName),
      scheduleType: Param.optional(scheduleType),
      ...timing,
      isEnabled: Param.optional(Param.flag("false pauses it")),
      ...execution
    }),
    output: SavedSchedule
  },

  enable_agent_schedule: {
    ...changes,
    title: "Enable schedule",
    confirms: () => true,
    inTurn: scheduleTurn,
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
      "Pause a schedule, so that it starts no runs. A run under way goes on: see stop_agent. enable_agent_schedule undoes it.",
    annotations: mutating({ destructive: false, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Switched
  },

  delete_agent_schedule: {
    ...changes,
    title: "Delete schedule",
    confirms: () => true,
    description: "Irreversibly delete a schedule. To pause it use disable_agent_schedule.",
    annotations: mutating({ destructive: true, openWorld: false, idempotent: true }),
    input: oneSchedule,
    output: Schema.Struct({ deleted: Schema.Boolean, agentId: Schema.Number, ...scheduleIdFields, notice })
  },

  get_scheduled_runs: {
    ...reads,
    scope: "runs:read",
    title: "List scheduled runs",
    description:
      "Every run that enabled schedules of all agents will start, by default from today for seven days, at most 500. localTime is in timezone or, without it, in that of the schedule. For paused schedules use list_agent_schedules.",
    bound: { list: "scheduledRuns", advice: "Ask again with a shorter period." },
    input: Schema.Struct(dateParams),
    output: Schema.Struct({
      startDate: Schema.String,
      endDate: Schema.String,
      scheduledRuns: Schema.Array(UpcomingStart),
      notice
    })
  }
})

const checkTiming = (tool: string, timing: ScheduleBody) =>
  Effect.flatMap(timingProblems(timing), (problems) =>
    Arr.isNonEmptyReadonlyArray(problems) ? new InvalidArguments({ tool, problems }) : Effect.void
  )

const typeOf = (tool: string, timing: ScheduleBody) =>
  Either.mapLeft(inferType(timing), (problem) => new InvalidArguments({ tool, problems: [problem] }))

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
  // The API's times are in UTC, also where they don't say so.
  startTime:
    schedule.startTime !== undefined && epochMillis(schedule.startTime) > now
      ? new Date(epochMillis(schedule.startTime)).toISOString()
      : undefined
})

/** Whether a schedule is as it was sent, so far as it shows. */
const isAsSent = (schedule: AgentSchedule, sent: ScheduleBody): boolean => {
  const shown: Readonly<Record<string, unknown>> = defined(asBody(schedule, Number.NEGATIVE_INFINITY))
  return Object.entries(sent).every(([name, value]) => value === undefined || shown[name] === value)
}

const typeName = (type: number | undefined) => ScheduleType.words.find((word) => ScheduleType.codeOf(word) === type)

/** Says what of the fields given is not used, or can be understood in two ways. */
const timingNotes = (given: ScheduleBody, { scheduleType, timezone }: ScheduleBody): ReadonlyArray<string> => {
  const unused = unusedFields(given, scheduleType)
  const isStartUsed = given.startTime !== undefined && !unused.includes("startTime")
  const note = isStartUsed ? readStart(given.startTime, timezone).note : undefined
  const isCronUsed = given.cronExpression !== undefined && !unused.includes("cronExpression")
  const aboutCron = isCronUsed ? cronNote(given.cronExpression) : undefined
  return [
    ...(unused.length === 0
      ? []
      : [`A schedule of type ${typeName(scheduleType) ?? "unknown"} does not use ${unused.join(", ")}.`]),
    ...[note, aboutCron].filter(Predicate.isNotUndefined)
  ]
}

const enabledWord = ({ isEnabled }: AgentSchedule) =>
  isEnabled === undefined ? undefined : isEnabled ? "enabled" : "disabled"

/** What a schedule is, in words. */
const stateOf = (schedule: AgentSchedule): string => {
  const type = schedule.scheduleType === undefined ? undefined : `of type ${schedule.scheduleType}`
  const words = [enabledWord(schedule), type].filter(Predicate.isNotUndefined).join(", ")
  return `${words === "" ? "in an unknown state" : words}${when("next run", schedule.nextRunTime)}`
}

interface Words {
  readonly scheduleType?: Parameters<typeof ScheduleType.codeOf>[0]
  readonly runEveryPeriod?: Parameters<typeof RunEveryPeriod.codeOf>[0]
}

/** Replaces the words of enumerations by the API's integers. Absent ones stay absent. */
const withCodes = <A extends Words>({ runEveryPeriod, scheduleType, ...rest }: A) => ({
  ...rest,
  ...(scheduleType === undefined ? {} : { scheduleType: ScheduleType.codeOf(scheduleType) }),
  ...(runEveryPeriod === undefined ? {} : { runEveryPeriod: RunEveryPeriod.codeOf(runEveryPeriod) })
})

type NewSchedule = Omit<ScheduleBody, "scheduleType" | "runEveryPeriod"> & Words & { readonly name: string }

type ChangedSchedule = Omit<ScheduleBody, "scheduleType" | "runEveryPeriod"> &
  Words & { readonly agentId: AgentId; readonly scheduleId: ScheduleId }

/** When a schedule that is sent like this would start. One without a first start begins at once. */
const timedOf = ({ cronExpression, runEveryCount, runEveryPeriod, scheduleType, startTime, timezone }: ScheduleBody) =>
  defined({
    scheduleType: typeName(scheduleType),
    schedule: cronExpression?.trim(),
    runEveryCount,
    runEveryPeriod: RunEveryPeriod.words.find((word) => RunEveryPeriod.codeOf(word) === runEveryPeriod),
    startTime: startTime === undefined ? undefined : new Date(readStart(startTime, timezone).at).toISOString(),
    timezone
  })

/** Starts that are closer together than this, in minutes, are confirmed first. */
const minUnaskedGap = 15

/** The timing that a question about a schedule is about. Its next run is not: it changes by itself. */
const timingOf = (timed: Timed): string =>
  JSON.stringify(pick(timed, ["scheduleType", "schedule", "runEveryCount", "runEveryPeriod", "startTime", "timezone"]))

export const ScheduleToolsLive = ScheduleTools.toLayer(
  Effect.gen(function* () {
    const schedules = yield* Schedules
    const questions = yield* makeQuestions
    const agents = yield* Agents

    /** The schedules of all agents, or of those of a space. */
    const listOfFleet = (spaceId: SpaceId | undefined) =>
      Effect.gen(function* () {
        const fleet = yield* listFleet(agents.list, spaceId)
        const known = fleet.agents.flatMap(({ id, name }) => (id === undefined ? [] : [{ id, name }]))
        const listed = yield* fanOut({
          items: known,
          read: ({ id }) => schedules.list(id),
          nameOf: ({ id }) => `agent ${id}`,
          plural: "agents"
        })
        return {
          schedules: listed.read.flatMap(({ item, value }) =>
            value.map((schedule) => ({
              ...scheduleDetail(schedule),
              ...defined({ agentId: item.id, agentName: item.name })
            }))
          ),
          ...noticeOf(fleet.notice, listed.notice, unreadable(joinRows(listed.read.map(({ value }) => value))))
        }
      })

    /** Looks for the schedule that a creation of unknown outcome may have made. */
    const lookForCreated = (agentId: AgentId, name: string) =>
      ifUnknown((write) =>
        Effect.gen(function* () {
          const listed = yield* schedules.listDated(agentId)
          const sameName = listed.value.filter((schedule) => schedule.name === name)
          const made = yield* madeDuring(write, { ...listed, value: sameName }, ({ created }) => created)
          const [schedule, ...others] = made ?? []
          const shown = sameName.map(({ created, id }) => `${id}${when("created", created)}`)
          const seen: Seen<typeof SavedSchedule.Type> =
            schedule !== undefined && others.length === 0
              ? proved({
                  ...(yield* savedSchedule(schedule)),
                  ...noticeOf(inBrief(write.error), "But a schedule of this name was created at that time.")
                })
              : unproved(
                  shown.length === 0
                    ? "The agent has no schedule of this name."
                    : `Schedules of this name: ${shown.join("; ")}.`
                )
          return seen
        })
      )

    /** Looks at a schedule that was to become as `isProof` wants it. */
    const lookAtChanged = <A>(
      agentId: AgentId,
      scheduleId: ScheduleId,
      isProof: (schedule: AgentSchedule) => boolean,
      result: (schedule: AgentSchedule) => Effect.Effect<A>
    ) =>
      ifUnknown(({ error }) =>
        Effect.gen(function* () {
          const schedule = yield* schedules.get(agentId, scheduleId)
          const seen: Seen<A & { readonly notice?: string }> = isProof(schedule)
            ? proved({
                ...(yield* result(schedule)),
                ...noticeOf(inBrief(error), `But the schedule is as asked for: ${stateOf(schedule)}.`)
              })
            : repeatable(`The schedule is now ${stateOf(schedule)}.`)
          return seen
        })
      )

    const enabling = (agentId: AgentId, scheduleId: ScheduleId, isEnabled: boolean) => {
      const switched = { agentId, ...showScheduleId(scheduleId), isEnabled }
      const write = isEnabled ? schedules.enable(agentId, scheduleId) : schedules.disable(agentId, scheduleId)
      return Effect.as(write, switched).pipe(
        lookAtChanged(
          agentId,
          scheduleId,
          (schedule) => schedule.isEnabled === isEnabled,
          () => Effect.succeed(switched)
        )
      )
    }

    /** A schedule as it would be created. Fails with InvalidArguments. */
    const toCreate = (args: NewSchedule) =>
      Effect.gen(function* () {
        const tool = "create_agent_schedule"
        const given = withCodes(args)
        const type = yield* typeOf(tool, given)
        const ofStart = given.startTime === undefined ? scheduleTypes.cron : scheduleTypes.runOnce
        const body = { ...given, scheduleType: type ?? ofStart }
        yield* checkTiming(tool, body)
        return { given, body }
      })

    /** A schedule as it would become. Fails with InvalidArguments, or as the read of the schedule does. */
    const toUpdate = ({ agentId, scheduleId, ...args }: ChangedSchedule) =>
      Effect.gen(function* () {
        const tool = "update_agent_schedule"
        const given = withCodes(args)
        const type = yield* typeOf(tool, given)
        const now = DateTime.toEpochMillis(yield* DateTime.now)
        const before = asBody(yield* schedules.stored(agentId, scheduleId), now)
        const after: ScheduleBody = { ...before, ...given, scheduleType: type ?? before.scheduleType }
        const changesTiming = type !== undefined || given.startTime !== undefined || given.timezone !== undefined
        if (changesTiming) yield* checkTiming(tool, after)
        return { given, after, changesTiming }
      })

    /** The question before a schedule that starts runs often, or nobody knows how often; none for any other. */
    const askIfFrequent = (change: ScheduleChange, timed: Timed) =>
      Effect.flatMap(DateTime.now, (now) => {
        const pace = paceOf(timed, DateTime.toEpochMillis(now))
        return Option.exists(pace, ({ gapMinutes }) => gapMinutes >= minUnaskedGap)
          ? Effect.succeedNone
          : questions.frequentSchedule(change, pace)
      })

    return ScheduleTools.of({
      list_agent_schedules: ({ agentId, spaceId }) => {
        if (agentId === undefined) return listOfFleet(spaceId)
        return spaceId === undefined
          ? Effect.map(schedules.list(agentId), (found) => ({
              schedules: found.map(scheduleDetail),
              ...noticeOf(unreadable(found))
            }))
          : new InvalidArguments({
              tool: "list_agent_schedules",
              problems: ["agentId and spaceId exclude each other: give one of them, or none for all agents."]
            })
      },

      get_agent_schedule: ({ agentId, scheduleId }) => Effect.map(schedules.get(agentId, scheduleId), scheduleDetail),

      create_agent_schedule: {
        question: ({ agentId, ...args }) =>
          Effect.flatMap(toCreate(args), ({ body }) =>
            body.isEnabled === false
              ? Effect.succeedNone
              : askIfFrequent({ verb: "Create", agentId, name: body.name }, timedOf(body))
          ),
        declined: (_, notice) => ({ notice }),
        call: ({ agentId, ...args }) =>
          Effect.gen(function* () {
            const { body, given } = yield* toCreate(args)
            const saved = yield* schedules
              .create(agentId, asSent(body))
              .pipe(Effect.flatMap(savedSchedule), lookForCreated(agentId, body.name))
            return { ...saved, ...noticeOf(saved.notice, ...timingNotes(given, body)) }
          })
      },

      update_agent_schedule: {
        question: (args) =>
          Effect.flatMap(toUpdate(args), ({ after, changesTiming, given }) =>
            after.isEnabled !== false && (changesTiming || given.isEnabled === true)
              ? askIfFrequent(
                  { verb: "Change", agentId: args.agentId, scheduleId: args.scheduleId, name: after.name },
                  timedOf(after)
                )
              : Effect.succeedNone
          ),
        basis: (args) => Effect.map(toUpdate(args), ({ after }) => timingOf(timedOf(after))),
        declined: ({ scheduleId }, notice) => ({ ...showScheduleId(scheduleId), notice }),
        call: (args) =>
          Effect.gen(function* () {
            const { agentId, scheduleId } = args
            const { after, given } = yield* toUpdate(args)
            const sent = asSent(after)
            const saved = yield* schedules.update(agentId, scheduleId, sent).pipe(
              Effect.flatMap(savedSchedule),
              lookAtChanged(agentId, scheduleId, (schedule) => isAsSent(schedule, sent), savedSchedule)
            )
            return { ...saved, ...noticeOf(saved.notice, ...timingNotes(given, after)) }
          })
      },

      enable_agent_schedule: {
        question: ({ agentId, scheduleId }) =>
          Effect.flatMap(present(schedules.get(agentId, scheduleId)), (schedule) => {
            const name = Option.getOrUndefined(Option.flatMap(schedule, (one) => Option.fromNullable(one.name)))
            const change = { verb: "Enable", agentId, scheduleId, name } as const
            return Option.match(schedule, {
              onNone: () => questions.frequentSchedule(change, Option.none()),
              onSome: (timed) => askIfFrequent(change, timed)
            })
          }),
        basis: ({ agentId, scheduleId }) =>
          Effect.map(
            present(schedules.get(agentId, scheduleId)),
            Option.match({ onNone: () => "unknown", onSome: timingOf })
          ),
        declined: ({ agentId, scheduleId }, notice) => ({
          agentId,
          ...showScheduleId(scheduleId),
          isEnabled: false,
          notice
        }),
        call: ({ agentId, scheduleId }) => enabling(agentId, scheduleId, true)
      },

      disable_agent_schedule: ({ agentId, scheduleId }) => enabling(agentId, scheduleId, false),

      delete_agent_schedule: {
        question: ({ agentId, scheduleId }) => questions.deleteSchedule(agentId, scheduleId),
        declined: ({ agentId, scheduleId }, notice) => ({
          deleted: false,
          agentId,
          ...showScheduleId(scheduleId),
          notice
        }),
        call: ({ agentId, scheduleId }) =>
          schedules.remove(agentId, scheduleId).pipe(
            Effect.as({ deleted: true, agentId, ...showScheduleId(scheduleId) }),
            ifUnknown(() =>
              schedules.get(agentId, scheduleId).pipe(
                Effect.map((schedule) => repeatable(`The schedule is still there, ${stateOf(schedule)}.`)),
                Effect.catchTag("NotFound", () => Effect.succeed(gone("schedule")))
              )
            )
          )
      },

      get_scheduled_runs: (dates) =>
        Effect.gen(function* () {
          const period = yield* nextWeek("get_scheduled_runs", dates)
          return { ...period, ...(yield* upcomingStarts(schedules, period, dates.timezone)) }
        })
    })
  })
)
