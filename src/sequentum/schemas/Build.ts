import * as Schema from "effect/Schema"
import { AgentId, maybeId, maybeNumber, maybeText, SessionId } from "./common.ts"

export const BuildStarted = Schema.Struct({ sessionId: SessionId })

/** State of a build session. `error` is a raw exception message and must not be shown. */
export const BuildStatus = Schema.Struct({
  status: Schema.String,
  agentId: maybeId(AgentId),
  agentName: maybeText,
  error: maybeText,
  agentElapsedSeconds: maybeNumber,
  browserIoSeconds: maybeNumber
})
export type BuildStatus = typeof BuildStatus.Type

const finalStates: ReadonlySet<string> = new Set(["completed", "error", "cancelled"])

/** Whether a build has ended. `ready` has not: the draft exists, the session is still finishing it. */
export const isBuildFinal = (status: string): boolean => finalStates.has(status)
