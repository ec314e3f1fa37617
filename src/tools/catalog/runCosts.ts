import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Billing } from "../../sequentum/Billing.ts"
import type { Credentials } from "../../sequentum/Credentials.ts"
import { inBrief } from "../../sequentum/errors.ts"
import type { AgentId, RunId } from "../../sequentum/schemas/common.ts"
import type { Run } from "../../sequentum/schemas/Run.ts"
import { isoOf } from "../dates.ts"
import { fanOut } from "../FanOut.ts"
import { runTime } from "./runRows.ts"

/** A run that has ended, and its agent. */
export interface EndedRun {
  readonly agentId: AgentId
  readonly run: Run
}

export interface Costs {
  /** In credits, by run. */
  readonly byRun: ReadonlyMap<RunId, number>
  /** What could not be read. */
  readonly notice: string | undefined
}

/** The most charges that are read of one agent. */
const recordsPerPage = 1000

const day = 24 * 60 * 60 * 1000

/** The days from the first of these runs until tomorrow: a run is charged when it ends. */
const daysOf = (ended: ReadonlyArray<Run>, now: number) => {
  const first = Math.min(now, ...ended.map(runTime).filter((time) => !Number.isNaN(time)))
  return { startDate: isoOf(first).slice(0, 10), endDate: isoOf(now + day).slice(0, 10) }
}

/** What runs cost, by one request for each agent. A failure costs the figures of that agent only. */
export const costsOf = (
  runsCost: Billing["runsCost"],
  ended: ReadonlyArray<EndedRun>,
  maxTime: Duration.Duration
): Effect.Effect<Costs, never, Credentials> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const byAgent = new Map<AgentId, ReadonlyArray<Run>>()
    for (const { agentId, run } of ended) byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), run])
    const { notice, read } = yield* fanOut({
      items: [...byAgent.entries()],
      read: ([agentId, runs]) =>
        runsCost(agentId, {
          ...daysOf(runs, clock.unsafeCurrentTimeMillis()),
          pageIndex: 1,
          recordsPerPage,
          sortColumn: "date",
          sortOrder: 1
        }),
      nameOf: ([agentId]) => `agent ${agentId}`,
      plural: "costs of agents",
      maxTime
    })
    const byRun = new Map<RunId, number>()
    for (const { value } of read) {
      for (const { cost, runId } of value.runs ?? []) byRun.set(runId, (byRun.get(runId) ?? 0) + cost)
    }
    const missing = ended.some(({ run }) => !byRun.has(run.id))
    return {
      byRun,
      notice: notice ?? (missing ? "A run without a cost has not been charged yet." : undefined)
    }
  }).pipe(
    Effect.catchAll((error) =>
      Effect.succeed({ byRun: new Map(), notice: `The costs could not be read. ${inBrief(error)}` })
    )
  )
