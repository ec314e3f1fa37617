import { setPriority } from "node:os"
import { parentPort } from "node:worker_threads"
import { compare } from "./compare.ts"
import { openDatabase } from "./Database.ts"
import { Refused, Unreadable } from "./errors.ts"
import { fitNotes, fitRows, jsonBytes } from "./fit.ts"
import { readLog } from "./log.ts"
import { columnsOf, preview } from "./preview.ts"
import type { Answer, FromWorker, Job, QueryAnswer, QueryJob, ToWorker } from "./protocol.ts"

const port = parentPort

const send = (message: FromWorker) => port?.postMessage(message)

/** Pieces of the sources in the order in which they arrive; undefined ends a source. */
class Inbox {
  private readonly pieces: Array<Uint8Array | undefined> = []
  private wake: (() => void) | undefined

  push(piece: Uint8Array | undefined): void {
    this.pieces.push(piece)
    this.wake?.()
  }

  /** The bytes of the next source. */
  async *source(): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.pieces.length === 0) await new Promise<void>((resolve) => (this.wake = resolve))
      const piece = this.pieces.shift()
      if (piece === undefined) return
      yield piece
      send({ type: "taken", bytes: piece.length })
    }
  }
}

/** Which source is read, for the message of one that can't be. */
let reading = 0
let inbox = new Inbox()

const query = async (job: QueryJob, wasmPath: string): Promise<QueryAnswer> => {
  const database = await openDatabase(wasmPath)
  const tables = []
  for (const [place, { fileName, name }] of job.tables.entries()) {
    reading = place
    tables.push(await database.load({ name, fileName, bytes: inbox.source(), areTypesFound: true }))
  }
  send({ type: "working" })
  const { columns, hasMoreRows, rows, types } = database.query(job.sql, tables, job.maxRows, job.maxBytes)
  database.close()
  const fitted = fitRows(rows, job.maxBytes - jsonBytes(columns) - jsonBytes(types))
  return {
    kind: "query",
    columns,
    types,
    rows: fitted.rows.flatMap((row) => (Array.isArray(row) ? [row] : [])),
    hasMoreRows: hasMoreRows || fitted.rows.length < rows.length,
    rowCounts: tables.map((table) => table.rows),
    notes: [
      ...fitNotes(fitted, rows.length),
      ...tables.flatMap(({ name, notes }) => notes.map((note) => (tables.length > 1 ? `${name}: ${note}` : note)))
    ]
  }
}

const answer = (job: Job, wasmPath: string): Promise<Answer> => {
  switch (job.kind) {
    case "preview":
      return preview(job, inbox.source())
    case "columns":
      return columnsOf(job, inbox.source())
    case "log":
      return readLog(job, inbox.source())
    case "query":
      return query(job, wasmPath)
    case "compare":
      return openDatabase(wasmPath).then((database) =>
        compare(job, database, {
          next: (place) => {
            reading = place
            return inbox.source()
          },
          working: () => send({ type: "working" })
        })
      )
  }
}

/** Above this, the thread is not kept for another job: memory of WebAssembly never shrinks. */
const largeBytes = 96 * 2 ** 20

const isLarge = () => {
  const { arrayBuffers, external, heapTotal } = process.memoryUsage()
  return heapTotal + external + arrayBuffers > largeBytes
}

const run = (job: Job, wasmPath: string) =>
  answer(job, wasmPath).then(
    (done) => send({ type: "done", answer: done, isLarge: isLarge() }),
    (error: unknown) => {
      if (error instanceof Unreadable) {
        return send({ type: "unreadable", source: reading, problem: error.problem, isLarge: isLarge() })
      }
      const problem = error instanceof Refused ? error.problem : "The data could not be worked on: an internal error."
      return send({ type: "failed", problem, isLarge: isLarge() })
    }
  )

// Calls of others go first: beside an endless query the worst of them fell from 332 to 140 ms on a busy machine. Only on
// Linux has each thread a priority: elsewhere it would be that of the whole process.
if (process.platform === "linux") setPriority(5)

port?.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "job":
      reading = 0
      inbox = new Inbox()
      return void run(message.job, message.wasmPath)
    case "chunk": {
      inbox.push(message.bytes)
      return
    }
    case "end": {
      inbox.push(undefined)
      return
    }
  }
})
