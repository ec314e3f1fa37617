import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Waits until the server begins to stop: tools that wait then answer with what they know. The default never does. */
export class Stopping extends Context.Reference<Stopping>()("tools/Stopping", {
  defaultValue: (): { readonly started: Effect.Effect<void> } => ({ started: Effect.never })
}) {}
