import { execFile } from "node:child_process"
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import * as Schema from "effect/Schema"
import { bundle } from "../scripts/bundle.ts"
import { wasmName, workerName } from "../src/data/workerFile.ts"

/**
 * Measures a query over a CSV file of 100,000 rows in a process of its own: the time to the first answer, threads and all,
 * and to the next ones, the same of its comparison with a newer file, the longest hold of the main thread, and the memory
 * afterwards. Beside it, the same query by
 * DuckDB, where that is installed: `npm install --no-save @duckdb/node-api`, or in a folder that DUCKDB names.
 */
const rows = Number(process.env["ROWS"] ?? 100_000)
const maxFirstMillis = 3000
const maxHoldMillis = 50
/** A query has 10 seconds once its tables are loaded. */
const maxCompareMillis = 8000

const sql =
  "SELECT category, count(*) AS n, round(avg(price), 2) AS average FROM data WHERE stock > 5 GROUP BY category ORDER BY average DESC, category LIMIT 5"

/** The newer file has another price in each tenth row. */
const line = (row: number, isNewer = false) =>
  `${row},"Product ${row}, large",https://shop.example/p/${row},category ${row % 40},${((row * 7919 + Number(isNewer && row % 10 === 0)) % 100_000) / 100},${row % 17},2026-03-${String(1 + (row % 28)).padStart(2, "0")}\n`

const Measured = Schema.parseJson(
  Schema.Struct({
    firstMillis: Schema.Number,
    nextMillis: Schema.Array(Schema.Number),
    holdMillis: Schema.Number,
    megabytes: Schema.Number,
    rows: Schema.Array(Schema.Array(Schema.Unknown)),
    compareMillis: Schema.Array(Schema.Number),
    compareHoldMillis: Schema.Number,
    differences: Schema.Array(Schema.Unknown)
  })
)

const median = (values: ReadonlyArray<number>) =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

const duckProgram = (entry: string, file: string) => `
const started = performance.now()
const { DuckDBInstance } = await import(${JSON.stringify(entry)})
const instance = await DuckDBInstance.create(":memory:", { threads: "2" })
const connection = await instance.connect()
const times = []
for (let round = 0; round < 5; round++) {
  const at = round === 0 ? started : performance.now()
  await connection.run(${JSON.stringify(`CREATE OR REPLACE TABLE data AS SELECT * FROM read_csv_auto('${file}')`)})
  const reader = await connection.runAndReadAll(${JSON.stringify(sql)})
  reader.getRowsJson()
  times.push(performance.now() - at)
}
console.log(JSON.stringify({ firstMillis: times[0], nextMillis: times.slice(1), megabytes: process.memoryUsage.rss() / 2 ** 20 }))
`

/** The entry of DuckDB's package; undefined if it is not installed. */
const duckEntry = (): string | undefined => {
  const from =
    process.env["DUCKDB"] === undefined ? import.meta.url : pathToFileURL(join(process.env["DUCKDB"], "x.js"))
  try {
    return pathToFileURL(createRequire(from).resolve("@duckdb/node-api")).href
  } catch {
    return undefined
  }
}

const run = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), "bench-data-"))
const file = join(folder, "data.csv")
const newer = join(folder, "newer.csv")
const header = "id,name,url,category,price,stock,seen\n"
await writeFile(file, header + Array.from({ length: rows }, (_, row) => line(row)).join(""))
// A hundredth of the rows is gone, as many are new.
await writeFile(newer, header + Array.from({ length: rows }, (_, row) => line(row + rows / 100, true)).join(""))
await bundle({ entry: "bench/dataRun.ts", outdir: folder })
await mkdir(join(folder, "chunks"), { recursive: true })
for (const name of [workerName, wasmName]) {
  await copyFile(join("dist/chunks", name), join(folder, "chunks", name))
}

const { stdout } = await run(process.execPath, [join(folder, "dataRun.js"), file, newer, sql])
const measured = Schema.decodeUnknownSync(Measured)(stdout)
console.log(`${rows} rows, ${measured.rows.length} in the answer`)
console.log(
  `SQLite in a thread: first answer ${measured.firstMillis.toFixed(0)} ms, next ${median(measured.nextMillis).toFixed(0)} ms`
)
console.log(
  `  longest hold of the main thread ${measured.holdMillis.toFixed(1)} ms, memory after ${measured.megabytes.toFixed(0)} MB`
)
console.log(
  `Comparison with a newer file: first ${(measured.compareMillis[0] ?? Number.NaN).toFixed(0)} ms, median ${median(measured.compareMillis).toFixed(0)} ms, longest hold ${measured.compareHoldMillis.toFixed(1)} ms; key, added, removed, changed: ${JSON.stringify(measured.differences)}`
)

const entry = duckEntry()
if (entry === undefined) console.log("DuckDB is not installed: skipped. npm install --no-save @duckdb/node-api")
else {
  const { stdout: duck } = await run(process.execPath, ["--input-type=module", "--eval", duckProgram(entry, file)])
  const DuckMeasured = Schema.parseJson(
    Schema.Struct({ firstMillis: Schema.Number, nextMillis: Schema.Array(Schema.Number), megabytes: Schema.Number })
  )
  const other = Schema.decodeUnknownSync(DuckMeasured)(duck)
  console.log(
    `DuckDB: first answer ${other.firstMillis.toFixed(0)} ms, next ${median(other.nextMillis).toFixed(0)} ms, memory after ${other.megabytes.toFixed(0)} MB`
  )
}
await rm(folder, { recursive: true, force: true })

for (const [what, value, limit] of [
  ["first answer", measured.firstMillis, maxFirstMillis],
  ["hold", measured.holdMillis, maxHoldMillis],
  ["comparison", median(measured.compareMillis), maxCompareMillis]
] as const) {
  if (value <= limit) continue
  console.error(`The ${what} took ${value.toFixed(0)} ms, more than ${limit} ms.`)
  process.exitCode = 1
}
