import * as Schema from "effect/Schema"
import { AgentId, maybe, Num, SessionId } from "./common.ts"

export const BuildStarted = Schema.Struct({ sessionId: SessionId })

/** State of a build session. `error` is a raw exception message: never show it. */
export const BuildStatus = Schema.Struct({
  status: Schema.String,
  agentId: maybe(AgentId),
  agentName: maybe(Schema.String),
  error: maybe(Schema.String),
  agentElapsedSeconds: maybe(Num),
  browserIoSeconds: maybe(Num)
})
export type BuildStatus = typeof BuildStatus.Type

const finalStates: ReadonlySet<string> = new Set(["completed", "error", "cancelled"])

/** Whether a build has ended. `ready` is not final: the draft exists, but the session is still finishing it. */
export const isBuildFinal = (status: string): boolean => finalStates.has(status)
