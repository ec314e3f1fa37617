import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { AgentId, ScheduleId } from "../../sequentum/schemas/common.ts"
import type { AgentSchedule, UpcomingRun } from "../../sequentum/schemas/Schedule.ts"
import type { Schedules } from "../../sequentum/Schedules.ts"
import { epochMillis, instantsOf, isoOf, namedZone, offsetAt, shownTimes, utc, type Period } from "../dates.ts"
import { fanOut } from "../FanOut.ts"
import { defined, joinRows, noticeOf, scheduleIdFields, showScheduleId, unreadable } from "../outputs.ts"
import * as Param from "../Param.ts"
import { startsOf } from "./scheduleStarts.ts"

/** A run that a schedule will start. `nextRunTime` is in UTC. */
export const UpcomingStart = Schema.Struct({
  ...scheduleIdFields,
  scheduleName: Param.optional(Schema.String),
  agentId: Param.optional(Schema.Number),
  agentName: Param.optional(Schema.String),
  nextRunTime: Param.optional(Schema.String),
  localTime: Param.optional(Schema.String),
  timezone: Param.optional(Schema.String)
})

/** The most starts that one answer lists. */
const maxStarts = 500

/** The most schedules that a notice names. */
const maxNamed = 10

/** A schedule, and which agent it starts. */
interface Known {
  readonly id: ScheduleId | undefined
  readonly name: string | undefined
  readonly agentId: AgentId | undefined
  readonly agentName: string | undefined
  readonly timezone: string | undefined
}

interface Start {
  /** Epoch milliseconds; undefined if Sequentum lists a run without its time. */
  readonly at: number | undefined
  readonly of: Known
}

const zoneOf = (timezone: string | undefined) => Option.getOrElse(namedZone(timezone ?? "UTC"), () => utc)

/** The next start alone, as the list of upcoming runs says it. */
const nextOnly = ({ agentId, agentName, nextRunTime, scheduleId, scheduleName, timezone }: UpcomingRun): Start => {
  const at = nextRunTime === undefined ? Number.NaN : epochMillis(nextRunTime)
  return {
    at: Number.isNaN(at) ? undefined : at,
    of: { id: scheduleId, name: scheduleName, agentId, agentName, timezone }
  }
}

const showStart = ({ at, of }: Start, timezone: string | undefined): typeof UpcomingStart.Type => {
  const times = at === undefined ? undefined : shownTimes(at, zoneOf(timezone ?? of.timezone))
  return {
    ...showScheduleId(of.id),
    ...defined({
      scheduleName: of.name,
      agentId: of.agentId,
      agentName: of.agentName,
      nextRunTime: times?.utc,
      localTime: times?.local,
      timezone: of.timezone
    })
  }
}

const keyOf = (id: ScheduleId | undefined) => String(id)

const listIds = (ids: ReadonlyArray<string>) =>
  ids.length <= maxNamed ? ids.join(", ") : `${ids.slice(0, maxNamed).join(", ")} and ${ids.length - maxNamed} more`

/** Says whose clocks change, since what Sequentum then starts is not documented. */
const clocksNote = (zones: ReadonlySet<string>, from: number, until: number): string | undefined => {
  const changing = [...zones].filter((name) => offsetAt(from, zoneOf(name)) !== offsetAt(until, zoneOf(name)))
  return changing.length === 0
    ? undefined
    : `The clocks of ${changing.join(", ")} change in this period. What Sequentum does at local times that they skip or repeat is not documented.`
}

/**
 * Every start of enabled schedules within a period, from now on, the earliest first. Reads the list of upcoming runs,
 * then the schedules of the agents that it names. Where these can't be read or computed, the next start stands alone.
 */
export const upcomingStarts = (schedules: Schedules, period: Period, timezone: string | undefined) =>
  Effect.gen(function* () {
    const now = DateTime.toEpochMillis(yield* DateTime.now)
    const { from, until } = instantsOf(period)
    // The list has the next start of each schedule only: one that recurs may be due before the period, and again in it.
    const upcoming = yield* schedules.upcoming(from > now ? { ...period, startDate: isoOf(now) } : period)
    const enabled = upcoming.filter(({ isEnabled }) => isEnabled !== false)
    const names = new Map(enabled.map(({ agentId, agentName }) => [agentId, agentName]))
    const agentIds = [...names.keys()].filter((id) => id !== undefined)
    const listed = yield* fanOut({
      items: agentIds,
      read: (agentId) => schedules.list(agentId),
      nameOf: (agentId) => `agent ${agentId}`,
      plural: "agents",
      // The upcoming list is worth showing alone: a token may hold the scope of that one only.
      mustRead: false
    })
    const wanted = { from: Math.max(from, now), until, max: maxStarts + 1 }

    const known = listed.read.flatMap(({ item, value }) =>
      value.map((schedule): { readonly schedule: AgentSchedule; readonly of: Known } => ({
        schedule,
        of: {
          id: schedule.id,
          name: schedule.name,
          agentId: item,
          agentName: names.get(item),
          timezone: schedule.timezone
        }
      }))
    )
    const computed = known
      .filter(({ schedule }) => schedule.isEnabled !== false)
      .map(({ of, schedule }) => ({ of, starts: startsOf(schedule, wanted) }))
    const settled = new Set(known.filter(({ schedule }) => schedule.isEnabled === false).map(({ of }) => keyOf(of.id)))
    for (const { of, starts } of computed) if (starts !== undefined) settled.add(keyOf(of.id))
    const alone = enabled.filter(({ scheduleId }) => scheduleId === undefined || !settled.has(keyOf(scheduleId)))
    const all = [
      ...computed.flatMap(({ of, starts = [] }) => starts.map((at): Start => ({ at, of }))),
      ...alone.map(nextOnly).filter(({ at = from }) => at >= from && at <= until)
    ].sort((left, right) => (left.at ?? until) - (right.at ?? until))
    const shown = all.slice(0, maxStarts)
    const last = shown.at(-1)?.at
    return {
      scheduledRuns: shown.map((start) => showStart(start, timezone)),
      ...noticeOf(
        until < now ? "This period is over: only coming starts are listed." : undefined,
        unreadable(upcoming),
        listed.notice,
        unreadable(joinRows(listed.read.map(({ value }) => value))),
        alone.length === 0
          ? undefined
          : `Only the next start is listed of schedules that could not be computed: ${listIds(alone.map(({ scheduleId }) => keyOf(scheduleId)))}.`,
        all.length > maxStarts && last !== undefined
          ? `There are more starts: the first ${maxStarts} are listed, until ${shownTimes(last, utc).utc}. Ask again from there on.`
          : undefined,
        clocksNote(new Set(shown.flatMap(({ of }) => of.timezone ?? [])), wanted.from, until)
      )
    }
  })
