import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface ProgressReport {
  /** How far, in the units of `total`; never smaller than in the report before. */
  readonly progress: number
  readonly total: number
  readonly message: string
}

/** Where a tool tells its caller how far it is. Goes nowhere unless the caller asked for it. */
export class Progress extends Context.Reference<Progress>()("sequentum/Progress", {
  defaultValue: () => ({ report: (_: ProgressReport): Effect.Effect<void> => Effect.void })
}) {}
