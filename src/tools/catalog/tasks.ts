import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { isFinal } from "../../sequentum/schemas/Run.ts"
import { defined, pick } from "../outputs.ts"
import type { Progress, Task, ToolCall } from "../Task.ts"
import type { JsonObject } from "../Tool.ts"

/** Most seconds that a read of a task's state goes on where reads fail. */
const timeoutSeconds = 10

/** A task of more runs than this would read too much. */
const maxRuns = 20

/** Most bytes of a result that a task's id keeps: an id is sent as a header, of which proxies take about 8 KB. */
const maxKeptBytes = 1000

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

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

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const rowsOf = ({ runs }: JsonObject) => listOf(runs)

/** Waits for several runs. They were cancelled if each of them was stopped. */
const ofRuns = (state: JsonObject): Progress => {
  const rows = rowsOf(state)
  const statuses = rows.map(statusOf)
  const ended = statuses.filter(isFinal).length
  const unread = rows.filter((row) => Predicate.hasProperty(row, "problem")).length
  const message = `${ended} of ${rows.length} runs ended${unread === 0 ? "" : `, ${unread} could not be read`}`
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

/** How many runs a wait reads. */
const countRuns = ({ runs }: JsonObject) => (Array.isArray(runs) ? runs.length : 1)

/** A start goes on until its run ends, and then shows that run. Stopping it stops the run. */
export const startTask: Task = {
  watch: ({ agentId, isRunSynchronously }, { run }) => {
    const runId = idOf(run)
    // The run that a synchronous start shows need not be its own.
    return isRunSynchronously === true || runId === undefined || isFinal(statusOf(run))
      ? Option.none()
      : Option.some(waitForRun({ agentId, runId }))
  },
  keep: (result) => {
    const kept = pick(result, ["inputParameters", "notice"])
    return sizeOf(kept) > maxKeptBytes ? {} : kept
  },
  result: (kept, state) => ({ run: state["run"], ...kept }),
  progress: ofRun,
  cancel: (watch) => [stopRun(watch)]
}

/** Whether a row of the start of a space is a run that can be followed. */
const isRun = (row: unknown) => Predicate.isRecord(row) && idOf(row) !== undefined

/** The rows that are not runs, as many as an id can keep. */
const keepFailed = (rows: ReadonlyArray<unknown>): JsonObject => {
  const failed = rows.filter((row) => !isRun(row))
  let size = 0
  const kept = failed.filter((row) => (size += sizeOf(row)) <= maxKeptBytes)
  return { failed: kept, notKept: failed.length - kept.length }
}

/** The start of a space goes on until all its runs have ended. Stopping it stops each of them. */
export const startSpaceTask: Task = {
  watch: (_, { results }) => {
    const runs = listOf(results).flatMap((row: unknown) =>
      Predicate.isRecord(row) && isRun(row) ? [{ agentId: row["agentId"], runId: idOf(row) }] : []
    )
    return runs.length === 0 || runs.length > maxRuns ? Option.none() : Option.some(waitForRun({ runs }))
  },
  keep: (result) => ({
    ...pick(result, ["spaceId", "spaceName", "totalAgents", "agentsStarted", "agentsFailed"]),
    ...keepFailed(listOf(result["results"]))
  }),
  result: ({ failed, notKept, ...kept }, state) => ({
    ...kept,
    results: [
      ...rowsOf(state).map((row) =>
        Predicate.isRecord(row)
          ? {
              ...pick(row, ["agentId", "agentName", "runId", "runIdText", "status"]),
              success: true,
              ...defined({ errorMessage: row["problem"] })
            }
          : row
      ),
      ...listOf(failed)
    ],
    ...(typeof notKept === "number" && notKept > 0
      ? { notice: `${notKept} agents that did not start are not shown: see get_space_agents.` }
      : {})
  }),
  progress: ofRuns,
  reads: countRuns,
  cancel: (watch) => rowsOf(watch).flatMap((run) => (Predicate.isRecord(run) ? [stopRun(run)] : []))
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
  progress: (state) => (state["runs"] === undefined ? ofRun(state) : ofRuns(state)),
  reads: countRuns
}

/** A build whose draft is made mostly completes, but may stay so. */
const isReady = ({ build }: JsonObject) => statusOf(build) === "ready"

/** A wait that the server's stop cuts short tells nothing. */
const staysReady = (state: JsonObject) => isReady(state) && Number(state["waitedSeconds"]) >= timeoutSeconds - 1

/** A build goes on until it ends, and then shows the agent. Stopping it stops the build. */
export const buildTask: Task = {
  watch: (_, { sessionId }) => (sessionId === undefined ? Option.none() : Option.some(waitForBuild(sessionId))),
  keep: (result) => pick(result, ["sessionId"]),
  result: (kept, { build }) => ({ ...kept, build }),
  progress: ofBuild,
  mayStay: isReady,
  hasStayed: staysReady,
  cancel: ({ sessionId }) => [{ tool: "stop_agent_build", args: { sessionId } }]
}

/** A wait for a build. Ending it ends nothing but the wait. */
export const waitForBuildTask: Task = {
  isWait: true,
  watch: ({ sessionId }, result) => (isOver(result) ? Option.none() : Option.some(waitForBuild(sessionId))),
  result: (_, state) => state,
  progress: ofBuild,
  mayStay: isReady,
  hasStayed: staysReady
}
