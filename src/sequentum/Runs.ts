import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AgentId, RunId } from "./schemas/common.ts"
import { Run, RunSummary } from "./schemas/Run.ts"
import { apiPath, SequentumClient } from "./client/SequentumClient.ts"

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

/** What a synchronous start waits beyond its own timeout for the reply to arrive. */
const syncReplyMargin = Duration.seconds(30)

const RunList = Schema.Array(Run)

/** Runs: starting, watching, ending and removing them. Every method fails with a SequentumError. */
export class Runs extends Effect.Service<Runs>()("sequentum/Runs", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient

    /** Newest first, without a total. */
    const list = (agentId: AgentId, maxRecords?: number) =>
      client.get(apiPath`/agent/${agentId}/runs`, RunList, { query: { maxRecords } })

    const summary = (agentId: AgentId) => client.get(apiPath`/agent/${agentId}/runs/summary`, RunSummary)

    const status = (agentId: AgentId, runId: RunId) => client.get(apiPath`/agent/${agentId}/run/${runId}/status`, Run)

    /** Queues a run and answers at once. Never repeated where Sequentum may have acted. */
    const start = (agentId: AgentId, options: StartOptions) =>
      client.post(apiPath`/agent/${agentId}/start`, Run, {
        body: { ...options, isRunSynchronously: false }
      })

    /** Runs to the end and answers with the data itself, JSON or text; waits longer than `timeout`. */
    const startAndWait = (agentId: AgentId, options: StartOptions, timeout: Duration.Duration) =>
      client.postData(apiPath`/agent/${agentId}/start`, {
        body: { ...options, isRunSynchronously: true, timeout: Duration.toSeconds(timeout) },
        timeout: Duration.sum(timeout, syncReplyMargin)
      })

    /** Asks the run to end after what it is doing; it goes through Stopping. */
    const stop = (agentId: AgentId, runId: RunId) => client.postVoid(apiPath`/agent/${agentId}/run/${runId}/stop`)

    /** First call stops; a second one while the run is Stopping ends it by force. */
    const kill = (agentId: AgentId, runId: RunId) => client.postVoid(apiPath`/agent/${agentId}/run/${runId}/kill`)

    /** Irreversible. Refused while the run is active. */
    const remove = (agentId: AgentId, runId: RunId, removeMethod: RemoveMethod) =>
      client.deleteVoid(apiPath`/agent/${agentId}/run/${runId}`, { query: { removeMethod } })

    return { list, summary, status, start, startAndWait, stop, kill, remove } as const
  })
}) {}
