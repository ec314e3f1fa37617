import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { DataWorkers } from "../src/data/DataWorkers.ts"

/** Queries a CSV file as the server does, and prints what it took as JSON. Arguments: the file, the SQL, the rounds. */
const [file = "", sql = "", rounds = "5"] = process.argv.slice(2)

const query = Effect.gen(function* () {
  const { run } = yield* DataWorkers
  const startedAt = performance.now()
  const answer = yield* run(
    { kind: "query", sql, tables: [{ name: "data", fileName: "data.csv" }], maxRows: 50, maxBytes: 30_000 },
    [
      NodeStream.fromReadable<Error, Uint8Array>(
        () => createReadStream(file),
        (error) => new Error(String(error))
      )
    ],
    { limit: Duration.seconds(45) }
  )
  return { millis: performance.now() - startedAt, rows: answer.kind === "query" ? answer.rows : [] }
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
    delay.disable()
    process.stdout.write(
      JSON.stringify({
        firstMillis: first.millis,
        nextMillis: others,
        holdMillis: delay.max / 1e6,
        megabytes: process.memoryUsage.rss() / 2 ** 20,
        rows: first.rows
      })
    )
  }).pipe(Effect.provide(DataWorkers.layer({ threads: 2 })))
)
