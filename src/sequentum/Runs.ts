import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AgentId, RunId } from "./schemas/common.ts"
import { Run, RunSummary } from "./schemas/Run.ts"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"

/** How a run is started; `inputParameters` is JSON text. Source: docs.sequentum.com/api-reference/introduction. */
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

/** Time for the reply of a synchronous start to arrive after the run has timed out. */
const syncReplyMargin = Duration.seconds(30)

const RunList = Schema.Array(Run)

/** Runs: starting, watching, ending and removing them. Every method fails with a SequentumError. */
export class Runs extends Effect.Service<Runs>()("sequentum/Runs", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    /** Newest first, without a total. */
    const list = (agentId: AgentId, maxRecords?: number) =>
      client.get(apiPath("agent")`/agent/${agentId}/runs`, RunList, { query: { maxRecords } })

    const summary = (agentId: AgentId) => client.get(apiPath("agent")`/agent/${agentId}/runs/summary`, RunSummary)

    const status = (agentId: AgentId, runId: RunId) =>
      client.get(apiPath("run")`/agent/${agentId}/run/${runId}/status`, Run)

    /** Queues a run and returns at once. Never retried if Sequentum may have acted. */
    const start = (agentId: AgentId, options: StartOptions) =>
      client.post(apiPath("agent")`/agent/${agentId}/start`, Run, {
        body: { ...options, isRunSynchronously: false }
      })

    /** Runs to the end and returns the data itself, JSON or text. Waits a little longer than `timeout`. */
    const startAndWait = (agentId: AgentId, options: StartOptions, timeout: Duration.Duration) =>
      client.postData(apiPath("agent")`/agent/${agentId}/start`, {
        body: { ...options, isRunSynchronously: true, timeout: Duration.toSeconds(timeout) },
        timeout: Duration.sum(timeout, syncReplyMargin)
      })

    /** Asks the run to end gracefully; it passes through Stopping. */
    const stop = (agentId: AgentId, runId: RunId) =>
      client.postVoid(apiPath("run")`/agent/${agentId}/run/${runId}/stop`)

    /** The first call stops the run; a second call while it is Stopping ends it by force. */
    const kill = (agentId: AgentId, runId: RunId) =>
      client.postVoid(apiPath("run")`/agent/${agentId}/run/${runId}/kill`)

    /** Irreversible. Fails with Conflict while the run is active. */
    const remove = (agentId: AgentId, runId: RunId, removeMethod: RemoveMethod) =>
      client.deleteVoid(apiPath("run")`/agent/${agentId}/run/${runId}`, { query: { removeMethod } })

    return { list, summary, status, start, startAndWait, stop, kill, remove } as const
  })
}) {}
