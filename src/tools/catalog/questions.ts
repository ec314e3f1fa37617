import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Agents } from "../../sequentum/Agents.ts"
import { Billing } from "../../sequentum/Billing.ts"
import type { SequentumError } from "../../sequentum/errors.ts"
import type { RemoveMethod } from "../../sequentum/Runs.ts"
import { Runs } from "../../sequentum/Runs.ts"
import type { AgentId, RunId, ScheduleId, SpaceId } from "../../sequentum/schemas/common.ts"
import { Schedules } from "../../sequentum/Schedules.ts"
import { Spaces } from "../../sequentum/Spaces.ts"
import { Versions } from "../../sequentum/Versions.ts"

/** Limit for a read that only makes a question clearer. */
const readTime = Duration.seconds(8)

/** What a read shows; none if it fails or takes too long. A question is asked all the same. */
const seen = <A, R>(read: Effect.Effect<A, SequentumError, R>): Effect.Effect<Option.Option<A>, never, R> =>
  read.pipe(Effect.timeoutOption(readTime), Effect.orElseSucceed(Option.none<A>))

/** As `seen`, but fails where there is nothing: then there is nothing to ask about. */
const present = <A, R>(read: Effect.Effect<A, SequentumError, R>) =>
  read.pipe(
    Effect.timeoutOption(readTime),
    Effect.catchAll((error) =>
      error._tag === "NotFound" || error._tag === "Unauthorized" ? Effect.fail(error) : Effect.succeed(Option.none<A>())
    )
  )

const maxNameLength = 100

const quoted = (name: string): string =>
  `“${name.length > maxNameLength ? `${name.slice(0, maxNameLength - 1)}…` : name}”`

const joined = (...parts: ReadonlyArray<string | undefined>): string =>
  parts.filter((part) => part !== undefined && part !== "").join(" ")

/** How many of the latest finished runs an estimate is made from. */
const sampleSize = 5

/** How far back an estimate looks, in days. */
const sampleDays = 90

/** How many agents of a space an estimate reads. */
const maxSampledAgents = 20

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Credits with as many digits as tell something. */
const credits = (amount: number): string =>
  amount >= 100 ? amount.toFixed(0) : amount >= 1 ? amount.toFixed(1) : amount.toPrecision(2)

/** `1 agent`, `2 agents`. */
const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`

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
    Effect.map(seen(agents.get(agentId)), (agent) =>
      Option.match(
        Option.flatMap(agent, ({ name }) => Option.fromNullable(name)),
        { onNone: () => `agent ${agentId}`, onSome: (name) => `agent ${quoted(name)} (${agentId})` }
      )
    )

  /** What each of the latest finished runs of an agent cost, newest first. */
  const recentCosts = (agentId: AgentId) =>
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
        (found): ReadonlyArray<number> =>
          Option.match(found, {
            onNone: () => [],
            onSome: ({ runs: rows = [] }) =>
              rows
                .filter(({ endTime }) => endTime !== undefined)
                .slice(0, sampleSize)
                .map(({ cost }) => cost)
          })
      )
    )

  const balance = Effect.map(
    seen(billing.credits()),
    Option.match({
      onNone: () => "How many credits are left could not be read.",
      onSome: ({ availableCredits }) => `${credits(availableCredits)} credits are left.`
    })
  )

  /** What a run of an agent is likely to cost, and what is left. */
  const runEstimate = (agentId: AgentId) =>
    Effect.map(Effect.all([recentCosts(agentId), balance], { concurrency: 2 }), ([costs, left]) =>
      costs.length === 0
        ? `There is no basis for an estimate of the cost: no finished run in ${sampleDays} days. ${left}`
        : `Its latest ${counted(costs.length, "finished run")} cost ${credits(mean(costs))} credits on average. ${left}`
    )

  const spaceEstimate = (agentIds: ReadonlyArray<AgentId>) =>
    Effect.map(
      Effect.all([Effect.forEach(agentIds.slice(0, maxSampledAgents), recentCosts, { concurrency: 5 }), balance], {
        concurrency: 2
      }),
      ([all, left]) => {
        const known = all.filter((costs) => costs.length > 0)
        if (known.length === 0) return `There is no basis for an estimate of the cost. ${left}`
        const sum = known.reduce((total, costs) => total + mean(costs), 0)
        return `About ${credits(sum)} credits, from the recent runs of ${known.length} of them. ${left}`
      }
    )

  /** A run with its state, for a question. */
  const aboutRun = (agentId: AgentId, runId: RunId) =>
    Effect.map(
      Effect.all([agentName(agentId), present(runs.status(agentId, runId))], { concurrency: 2 }),
      ([name, run]) => ({
        run,
        text: `run ${runId} of ${name}${Option.match(run, {
          onNone: () => "",
          onSome: ({ dataCount, status }) =>
            ` (${status}${dataCount === undefined ? "" : `, ${counted(dataCount, "record")}`})`
        })}`
      })
    )

  const aboutSchedule = (agentId: AgentId, scheduleId: ScheduleId) =>
    Effect.map(
      Effect.all([agentName(agentId), present(schedules.get(agentId, scheduleId))], { concurrency: 2 }),
      ([name, schedule]) => ({
        schedule,
        text: `the schedule ${Option.match(
          Option.flatMap(schedule, (one) => Option.fromNullable(one.name)),
          { onNone: () => scheduleId, onSome: (title) => `${quoted(title)} (${scheduleId})` }
        )} of ${name}`
      })
    )

  const removals: Readonly<Record<RemoveMethod, string>> = {
    RemoveEntireRun: "The run, its files and its input are deleted for good.",
    RemoveAllFiles: "All its files are deleted for good; the run itself stays in the list.",
    RemoveAllFilesAndAgentInput: "All its files and its input are deleted for good; the run itself stays in the list."
  }

  return {
    deleteRun: (agentId: AgentId, runId: RunId, removeMethod: RemoveMethod) =>
      Effect.map(aboutRun(agentId, runId), ({ text }) =>
        Option.some(`Delete ${text}? ${removals[removeMethod]} This can't be undone.`)
      ),

    /** Asks only where the kill would force: while the run is stopping, or in a state that can't be read. */
    killRun: (agentId: AgentId, runId: RunId) =>
      Effect.map(aboutRun(agentId, runId), ({ run, text }) =>
        Option.exists(run, ({ status }) => status !== "Stopping")
          ? Option.none()
          : Option.some(`End ${text} by force? What it has not exported yet is lost.`)
      ),

    deleteSchedule: (agentId: AgentId, scheduleId: ScheduleId) =>
      Effect.map(aboutSchedule(agentId, scheduleId), ({ text }) =>
        Option.some(`Delete ${text}? This can't be undone. Disabling it would keep it.`)
      ),

    restoreVersion: (agentId: AgentId, version: number) =>
      Effect.map(Effect.all([agentName(agentId), seen(versions.list(agentId))], { concurrency: 2 }), ([name, list]) => {
        const found = Option.flatMap(list, (all) => Option.fromNullable(all.find((one) => one.version === version)))
        const saved = Option.match(found, {
          onNone: () => "",
          onSome: ({ comments, created }) =>
            joined(
              created === undefined ? undefined : `, saved ${created}`,
              comments === undefined ? undefined : `with the comment ${quoted(comments)}`
            )
        })
        return Option.some(
          `Make version ${version} of ${name}${saved} the current one? Later runs use it; the version in use now stays in the history.`
        )
      }),

    runSpace: (spaceId: SpaceId) =>
      Effect.gen(function* () {
        const [space, members] = yield* Effect.all([present(spaces.get(spaceId)), present(spaces.agents(spaceId))], {
          concurrency: 2
        })
        const name = Option.match(
          Option.flatMap(space, (one) => Option.fromNullable(one.name)),
          { onNone: () => `space ${spaceId}`, onSome: (title) => `space ${quoted(title)} (${spaceId})` }
        )
        if (Option.isNone(members)) {
          return Option.some(
            `Start every agent of ${name}? How many they are, and what they cost, could not be read. ${yield* balance}`
          )
        }
        const ids = members.value.flatMap(({ id }) => (id === undefined ? [] : [id]))
        return Option.some(
          `Start all ${counted(members.value.length, "agent")} of ${name} now? ${yield* spaceEstimate(ids)}`
        )
      }),

    startInParts: (agentId: AgentId, parallelism: number) =>
      Effect.map(Effect.all([agentName(agentId), runEstimate(agentId)], { concurrency: 2 }), ([name, estimate]) =>
        Option.some(`Start ${name} in ${parallelism} parallel parts? ${estimate}`)
      ),

    /** `starts` is how often it would start in a day, `gap` the smallest time between two starts, in minutes. */
    frequentSchedule: (agentId: AgentId, starts: number, gap: number) =>
      Effect.map(
        Effect.all([agentName(agentId), recentCosts(agentId), balance], { concurrency: 3 }),
        ([name, costs, left]) => {
          const perDay =
            costs.length === 0
              ? "There is no basis for an estimate of the cost: no recent finished run."
              : `At the cost of its latest ${counted(costs.length, "finished run")} that is about ${credits(mean(costs) * starts)} credits a day.`
          return Option.some(
            `Let a schedule start ${name} ${counted(starts, "time")} in the next 24 hours, at times only ${counted(gap, "minute")} apart? ${perDay} ${left}`
          )
        }
      )
  } as const
})
