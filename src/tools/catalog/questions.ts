import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Agents } from "../../sequentum/Agents.ts"
import { Billing } from "../../sequentum/Billing.ts"
import type { SequentumError } from "../../sequentum/errors.ts"
import type { RemoveMethod } from "../../sequentum/Runs.ts"
import { Runs } from "../../sequentum/Runs.ts"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { AgentId, RunId, ScheduleId, SpaceId } from "../../sequentum/schemas/common.ts"
import { RunStatus } from "../../sequentum/schemas/Run.ts"
import { cleanName } from "../../sequentum/schemas/text.ts"
import type { Version } from "../../sequentum/schemas/Version.ts"
import { Schedules } from "../../sequentum/Schedules.ts"
import { Spaces } from "../../sequentum/Spaces.ts"
import { Versions } from "../../sequentum/Versions.ts"
import { isoOf } from "../dates.ts"
import type { Pace } from "./schedulePace.ts"

/** Limit for a read that only makes a question clearer. */
const readTime = Duration.seconds(8)

/** What a read shows; none if it fails or takes too long. A question is asked all the same. */
const seen = <A, R>(read: Effect.Effect<A, SequentumError, R>): Effect.Effect<Option.Option<A>, never, R> =>
  read.pipe(Effect.timeoutOption(readTime), Effect.orElseSucceed(Option.none<A>))

/** As `seen`, but fails where there is nothing: then there is nothing to ask about. */
export const present = <A, R>(read: Effect.Effect<A, SequentumError, R>) =>
  read.pipe(
    Effect.timeoutOption(readTime),
    Effect.catchAll((error) =>
      error._tag === "NotFound" || error._tag === "Unauthorized" ? Effect.fail(error) : Effect.succeed(Option.none<A>())
    )
  )

const maxNameLength = 100

const isKnownStatus = (status: RunStatus) => RunStatus.words.some((word) => word === status)

/** Text of others on one line, cut, in quotation marks that it can't close. */
const quoted = (text: string): string => {
  const line = Array.from(cleanName(text).replaceAll(/[“”]/gu, '"').trim())
  return `“${line.length > maxNameLength ? `${line.slice(0, maxNameLength - 1).join("")}…` : line.join("")}”`
}

/** `agent “Books” (7)`, or `agent 7` where the name is not known. */
const named = (noun: string, id: number | string, name: string | undefined) =>
  name === undefined ? `${noun} ${id}` : `${noun} ${quoted(name)} (${id})`

/** How many of the latest finished runs an estimate is made from. */
const sampleSize = 5

/** How far back an estimate looks, in days. */
const sampleDays = 90

/** How many agents of a space an estimate reads. */
const maxSampledAgents = 20

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Credits with as many digits as tell something. */
const credits = (amount: number): string => {
  const size = Math.abs(amount)
  if (size > 0 && size < 0.01) return amount < 0 ? "less than 0" : "less than 0.01"
  return amount.toLocaleString("en-US", { maximumFractionDigits: size >= 100 ? 0 : size >= 1 ? 1 : 2 })
}

/** `1 agent`, `2 agents`. */
const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

/** What each of the latest finished runs of an agent cost, newest first; none if that could not be read. */
type Costs = Option.Option<ReadonlyArray<number>>

const noBasis = (costs: Costs) =>
  `There is no basis for an estimate of the cost: ${
    Option.isNone(costs) ? "the cost of recent runs could not be read" : `no finished run in ${sampleDays} days`
  }.`

/** The costs, if there are any. */
const known = (costs: Costs): ReadonlyArray<number> => Option.getOrElse(costs, () => [])

const latest = (runs: ReadonlyArray<number>) =>
  runs.length === 1 ? "latest finished run" : `latest ${runs.length} finished runs`

const runEstimate = (costs: Costs, whose: string): string => {
  const amounts = known(costs)
  if (amounts.length === 0) return noBasis(costs)
  const cost = `${whose} ${latest(amounts)} cost ${credits(mean(amounts))} credits`
  return amounts.length === 1 ? `${cost}.` : `${cost} on average.`
}

/** For so many agents, of which `read` were looked at. */
const spaceEstimate = (read: ReadonlyArray<Costs>, agentCount: number): string => {
  const amounts = read.map(known).filter((costs) => costs.length > 0)
  if (amounts.length === 0) return noBasis(read.every(Option.isNone) ? Option.none() : Option.some([]))
  const sum = credits(amounts.reduce((total, costs) => total + mean(costs), 0))
  const estimate = `By the cost of their latest finished runs that is about ${sum} credits`
  return amounts.length === agentCount
    ? `${estimate}.`
    : `${estimate} for ${amounts.length} of them; for the others there is no basis for an estimate.`
}

/** `2026-03-11 12:00 UTC`. Times of Sequentum are in UTC; one of another form stays as it is. */
const shownTime = (time: string) => time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z?$/u, "$1 $2 UTC")

/** Who saved a version, when and why, as far as it is known. */
const savedAs = ({ comments, created, userName }: Version): string => {
  const parts = [
    created === undefined ? "" : ` on ${shownTime(created)}`,
    userName === undefined ? "" : ` by ${quoted(userName)}`,
    comments === undefined || comments.trim() === "" ? "" : ` with the comment ${quoted(comments)}`
  ].join("")
  return parts === "" ? "" : ` It was saved${parts}.`
}

/** What is done to a schedule. */
export interface ScheduleChange {
  readonly verb: "Create" | "Change" | "Enable"
  readonly agentId: AgentId
  /** Absent for one that is created. */
  readonly scheduleId?: ScheduleId
  readonly name: string | undefined
}

/**
 * The questions that the user is asked before something is changed that can't be undone, or that spends much. Each
 * names the thing, says what will happen, and for what spends gives an estimate from recent runs.
 */
export const makeQuestions = Effect.gen(function* () {
  const agents = yield* Agents
  const billing = yield* Billing
  const runs = yield* Runs
  const schedules = yield* Schedules
  const spaces = yield* Spaces
  const versions = yield* Versions

  const agentName = (agentId: AgentId) =>
    Effect.map(present(agents.get(agentId)), (agent) =>
      named("agent", agentId, Option.getOrUndefined(Option.flatMap(agent, ({ name }) => Option.fromNullable(name))))
    )

  const recentCosts = (agentId: AgentId): Effect.Effect<Costs, never, Credentials> =>
    Effect.flatMap(DateTime.now, (now) =>
      Effect.map(
        seen(
          billing.runsCost(agentId, {
            startDate: DateTime.formatIsoDateUtc(DateTime.subtract(now, { days: sampleDays })),
            endDate: DateTime.formatIso(now),
            pageIndex: 1,
            recordsPerPage: 2 * sampleSize,
            sortColumn: "date",
            sortOrder: 1
          })
        ),
        Option.map(({ runs: rows = [] }) =>
          rows
            .filter(({ endTime }) => endTime !== undefined)
            .slice(0, sampleSize)
            .map(({ cost }) => cost)
        )
      )
    )

  const balance = Effect.map(
    seen(billing.credits()),
    Option.match({
      onNone: () => "How many credits are left could not be read.",
      onSome: ({ availableCredits }) => `${credits(availableCredits)} credits are left.`
    })
  )

  /** A run by its name, and its state in a sentence. */
  const aboutRun = (agentId: AgentId, runId: RunId) =>
    Effect.map(
      Effect.all([agentName(agentId), present(runs.status(agentId, runId))], { concurrency: 2 }),
      ([agent, run]) => ({
        run,
        text: `run ${runId} of ${agent}`,
        state: Option.match(run, {
          onNone: () => "Its status could not be read.",
          onSome: ({ dataCount, status }) =>
            `Its status is ${status}${dataCount === undefined ? "" : `, with ${counted(dataCount, "record")}`}.`
        })
      })
    )

  /** `the schedule “Nightly” (31) of agent “Books” (7)`. */
  const aboutSchedule = (agent: string, scheduleId: ScheduleId, name: string | undefined) =>
    `${name === undefined ? "" : "the "}${named("schedule", scheduleId, name)} of ${agent}`

  /** What is deleted, and what becomes of the rest. */
  const removals: Readonly<Record<RemoveMethod, readonly [what: string, how: string]>> = {
    RemoveEntireRun: ["", "The run, its files and its input are deleted for good."],
    RemoveAllFiles: ["all files of ", "The run itself stays in the list."],
    RemoveAllFilesAndAgentInput: ["all files and the input of ", "The run itself stays in the list."]
  }

  return {
    deleteRun: (agentId: AgentId, runId: RunId, removeMethod: RemoveMethod) =>
      Effect.map(aboutRun(agentId, runId), ({ state, text }) => {
        const [what, how] = removals[removeMethod]
        return Option.some(`Delete ${what}${text}? ${state} ${how} This can't be undone.`)
      }),

    /** Asks only where the kill would force: while the run is stopping, or in a state that is not known. */
    killRun: (agentId: AgentId, runId: RunId) =>
      Effect.map(aboutRun(agentId, runId), ({ run, state, text }) =>
        Option.exists(run, ({ status }) => status !== "Stopping" && isKnownStatus(status))
          ? Option.none()
          : Option.some(`End ${text} by force? ${state} What it has not exported yet is lost.`)
      ),

    deleteSchedule: (agentId: AgentId, scheduleId: ScheduleId) =>
      Effect.map(
        Effect.all([agentName(agentId), present(schedules.get(agentId, scheduleId))], { concurrency: 2 }),
        ([agent, schedule]) => {
          const name = Option.flatMap(schedule, (one) => Option.fromNullable(one.name))
          return Option.some(
            `Delete ${aboutSchedule(agent, scheduleId, Option.getOrUndefined(name))}? This can't be undone. Disabling it would keep it.`
          )
        }
      ),

    restoreVersion: (agentId: AgentId, version: number) =>
      Effect.map(Effect.all([agentName(agentId), seen(versions.list(agentId))], { concurrency: 2 }), ([name, list]) => {
        const found = Option.map(list, (all) => all.find((one) => one.version === version))
        const about = Option.match(found, {
          onNone: () => "",
          onSome: (one) => (one === undefined ? " Its history does not list this version." : savedAs(one))
        })
        return Option.some(
          `Make version ${version} of ${name} the current one?${about} Later runs then use it; the version in use now stays in the history.`
        )
      }),

    runSpace: (spaceId: SpaceId) =>
      Effect.gen(function* () {
        const [space, members] = yield* Effect.all([present(spaces.get(spaceId)), present(spaces.agents(spaceId))], {
          concurrency: 2
        })
        const name = named(
          "space",
          spaceId,
          Option.getOrUndefined(Option.flatMap(space, (one) => Option.fromNullable(one.name)))
        )
        if (Option.isNone(members)) {
          return Option.some(
            `Start every agent of ${name}? How many they are, and what they cost, could not be read. ${yield* balance}`
          )
        }
        const { length } = members.value
        if (length === 0) return Option.some(`Start every agent of ${name}? It has no agents now.`)
        const ids = members.value.flatMap(({ id }) => (id === undefined ? [] : [id]))
        const [costs, left] = yield* Effect.all(
          [Effect.forEach(ids.slice(0, maxSampledAgents), recentCosts, { concurrency: 5 }), balance],
          { concurrency: 2 }
        )
        return Option.some(
          length === 1
            ? `Start the only agent of ${name} now? ${runEstimate(costs[0] ?? Option.none(), "Its")} ${left}`
            : `Start all ${length} agents of ${name} now? ${spaceEstimate(costs, length)} ${left}`
        )
      }),

    startInParts: (agentId: AgentId, parallelism: number) =>
      Effect.map(
        Effect.all([agentName(agentId), recentCosts(agentId), balance], { concurrency: 3 }),
        ([name, costs, left]) =>
          Option.some(`Start ${name} in ${parallelism} parallel parts? ${runEstimate(costs, "Its")} ${left}`)
      ),

    /** `pace` is how often the schedule would start; none if that is not known. */
    frequentSchedule: ({ agentId, name, scheduleId, verb }: ScheduleChange, pace: Option.Option<Pace>) =>
      Effect.gen(function* () {
        const [agent, costs, left, now] = yield* Effect.all(
          [agentName(agentId), recentCosts(agentId), balance, DateTime.now],
          { concurrency: 3 }
        )
        const what =
          scheduleId === undefined
            ? `a schedule ${quoted(name ?? "")} for ${agent}`
            : aboutSchedule(agent, scheduleId, name)
        const amounts = known(costs)
        const { often, perDay } = Option.match(pace, {
          onNone: () => ({
            often: "How often it would start runs is not known here.",
            perDay: runEstimate(costs, "The agent's")
          }),
          onSome: ({ from, gapMinutes, starts }) => ({
            often: `It would start ${counted(starts, "time")} in ${
              from > DateTime.toEpochMillis(now) ? `the 24 hours from ${shownTime(isoOf(from))}` : "the next 24 hours"
            }, at times only ${counted(gapMinutes, "minute")} apart.`,
            perDay:
              amounts.length === 0
                ? noBasis(costs)
                : `At the cost of the agent's ${latest(amounts)} that is about ${credits(mean(amounts) * starts)} credits for these starts.`
          })
        })
        return Option.some(`${verb} ${what}? ${often} ${perDay} ${left}`)
      })
  } as const
})
