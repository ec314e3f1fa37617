import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import type { SequentumError } from "../sequentum/errors.ts"

/** The arguments break a tool's rules; `problems` is one sentence each, naming the parameter. Nothing was changed. */
export class InvalidArguments extends Schema.TaggedError<InvalidArguments>()("InvalidArguments", {
  tool: Schema.String,
  problems: Schema.NonEmptyArray(Schema.String)
}) {}

/** A tool can't do what was asked for a reason of its own. `message` is written for the model. */
export class ToolFailure extends Schema.TaggedError<ToolFailure>()("ToolFailure", { message: Schema.String }) {}

/** A write failed with `error`, so that Sequentum may have acted. */
export class OutcomeUnknown extends Data.TaggedError("OutcomeUnknown")<{
  readonly error: SequentumError
  /** What a look afterwards showed, in sentences. */
  readonly seen: string
  /** Whether the caller should look once more before it goes on. */
  readonly lookAgain: boolean
}> {}

/** No tool of this name is offered to the caller. */
export class UnknownTool extends Schema.TaggedError<UnknownTool>()("UnknownTool", { tool: Schema.String }) {}

/** The user has to confirm the call first: the client asks the question and calls again. Nothing was changed. */
export class ConfirmationNeeded extends Data.TaggedError("ConfirmationNeeded")<{
  readonly question: string
  /** What the client sends back with the answer. */
  readonly state: string
}> {}
