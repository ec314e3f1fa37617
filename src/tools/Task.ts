import type * as Option from "effect/Option"
import type { JsonObject } from "./JsonObject.ts"

/** A call of a tool. */
export interface ToolCall {
  readonly tool: string
  readonly args: JsonObject
}

/** How the work that a call began goes on after its first result, told from JSON alone: nothing is kept of it. */
export interface Task {
  /** Whether the call only waits, so that its first read tells enough. */
  readonly isWait?: boolean
  /** The call that reads the state of the work; none if there is nothing to wait for. */
  readonly watch: (args: JsonObject, result: JsonObject) => Option.Option<ToolCall>
  /** What the last result needs of the first one. It becomes part of the task's id, so it must be small. */
  readonly keep?: (result: JsonObject) => JsonObject
  /** The result at the end, from what was kept and the last state read. */
  readonly result: (kept: JsonObject, state: JsonObject) => JsonObject
  readonly progress: (state: JsonObject) => Progress
  /** Whether the work may stay in this state, although it may also go on: then it is read for a while. */
  readonly mayStay?: (state: JsonObject) => boolean
  /** Whether it has stayed in it for so long that it counts as over. */
  readonly hasStayed?: (state: JsonObject) => boolean
  /** How many requests a read of the state takes; one by default. */
  readonly reads?: (watch: JsonObject) => number
  /** The calls that end the work; none for work that another call began. */
  readonly cancel?: (watch: JsonObject) => ReadonlyArray<ToolCall>
}

/** How far the work is. */
export interface Progress {
  /** `cancelled` if it was stopped before its end. */
  readonly status: "working" | "completed" | "cancelled"
  /** The state in a few words. */
  readonly message: string
}
