import * as Schema from "effect/Schema"
import { cleanDetail } from "../client/errorBody.ts"
import { AgentId, maybe, Num, SessionId } from "./common.ts"
import { cleaned, Name, Word } from "./text.ts"

export const BuildStarted = Schema.Struct({ sessionId: SessionId })

/** State of a build session. `error` is an exception message, without secrets: log it, never show it. */
export const BuildStatus = Schema.Struct({
  status: Word,
  agentId: maybe(AgentId),
  agentName: maybe(Name),
  error: maybe(cleaned("Detail", (text) => cleanDetail(text, "") ?? "")),
  agentElapsedSeconds: maybe(Num),
  browserIoSeconds: maybe(Num)
})
export type BuildStatus = typeof BuildStatus.Type

const finalStates: ReadonlySet<string> = new Set(["completed", "error", "cancelled"])

/** Whether a build has ended. `ready` is not final: the draft exists, but the session is still finishing it. */
export const isBuildFinal = (status: string): boolean => finalStates.has(status)
