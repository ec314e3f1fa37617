import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { rows, type AgentId, type RunId } from "./schemas/common.ts"
import { Run, RunSummary } from "./schemas/Run.ts"
import { cleanData } from "./schemas/text.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient, type Retries } from "./client/SequentumClient.ts"

/**
 * How a run is started; `inputParameters` is JSON text. Source: docs.sequentum.com/api-reference/introduction. What is
 * left out is sent as Sequentum's own MCP server sends it.
 */
export interface StartOptions {
  readonly inputParameters?: string | undefined
  readonly parallelism?: number | undefined
  readonly parallelMaxConcurrency?: number | undefined
  readonly parallelExport?: "Combined" | "Separated" | undefined
  readonly proxyPoolId?: number | undefined
  readonly isExclusive?: boolean | undefined
  readonly isWaitOnFailure?: boolean | undefined
  readonly logLevel?: "Fatal" | "Error" | "Warning" | "Info" | undefined
  readonly logMode?: "Text" | "TextAndHtml" | undefined
}

export const removeMethods = ["RemoveEntireRun", "RemoveAllFiles", "RemoveAllFilesAndAgentInput"] as const
export type RemoveMethod = (typeof removeMethods)[number]

/**
 * Sent for options that are left out. What the API takes for a missing one is not documented: an enumeration might well
 * become its first word, such as Fatal.
 */
const startDefaults = {
  parallelism: 1,
  parallelMaxConcurrency: 1,
  parallelExport: "Combined",
  timeout: 60,
  isExclusive: true,
  isWaitOnFailure: false,
  isRunSynchronously: false,
  logLevel: "Info",
  logMode: "Text"
} as const

const given = (options: StartOptions) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** Time for the reply of a synchronous start to arrive after the run has timed out. */
const syncReplyMargin = Duration.seconds(30)

const RunList = rows(Run)

/** Runs: starting, watching, ending and removing them. Every method fails with a SequentumError. */
export class Runs extends Effect.Service<Runs>()("sequentum/Runs", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    /** Newest first, without a total. */
    const list = (agentId: AgentId, maxRecords?: number) =>
      client.get(apiPath("agent")`/agent/${agentId}/runs`, RunList, { query: { maxRecords } })

    /** As `list`, with Sequentum's own time of the answer. */
    const listDated = (agentId: AgentId, maxRecords?: number) =>
      client.getDated(apiPath("agent")`/agent/${agentId}/runs`, RunList, { query: { maxRecords } })

    const summary = (agentId: AgentId) => client.get(apiPath("agent")`/agent/${agentId}/runs/summary`, RunSummary)

    const status = (agentId: AgentId, runId: RunId, retries: Retries = {}) =>
      client.get(apiPath("run")`/agent/${agentId}/run/${runId}/status`, Run, retries)

    /** Queues a run and returns at once. Never retried if Sequentum may have acted. */
    const start = (agentId: AgentId, options: StartOptions) =>
      client.post(apiPath("agent")`/agent/${agentId}/start`, Run, {
        body: { ...startDefaults, ...given(options) }
      })

    /** Runs to the end and returns the data itself, JSON or text. Waits a little longer than `timeout`. */
    const startAndWait = (agentId: AgentId, options: StartOptions, timeout: Duration.Duration) =>
      client
        .postData(apiPath("agent")`/agent/${agentId}/start`, {
          body: {
            ...startDefaults,
            ...given(options),
            isRunSynchronously: true,
            timeout: Duration.toSeconds(timeout)
          },
          timeout: Duration.sum(timeout, syncReplyMargin)
        })
        .pipe(Effect.map(cleanData))

    /** Asks the run to end gracefully; it passes through Stopping. */
    const stop = (agentId: AgentId, runId: RunId) =>
      client.postVoid(apiPath("run")`/agent/${agentId}/run/${runId}/stop`)

    /** The first call stops the run; a second call while it is Stopping ends it by force. */
    const kill = (agentId: AgentId, runId: RunId) =>
      client.postVoid(apiPath("run")`/agent/${agentId}/run/${runId}/kill`)

    /** Irreversible. Fails with Conflict while the run is active. */
    const remove = (agentId: AgentId, runId: RunId, removeMethod: RemoveMethod) =>
      client.deleteVoid(apiPath("run")`/agent/${agentId}/run/${runId}`, { query: { removeMethod } })

    return { list, listDated, summary, status, start, startAndWait, stop, kill, remove } as const
  })
}) {}
