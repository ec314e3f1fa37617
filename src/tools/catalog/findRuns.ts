import * as Effect from "effect/Effect"
import type { Agents } from "../../sequentum/Agents.ts"
import type { Credentials } from "../../sequentum/Credentials.ts"
import type { SequentumError } from "../../sequentum/errors.ts"
import type { Runs } from "../../sequentum/Runs.ts"
import type { Agent } from "../../sequentum/schemas/Agent.ts"
import type { AgentId, Rows, SpaceId } from "../../sequentum/schemas/common.ts"
import { isFinal, type Run, type RunStatus } from "../../sequentum/schemas/Run.ts"
import { epochMillis } from "../dates.ts"
import { fanOut } from "../FanOut.ts"
import { sentRows, unreadable } from "../outputs.ts"
import { listFleet } from "./fleet.ts"
import { runTime } from "./runRows.ts"

/** Which runs are wanted. Times are epoch milliseconds, both included. */
export interface Wanted {
  readonly from: number
  readonly until: number
  /** Whether runs that have not ended are wanted, whenever they started. */
  readonly active: boolean
  /** Absent: of any status. */
  readonly status: ReadonlyArray<RunStatus> | undefined
}

/** Whether a run is wanted. One without a time counts, since it may be. */
const isWanted =
  ({ active, from, status, until }: Wanted) =>
  (run: Run): boolean => {
    if (status !== undefined && !status.includes(run.status)) return false
    if (active && !isFinal(run.status)) return true
    const time = runTime(run)
    return !(time < from || time > until)
  }

/** Of a list without pages: how many runs are read at first, and at most. */
const firstRuns = 100
const maxRuns = 1000

/** Wanted runs of one agent, newest first. */
export interface AgentRuns {
  readonly runs: ReadonlyArray<Run>
  /** Whether there may be older ones beyond those that Sequentum lists. */
  readonly isCut: boolean
  readonly unreadable: string | undefined
}

/** Reads the runs of an agent back to the start of a period, or until `enough` are found. */
export const readRuns = (
  list: Runs["list"],
  agentId: AgentId,
  wanted: Wanted,
  enough?: number
): Effect.Effect<AgentRuns, SequentumError, Credentials> => {
  const readBack = (count: number): Effect.Effect<AgentRuns, SequentumError, Credentials> =>
    Effect.flatMap(list(agentId, count), (found: Rows<Run>) => {
      const oldest = found.at(-1)
      const runs = found.filter(isWanted(wanted))
      const isWhole = sentRows(found) < count || (oldest !== undefined && runTime(oldest) < wanted.from)
      return isWhole || (enough !== undefined && runs.length > enough) || count === maxRuns
        ? Effect.succeed({ runs, isCut: !isWhole, unreadable: unreadable(found) })
        : readBack(maxRuns)
    })
  return readBack(Math.max(firstRuns, enough ?? 0))
}

interface Candidate {
  readonly agentId: AgentId
  readonly name: string | undefined
}

interface Candidates {
  readonly agents: ReadonlyArray<Candidate>
  readonly notice?: string
}

/** When an agent was last active, in epoch milliseconds; undefined if that is not known. */
const lastActive = ({ lastActivity }: Agent) => (lastActivity === undefined ? undefined : epochMillis(lastActivity))

/** Whether an agent can have runs that are wanted. */
const mayHave =
  ({ active, from, until }: Wanted) =>
  (agent: Agent): boolean => {
    if (agent.status === undefined && agent.lastActivity === undefined) return false
    if (agent.created !== undefined && epochMillis(agent.created) > until) return false
    const isActive = agent.status !== undefined && !isFinal(agent.status)
    const at = lastActive(agent)
    return at === undefined || at >= from || (active && isActive)
  }

/** Whether no agent of a later page, of those sorted by their last activity, can have runs that are wanted. */
const isLast =
  ({ active, from }: Wanted) =>
  (agents: ReadonlyArray<Agent>): boolean => {
    const times = agents.flatMap((agent) => lastActive(agent) ?? [])
    const isSorted = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? time))
    const last = times.at(-1)
    return !active && isSorted && last !== undefined && last < from
  }

/** The agents that can have runs that are wanted, those that were active last first. */
const findCandidates = (
  list: Agents["list"],
  spaceId: SpaceId | undefined,
  wanted: Wanted
): Effect.Effect<Candidates, SequentumError, Credentials> =>
  Effect.map(listFleet(list, spaceId, isLast(wanted)), ({ agents, ...said }) => ({
    agents: agents
      .filter(mayHave(wanted))
      .sort((left, right) => (lastActive(right) ?? Infinity) - (lastActive(left) ?? Infinity) || 0)
      .flatMap(({ id, name }) => (id === undefined ? [] : [{ agentId: id, name }])),
    ...said
  }))

/** Where runs are looked for. */
export interface Among {
  readonly agentIds: ReadonlyArray<AgentId> | undefined
  readonly spaceId: SpaceId | undefined
}

export interface FoundRuns {
  /** Newest first, with the agent's id and name. */
  readonly runs: ReadonlyArray<Run>
  /** What was not covered. */
  readonly notices: ReadonlyArray<string | undefined>
}

/** Finds runs across agents: reads which agents were active, then the runs of each, as many as a call may. */
export const findRuns = (
  agents: Pick<Agents, "list">,
  runs: Pick<Runs, "list">,
  { agentIds, spaceId }: Among,
  wanted: Wanted
): Effect.Effect<FoundRuns, SequentumError, Credentials> =>
  Effect.gen(function* () {
    const named = agentIds?.map((agentId): Candidate => ({ agentId, name: undefined }))
    const listed =
      named !== undefined && spaceId === undefined
        ? { agents: named }
        : yield* findCandidates(agents.list, spaceId, wanted)
    const candidates =
      agentIds === undefined ? listed.agents : listed.agents.filter(({ agentId }) => agentIds.includes(agentId))
    const fanned = yield* fanOut({
      items: candidates,
      read: ({ agentId }) => readRuns(runs.list, agentId, wanted),
      nameOf: ({ agentId }) => `agent ${agentId}`,
      plural: "agents"
    })
    const found = fanned.read.flatMap(({ item, value }) =>
      value.runs.map((run) => ({
        ...run,
        configId: run.configId ?? item.agentId,
        configName: run.configName ?? item.name
      }))
    )
    const cut = fanned.read.filter(({ value }) => value.isCut).map(({ item }) => item.agentId)
    return {
      runs: found.sort((left, right) => runTime(right) - runTime(left) || 0),
      notices: [
        listed.notice,
        fanned.notice,
        cut.length === 0
          ? undefined
          : `Of agent ${cut.join(", ")} only the newest ${maxRuns} runs could be looked at: ask for a shorter period.`,
        ...fanned.read.map(({ value }) => value.unreadable)
      ]
    }
  })

/** Runs that failed with the same message, or ended badly with it. */
export interface Cause {
  readonly message: string
  readonly runs: ReadonlyArray<Run>
}

/** Whether the message of a run says what went wrong. */
export const hasCause = ({ errorCount = 0, message, status }: Run): boolean =>
  message !== undefined && message !== "" && ((status !== "Success" && status !== "Completed") || errorCount > 0)

/** The messages of runs that went wrong, each of them once, the most frequent first. */
export const causesOf = (runs: ReadonlyArray<Run>): ReadonlyArray<Cause> => {
  const byMessage = new Map<string, Array<Run>>()
  for (const run of runs) {
    if (!hasCause(run)) continue
    const message = run.message ?? ""
    const same = byMessage.get(message)
    if (same === undefined) byMessage.set(message, [run])
    else same.push(run)
  }
  return [...byMessage]
    .map(([message, same]) => ({ message, runs: same }))
    .sort((left, right) => right.runs.length - left.runs.length)
}
