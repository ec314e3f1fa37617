import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { isFinal } from "../../sequentum/schemas/Run.ts"
import { pick } from "../outputs.ts"
import type { Progress, Task, ToolCall } from "../Task.ts"
import type { JsonObject } from "../Tool.ts"

/** Most seconds that a read of a task's state goes on where reads fail. */
const timeoutSeconds = 10

/** A task of more runs than this would read too much. */
const maxRuns = 20

/** Longer inputs are left out of a task's id. */
const maxKeptInputs = 1000

const idOf = (run: unknown): unknown => (Predicate.isRecord(run) ? (run["runIdText"] ?? run["runId"]) : undefined)

const isOver = (state: JsonObject) => state["isFinal"] === true

const statusOf = (run: unknown): string =>
  Predicate.isRecord(run) && typeof run["status"] === "string" ? run["status"] : "unknown"

/** Waits for one run: its state says how the task is. */
const ofRun = (state: JsonObject): Progress => {
  const status = statusOf(state["run"])
  const message = `Run ${status}`
  if (!isOver(state)) return { status: "working", message }
  return { status: status === "Stopped" ? "cancelled" : "completed", message }
}

const rowsOf = (state: JsonObject): ReadonlyArray<unknown> => (Array.isArray(state["runs"]) ? state["runs"] : [])

/** Waits for several runs. They were cancelled if each of them was stopped. */
const ofRuns = (state: JsonObject): Progress => {
  const statuses = rowsOf(state).map(statusOf)
  const ended = statuses.filter(isFinal).length
  const message = `${ended} of ${statuses.length} runs ended`
  if (!isOver(state)) return { status: "working", message }
  return { status: statuses.every((status) => status === "Stopped") ? "cancelled" : "completed", message }
}

const ofBuild = (state: JsonObject): Progress => {
  const build = state["build"]
  const status = statusOf(build)
  const message = `Build ${status}`
  if (!isOver(state)) return { status: "working", message }
  return { status: status === "cancelled" ? "cancelled" : "completed", message }
}

const waitForRun = (args: JsonObject): ToolCall => ({ tool: "wait_for_run", args: { ...args, timeoutSeconds } })

const waitForBuild = (sessionId: unknown): ToolCall => ({
  tool: "wait_for_agent_build",
  args: { sessionId, timeoutSeconds }
})

const stopRun = ({ agentId, runId }: JsonObject): ToolCall => ({ tool: "stop_agent", args: { agentId, runId } })

/** A start goes on until its run ends, and then shows that run. Stopping it stops the run. */
export const startTask: Task = {
  watch: ({ agentId }, { run }) => {
    const runId = idOf(run)
    return runId === undefined || isFinal(statusOf(run)) ? Option.none() : Option.some(waitForRun({ agentId, runId }))
  },
  keep: (result) => {
    const kept = pick(result, ["inputParameters", "notice"])
    return JSON.stringify(kept).length > maxKeptInputs ? {} : kept
  },
  result: (kept, state) => ({ run: state["run"], ...kept }),
  progress: ofRun,
  cancel: (watch) => [stopRun(watch)]
}

/** The start of a space goes on until all its runs have ended. Stopping it stops each of them. */
export const startSpaceTask: Task = {
  watch: (_, { results }) => {
    const runs = (Array.isArray(results) ? results : []).flatMap((row: unknown) => {
      const runId = idOf(row)
      return Predicate.isRecord(row) && runId !== undefined ? [{ agentId: row["agentId"], runId }] : []
    })
    return runs.length === 0 || runs.length > maxRuns ? Option.none() : Option.some(waitForRun({ runs }))
  },
  keep: (result) => pick(result, ["spaceId", "spaceName", "totalAgents", "agentsStarted", "agentsFailed"]),
  result: (kept, state) => ({
    ...kept,
    results: rowsOf(state).map((row) =>
      Predicate.isRecord(row)
        ? { ...pick(row, ["agentId", "agentName", "runId", "runIdText", "status"]), success: true }
        : row
    )
  }),
  progress: ofRuns,
  cancel: ({ runs }) =>
    (Array.isArray(runs) ? runs : []).flatMap((run: unknown) => (Predicate.isRecord(run) ? [stopRun(run)] : []))
}

/** A wait for runs. Ending it ends nothing but the wait. */
export const waitTask: Task = {
  isWait: true,
  watch: ({ agentId, includeCost, runId, runs }, result) => {
    if (isOver(result)) return Option.none()
    return Option.some(
      waitForRun({ ...pick({ agentId, includeCost, runId, runs }, ["agentId", "includeCost", "runId", "runs"]) })
    )
  },
  result: (_, state) => state,
  progress: (state) => (state["runs"] === undefined ? ofRun(state) : ofRuns(state))
}

/** A build goes on until it ends, and then shows the agent. Stopping it stops the build. */
export const buildTask: Task = {
  watch: (_, { sessionId }) => (sessionId === undefined ? Option.none() : Option.some(waitForBuild(sessionId))),
  keep: (result) => pick(result, ["sessionId"]),
  result: (kept, { build }) => ({ ...kept, build }),
  progress: ofBuild,
  cancel: ({ sessionId }) => [{ tool: "stop_agent_build", args: { sessionId } }]
}

/** A wait for a build. Ending it ends nothing but the wait. */
export const waitForBuildTask: Task = {
  isWait: true,
  watch: ({ sessionId }, result) => (isOver(result) ? Option.none() : Option.some(waitForBuild(sessionId))),
  result: (_, state) => state,
  progress: ofBuild
}
