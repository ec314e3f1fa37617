import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { DataWorkers } from "../src/data/DataWorkers.ts"

/**
 * Queries a CSV file as the server does, compares it with a newer one, and prints what both took as JSON. Arguments: the
 * file, the newer one, the SQL, the rounds.
 */
const [file = "", newer = "", sql = "", rounds = "5"] = process.argv.slice(2)

const bytesOf = (path: string) => NodeStream.fromReadable(() => createReadStream(path), String)

const query = Effect.gen(function* () {
  const { run } = yield* DataWorkers
  const startedAt = performance.now()
  const answer = yield* run(
    { kind: "query", sql, tables: [{ name: "data", fileName: "data.csv" }], maxRows: 50, maxBytes: 30_000 },
    [bytesOf(file)],
    { limit: Duration.seconds(45) }
  )
  return { millis: performance.now() - startedAt, rows: answer.kind === "query" ? answer.rows : [] }
})

const compare = Effect.gen(function* () {
  const { run } = yield* DataWorkers
  const startedAt = performance.now()
  const answer = yield* run(
    { kind: "compare", fileNames: ["older.csv", "newer.csv"], maxRows: 50, maxBytes: 30_000 },
    [bytesOf(file), bytesOf(newer)],
    { limit: Duration.seconds(45) }
  )
  const found = answer.kind === "compare" ? [answer.key, answer.added, answer.removed, answer.changed] : []
  return { millis: performance.now() - startedAt, found }
})

await Effect.runPromise(
  Effect.gen(function* () {
    // The process is warm, its threads are not.
    yield* Effect.promise(() => stat(file))
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const first = yield* query
    const others: Array<number> = []
    for (let round = 1; round < Number(rounds); round++) others.push((yield* query).millis)
    const holdMillis = delay.max / 1e6
    delay.reset()
    const comparisons: Array<number> = []
    let found: ReadonlyArray<unknown> = []
    for (let round = 0; round < Number(rounds); round++) {
      const compared = yield* compare
      comparisons.push(compared.millis)
      found = compared.found
    }
    delay.disable()
    process.stdout.write(
      JSON.stringify({
        firstMillis: first.millis,
        nextMillis: others,
        holdMillis,
        compareHoldMillis: delay.max / 1e6,
        megabytes: process.memoryUsage.rss() / 2 ** 20,
        rows: first.rows,
        compareMillis: comparisons,
        differences: found
      })
    )
  }).pipe(Effect.provide(DataWorkers.layer({ threads: 2 })))
)
