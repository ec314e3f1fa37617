import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Prepare } from "./prepare.ts"

/** A file holds no rows that can be read. `source` is its place; `problem` is the end of "it can't be read: …". */
export class UnreadableFile extends Data.TaggedError("UnreadableFile")<{
  readonly source: number
  readonly problem: string
}> {}

/** The work was refused, or did not end within its limits. `problem` is sentences for the user. */
export class DataFailed extends Data.TaggedError("DataFailed")<{
  readonly problem: string
  /** Whether the limit for the whole of it was over. */
  readonly isOutOfTime?: boolean
}> {}

export interface RunOptions {
  /** Limit for the whole of it. */
  readonly limit: Duration.Duration
  /** Runs its first fetch; by default at once. */
  readonly prepare?: Prepare
  /** Called if the job has to wait, with how many are before it. */
  readonly onQueued?: (before: number) => Effect.Effect<void>
}

export interface DataWorkersOptions {
  /** How many threads there are at most. */
  readonly threads: number
  /** Limit for a query once its tables are loaded. The default is 10 seconds. */
  readonly queryLimit?: Duration.Duration
  /** How long a job waits for a thread at most. The default is 30 seconds. */
  readonly queueLimit?: Duration.Duration
}
