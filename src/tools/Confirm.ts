import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { JsonObject, ToolError } from "./Tool.ts"

/** A call that the user should confirm before it changes anything. */
export interface Unconfirmed {
  readonly tool: string
  /** Its checked arguments. */
  readonly args: JsonObject
  /** The question to the user; none if this call needs no confirmation after all. It only reads. */
  readonly question: Effect.Effect<Option.Option<string>, ToolError, Credentials>
  /** What the question is about beside the arguments. If it changed before the answer, the user is asked again. */
  readonly basis: Effect.Effect<string, ToolError, Credentials>
}

/** Whether to carry the call out, and whether somebody said so; or why nothing was done, as a sentence. */
export type Answer =
  { readonly confirmed: true; readonly wasAsked: boolean } | { readonly confirmed: false; readonly reason: string }

/** The call needs no confirmation. */
export const notAsked: Answer = { confirmed: true, wasAsked: false }

/** The user, or the operator for all calls, said yes. */
export const saidYes: Answer = { confirmed: true, wasAsked: true }

export const declined = (reason: string): Answer => ({ confirmed: false, reason })

/** Asks the user before a call changes anything. The default confirms everything. */
export class Confirm extends Context.Reference<Confirm>()("sequentum/Confirm", {
  defaultValue: () => ({
    /** Fails with ConfirmationNeeded if the client has to ask and call again. */
    ask: (_: Unconfirmed): Effect.Effect<Answer, ToolError, Credentials> => Effect.succeed(notAsked)
  })
}) {}

/** Whether the user, or the operator for all calls, confirmed the call that is carried out. */
export class IsConfirmed extends Context.Reference<IsConfirmed>()("sequentum/IsConfirmed", {
  defaultValue: () => false
}) {}
