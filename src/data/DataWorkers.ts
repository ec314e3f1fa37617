import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { DataFailed, DataWorkersOptions, RunOptions, UnreadableFile } from "./jobs.ts"
import type { Answer, Job } from "./protocol.ts"

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
