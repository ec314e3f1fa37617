import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DataWorkers } from "../../src/data/DataWorkers.ts"

/** Threads that live as long as the process, since a test's layers end before its calls. */
const shared: { made?: DataWorkers["Type"]; isWarm?: boolean } = {}

const made = Effect.gen(function* () {
  shared.made ??= Context.get(
    yield* Layer.buildWithScope(DataWorkers.layer({ threads: 2 }), yield* Scope.make()),
    DataWorkers
  )
  return shared.made
})

/** The threads that read data, which the tests of a file share. */
export const dataLayer: Layer.Layer<DataWorkers> = Layer.effect(DataWorkers, made)

/**
 * Waits until a thread has loaded all that a query needs: it does so in real time, while the clock of a test that drives
 * it runs ahead.
 */
export const warmUpData = Effect.gen(function* () {
  if (shared.isWarm === true) return
  shared.isWarm = true
  const { run } = yield* made
  yield* run(
    { kind: "query", sql: "SELECT 1", tables: [{ name: "data", fileName: "a.csv" }], maxRows: 1, maxBytes: 1000 },
    [Stream.make(new TextEncoder().encode("a\n1\n"))],
    { limit: Duration.seconds(30) }
  ).pipe(Effect.orDie)
})
