import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface ProgressReport {
  /** In the units of `total`. Never smaller than in the report before. */
  readonly progress: number
  readonly total: number
  readonly message: string
}

/** Reports progress to the caller. The default does nothing. */
export class Progress extends Context.Reference<Progress>()("sequentum/Progress", {
  defaultValue: () => ({ report: (_: ProgressReport): Effect.Effect<void> => Effect.void })
}) {}
