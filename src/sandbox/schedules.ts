import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ApiError } from "./errors.ts"
import { badRequest, conflict, notFound } from "./errors.ts"
import { maybe, read, whole } from "./input.ts"
import { dayStart, periodFields, readPeriod, readTime, within } from "./period.ts"
import type { Call, Route } from "./route.ts"
import { agentInPath, empty, json, pathId } from "./route.ts"
import { optionFields, toOptions } from "./runRoutes.ts"
import { refusal, skip, start } from "./runs.ts"
import type { Agent, Schedule, World } from "./state.ts"
import { days, iso, isoOrNull, minutes, scheduleAt, spaceName } from "./state.ts"

/** Source: docs.sequentum.com/concepts/schedules. */
const Kind = { none: 0, once: 1, every: 2, cron: 3 } as const

/** Milliseconds of the values of runEveryPeriod with a fixed length: 1 minute, 2 hour, 3 day, 4 week. 5 is a month. */
const periods: Readonly<Record<number, number>> = { 1: 60_000, 2: 3_600_000, 3: 86_400_000, 4: 604_800_000 }

/** An IANA time zone. A text handed to Cron.parse would be tried as an offset first, so that GMT is no zone there. */
const zoneNamed = DateTime.zoneMakeNamed

const parseCron = (cron: string, timezone: string) =>
  cron.trim().split(/\s+/).length === 5
    ? Option.flatMap(zoneNamed(timezone), (zone) => Either.getRight(Cron.parse(cron, zone)))
    : Option.none()

// Cron.next throws if no date ever matches, such as 31 February.
const nextOfCron = Option.liftThrowable((cron: Cron.Cron, after: number) => Cron.next(cron, after).getTime())

/** The first time after `after` on the grid that starts at `anchor`. */
const nextOnGrid = (anchor: number, count: number, period: number, after: number): number => {
  const length = periods[period]
  if (length !== undefined) {
    return anchor > after ? anchor : anchor + (Math.floor((after - anchor) / (count * length)) + 1) * count * length
  }
  const first = DateTime.unsafeMake(anchor)
  let months = 0
  let next = anchor
  while (next <= after) {
    months += count
    next = DateTime.toEpochMillis(DateTime.add(first, { months }))
  }
  return next
}

type Timing = Pick<
  Schedule,
  "kind" | "cron" | "timezone" | "startTime" | "runEveryCount" | "runEveryPeriod" | "updated"
>

/** The next time that a schedule is due after a given time; null if never. */
export const nextTime = (schedule: Timing, after: number): number | null => {
  switch (schedule.kind) {
    case Kind.once:
      return schedule.startTime !== null && schedule.startTime > after ? schedule.startTime : null
    case Kind.every: {
      const { runEveryCount: count, runEveryPeriod: period } = schedule
      if (count === null || period === null) return null
      const anchor = schedule.startTime ?? nextOnGrid(schedule.updated, count, period, schedule.updated)
      return nextOnGrid(anchor, count, period, after)
    }
    case Kind.cron:
      return Option.getOrNull(
        Option.flatMap(parseCron(schedule.cron ?? "", schedule.timezone), (cron) => nextOfCron(cron, after))
      )
    default:
      return null
  }
}

const fire = (world: World, schedule: Schedule): void => {
  const agent = world.agents.get(schedule.agentId)
  if (agent === undefined) return
  const refused = refusal(world, agent)
  const run =
    refused === null
      ? start(world, agent, schedule.options, "schedule")
      : skip(world, agent, refused.message, "schedule")
  schedule.lastRunId = run.id
  if (schedule.kind === Kind.once) schedule.isEnabled = false
}

/** Makes a schedule fire whenever it is due, until it is replaced, deleted or disabled. */
export const arm = (world: World, schedule: Schedule): void => {
  const due = schedule.isEnabled ? nextTime(schedule, world.now) : null
  schedule.nextRunAt = due
  if (due !== null) {
    scheduleAt(world, due, () => {
      if (world.schedules.get(schedule.id) === schedule && schedule.nextRunAt === due) {
        fire(world, schedule)
        arm(world, schedule)
      }
    })
  }
}

const name = Schema.String.pipe(Schema.filter((text) => text.trim() !== "", { message: () => "must not be empty" }))

const Body = Schema.Struct({
  ...optionFields,
  name,
  cronExpression: maybe(Schema.String),
  localSchedule: maybe(Schema.String),
  timezone: maybe(Schema.String),
  startTime: maybe(Schema.String),
  scheduleType: maybe(whole(0, 3)),
  isEnabled: maybe(Schema.Boolean),
  runEveryCount: maybe(whole(1)),
  // The reference says both 0..4 and 1..5. The live API returns 1..5, so 0 is refused.
  runEveryPeriod: maybe(whole(1, 5)),
  serverGroupId: maybe(whole(0))
})

/**
 * Decodes the body of a create or an update. Rules: docs.sequentum.com/api-reference/schedules/create. In an update too,
 * absent fields get their defaults. Unverified: whether the real API keeps the old values.
 */
const readSchedule = (
  call: Call,
  agent: Agent,
  { created, id }: Pick<Schedule, "id" | "created">
): Effect.Effect<Schedule, ApiError> =>
  Effect.gen(function* () {
    const { now } = call.world
    const body = yield* read(Body, call.body)
    const options = yield* toOptions(body, agent)
    const kind = body.scheduleType ?? (typeof body.cronExpression === "string" ? Kind.cron : Kind.none)
    const timezone = body.timezone ?? "UTC"
    if (Option.isNone(zoneNamed(timezone))) {
      return yield* badRequest(`timezone: ${timezone} is not an IANA time zone.`)
    }
    const startTime =
      typeof body.startTime === "string" && kind !== Kind.cron ? yield* readTime("startTime", body.startTime) : null
    if (kind === Kind.once && (startTime === null || startTime < now + minutes(1))) {
      return yield* badRequest("startTime: a RunOnce schedule needs one at least 1 minute ahead, in UTC.")
    }
    if (kind === Kind.every) {
      if (typeof body.runEveryCount !== "number" || typeof body.runEveryPeriod !== "number") {
        return yield* badRequest("runEveryCount and runEveryPeriod: a RunEvery schedule needs both.")
      }
      if (startTime !== null && startTime <= now) {
        return yield* badRequest("startTime: must be in the future.")
      }
    }
    const schedule: Schedule = {
      id,
      created,
      agentId: agent.id,
      name: body.name,
      kind,
      cron: kind === Kind.cron ? (body.cronExpression ?? null) : null,
      localSchedule: body.localSchedule ?? null,
      timezone,
      startTime,
      runEveryCount: kind === Kind.every ? (body.runEveryCount ?? null) : null,
      runEveryPeriod: kind === Kind.every ? (body.runEveryPeriod ?? null) : null,
      inputParameters: body.inputParameters ?? null,
      options,
      serverGroupId: body.serverGroupId ?? null,
      updated: now,
      isEnabled: body.isEnabled ?? true,
      nextRunAt: null,
      lastRunId: null
    }
    if (kind === Kind.cron && nextTime(schedule, now) === null) {
      return yield* badRequest("cronExpression: a CRON schedule needs one of 5 fields that some day matches.")
    }
    return schedule
  })

/** A schedule in the API's format. Source: docs.sequentum.com/api-reference/schedules/update. */
const scheduleView = (world: World, schedule: Schedule) => ({
  id: schedule.id,
  configId: schedule.agentId,
  name: schedule.name,
  schedule: schedule.cron,
  localSchedule: schedule.localSchedule,
  timezone: schedule.timezone,
  nextRunTime: isoOrNull(schedule.nextRunAt),
  startTime: isoOrNull(schedule.startTime),
  scheduleType: schedule.kind,
  isEnabled: schedule.isEnabled,
  runEveryCount: schedule.runEveryCount,
  runEveryPeriod: schedule.runEveryPeriod,
  inputParameters: schedule.inputParameters,
  parallelism: schedule.options.parallelism,
  parallelMaxConcurrency: schedule.options.parallelMaxConcurrency,
  parallelExport: schedule.options.parallelExport,
  proxyPoolId: schedule.options.proxyPoolId,
  serverGroupId: schedule.serverGroupId,
  logLevel: schedule.options.logLevel,
  logMode: schedule.options.logMode,
  isExclusive: schedule.options.isExclusive,
  isWaitOnFailure: schedule.options.isWaitOnFailure,
  created: iso(schedule.created),
  updated: iso(schedule.updated),
  ...(world.fields === "qa"
    ? {
        startedBy: null,
        serverId: null,
        httpVersion: null,
        saveContentCache: false,
        configName: world.agents.get(schedule.agentId)?.name ?? null
      }
    : {})
})

const upcomingView = (world: World, schedule: Schedule) => {
  const agent = world.agents.get(schedule.agentId)
  const last = schedule.lastRunId === null ? undefined : world.runs.get(schedule.lastRunId)
  return {
    scheduleId: schedule.id,
    agentId: schedule.agentId,
    agentName: agent?.name ?? null,
    scheduleName: schedule.name,
    nextRunTime: isoOrNull(schedule.nextRunAt),
    timezone: schedule.timezone,
    isEnabled: schedule.isEnabled,
    // A personal agent has the space id 0 here.
    ...(world.fields === "qa"
      ? {
          schedule: schedule.cron,
          scheduleType: schedule.kind,
          runEveryCount: schedule.runEveryCount,
          runEveryPeriod: schedule.runEveryPeriod,
          spaceId: agent?.spaceId ?? 0,
          spaceName: spaceName(world, agent?.spaceId ?? null),
          approvalStatus: agent?.extra["approvalStatus"] ?? 0,
          lastRunId: schedule.lastRunId,
          lastRunTime: isoOrNull(last?.startedAt ?? null),
          lastRunStatus: last?.status ?? null,
          lastRunMessage: last?.message ?? null
        }
      : {})
  }
}

const scheduleInPath = (call: Call): Effect.Effect<Schedule, ApiError> =>
  Effect.gen(function* () {
    const agent = yield* agentInPath(call)
    const id = yield* pathId(call, "scheduleId")
    const schedule = call.world.schedules.get(id)
    return schedule === undefined || schedule.agentId !== agent.id ? yield* notFound("Schedule", id) : schedule
  })

const save = (world: World, schedule: Schedule) => {
  world.schedules.set(schedule.id, schedule)
  arm(world, schedule)
  return scheduleView(world, schedule)
}

const UpcomingQuery = Schema.Struct(periodFields)

/** The schedules of agents, and the list of upcoming runs. */
export const scheduleRoutes: ReadonlyArray<Route> = [
  {
    method: "GET",
    path: "/agent/:agentId/schedules",
    handle: (call) =>
      Effect.map(agentInPath(call), (agent) =>
        json(
          [...call.world.schedules.values()]
            .filter(({ agentId }) => agentId === agent.id)
            .map((schedule) => scheduleView(call.world, schedule))
        )
      )
  },
  {
    // Unverified: 201 instead of 200.
    method: "POST",
    path: "/agent/:agentId/schedules",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const { world } = call
        const schedule = yield* readSchedule(call, agent, { id: world.lastScheduleId + 1, created: world.now })
        world.lastScheduleId = schedule.id
        return json(save(world, schedule), 201)
      })
  },
  {
    method: "GET",
    path: "/agent/:agentId/schedules/:scheduleId",
    handle: (call) => Effect.map(scheduleInPath(call), (schedule) => json(scheduleView(call.world, schedule)))
  },
  {
    // docs.sequentum.com/api-reference/schedules/update
    method: "PUT",
    path: "/agent/:agentId/schedules/:scheduleId",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const schedule = yield* scheduleInPath(call)
        return json(save(call.world, yield* readSchedule(call, agent, schedule)))
      })
  },
  {
    method: "DELETE",
    path: "/agent/:agentId/schedules/:scheduleId",
    handle: (call) =>
      Effect.map(scheduleInPath(call), (schedule) => {
        call.world.schedules.delete(schedule.id)
        return empty()
      })
  },
  {
    // Unverified: the refusal of a schedule that can never be due again.
    method: "POST",
    path: "/agent/:agentId/schedules/:scheduleId/enable",
    handle: (call) =>
      Effect.flatMap(scheduleInPath(call), (schedule) => {
        if (schedule.kind === Kind.once && nextTime(schedule, call.world.now) === null) {
          return conflict("schedule_past", `The start time of schedule ${schedule.id} has passed.`)
        }
        if (!schedule.isEnabled) {
          schedule.isEnabled = true
          arm(call.world, schedule)
        }
        return Effect.succeed(empty())
      })
  },
  {
    method: "POST",
    path: "/agent/:agentId/schedules/:scheduleId/disable",
    handle: (call) =>
      Effect.map(scheduleInPath(call), (schedule) => {
        schedule.isEnabled = false
        schedule.nextRunAt = null
        return empty()
      })
  },
  {
    method: "GET",
    path: "/analytics/schedules/upcoming",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const today = dayStart(world.now)
        const filters = yield* read(UpcomingQuery, query)
        const period = yield* readPeriod(filters, { from: today, to: today + days(7) })
        return json(
          [...world.schedules.values()]
            .filter(({ nextRunAt }) => nextRunAt !== null && within(period, nextRunAt))
            .sort((a, b) => (a.nextRunAt ?? 0) - (b.nextRunAt ?? 0))
            .map((schedule) => upcomingView(world, schedule))
        )
      })
  }
]
