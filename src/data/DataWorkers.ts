import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Answer, Job } from "./protocol.ts"

/** A file holds no rows that can be read. `source` is its place; `problem` is the end of "it can't be read: …". */
export class UnreadableFile extends Data.TaggedError("UnreadableFile")<{
  readonly source: number
  readonly problem: string
}> {}

/** The work was refused, or did not end within its limits. `problem` is sentences for the user. */
export class DataFailed extends Data.TaggedError("DataFailed")<{ readonly problem: string }> {}

export interface RunOptions {
  /** Limit for the whole of it. */
  readonly limit: Duration.Duration
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

/**
 * Threads that read files and query them: whatever a file holds, the main thread goes on. They are started on first use
 * and ended when their time is over.
 */
export class DataWorkers extends Context.Tag("data/DataWorkers")<
  DataWorkers,
  {
    /**
     * Runs a job over the bytes of its files, which are read one after the other, and no further than the job needs.
     * Fails with UnreadableFile, DataFailed or what a file fails with.
     */
    readonly run: <E, R>(
      job: Job,
      sources: ReadonlyArray<Stream.Stream<Uint8Array, E, R>>,
      options: RunOptions
    ) => Effect.Effect<Answer, E | UnreadableFile | DataFailed, R>
  }
>() {
  /** Loads what it needs on first use. */
  static readonly layer = (options: DataWorkersOptions): Layer.Layer<DataWorkers> =>
    Layer.scoped(
      DataWorkers,
      Effect.gen(function* () {
        const scope = yield* Effect.scope
        const pool = yield* Effect.cached(
          Effect.flatMap(
            Effect.promise(() => import("./pool.ts")),
            ({ makePool }) => makePool(options, scope)
          )
        )
        return { run: (job, sources, how) => Effect.flatMap(pool, ({ run }) => run(job, sources, how)) }
      })
    )
}
