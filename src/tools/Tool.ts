import type * as Schema from "effect/Schema"
import type { SequentumError } from "../sequentum/errors.ts"
import type { Scope } from "../sequentum/scopes.ts"
import type { ConfirmationNeeded, InvalidArguments, OutcomeUnknown, ToolFailure } from "./errors.ts"
import type { ObjectSchema } from "./jsonSchema.ts"
import type { Task } from "./Task.ts"

export type { JsonObject } from "./JsonObject.ts"

/** Hints for a client about what a call does. Source: the MCP specification, ToolAnnotations. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly openWorldHint: boolean
  readonly idempotentHint?: boolean
}

/** A tool that only reads. */
export const readOnly: ToolAnnotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: true }

/** A tool that changes something. Each kind of harm is given explicitly. */
export const mutating = (kind: {
  readonly destructive: boolean
  readonly openWorld: boolean
  readonly idempotent: boolean
}): ToolAnnotations => ({
  readOnlyHint: false,
  destructiveHint: kind.destructive,
  openWorldHint: kind.openWorld,
  idempotentHint: kind.idempotent
})

/** Which list of a result is cut when the result is too large, and advice on how to get the rest. */
export interface Bound {
  readonly list: string
  readonly advice: string
}

/** Everything that a tool's call can fail with. */
export type ToolError = SequentumError | InvalidArguments | OutcomeUnknown | ToolFailure | ConfirmationNeeded

/* eslint-disable @typescript-eslint/no-explicit-any -- Schema is invariant: no other type matches every Schema */

/** All there is to know of a tool without carrying it out: plain data. */
export interface Declaration<In, Out> {
  readonly title: string
  readonly description: string
  readonly annotations: ToolAnnotations
  /** OAuth scope that a call needs. */
  readonly scope: Scope
  readonly bound?: Bound
  /** Whether the user may have to confirm a call with these arguments first. Absent: never. */
  readonly confirms?: (args: In) => boolean
  /** Calls of one caller with the same text run one after the other, questions included. Absent: at the same time. */
  readonly inTurn?: (args: In) => string
  /** How a call goes on as a task, for clients that take one in place of a result. Absent: it never does. */
  readonly task?: Task
  readonly input: Schema.Schema<In, any>
  /** Plain JSON, so that a result needs no encoding. */
  readonly output: Schema.Schema<Out>
}

/** Some declaration, as a constraint. */
export type AnyDeclaration = Declaration<any, any>

/* eslint-enable @typescript-eslint/no-explicit-any */

/** A tool as it is listed, selected and documented. */
export interface ToolDescriptor {
  readonly name: string
  /** Id of its toolset. */
  readonly toolset: string
  readonly title: string
  readonly description: string
  readonly annotations: ToolAnnotations
  readonly scope: Scope
  readonly bound: Bound | undefined
  readonly task: Task | undefined
  readonly inputSchema: ObjectSchema
  readonly outputSchema: ObjectSchema
}
