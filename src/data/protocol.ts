/** A value of JSON. Integers that a double does not hold exactly are bigint within 64 bits and texts beyond. */
export type Json =
  string | number | bigint | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json | undefined }

export const logLevels = ["Fatal", "Error", "Warning", "Info"] as const
export type LogLevel = (typeof logLevels)[number]

/** The first rows of a file. `maxBytes` bounds the rows and columns of the answer as JSON. */
export interface PreviewJob {
  readonly kind: "preview"
  readonly fileName: string
  readonly offset: number
  readonly maxRows: number
  readonly columns?: ReadonlyArray<string> | undefined
  readonly format: "records" | "csv"
  readonly maxBytes: number
}

/** Names and types of the columns of a file, by its first rows. */
export interface ColumnsJob {
  readonly kind: "columns"
  readonly fileName: string
  readonly maxColumns: number
}

/** SQL over files, one a table, in the order of the sources. */
export interface QueryJob {
  readonly kind: "query"
  readonly sql: string
  readonly tables: ReadonlyArray<{ readonly name: string; readonly fileName: string }>
  readonly maxRows: number
  readonly maxBytes: number
}

/** What differs between two files: the older and the newer. */
export interface CompareJob {
  readonly kind: "compare"
  readonly fileNames: readonly [string, string]
  readonly key?: ReadonlyArray<string> | undefined
  readonly maxRows: number
  readonly maxBytes: number
}

/** The last lines of a log that match. */
export interface LogJob {
  readonly kind: "log"
  readonly lines: number
  readonly level?: LogLevel | undefined
  readonly contains?: string | undefined
  readonly maxBytes: number
}

export type Job = PreviewJob | ColumnsJob | QueryJob | CompareJob | LogJob

interface Noted {
  /** What is missing or was changed, in sentences. */
  readonly notes: ReadonlyArray<string>
}

export interface PreviewAnswer extends Noted {
  readonly kind: "preview"
  readonly format: "csv" | "json"
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** The rows as CSV, where that was asked for. */
  readonly csv?: string
  readonly rowCount: number
  readonly hasMoreRows: boolean
}

export interface ColumnsAnswer extends Noted {
  readonly kind: "columns"
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly columnCount: number
}

export interface QueryAnswer extends Noted {
  readonly kind: "query"
  readonly columns: ReadonlyArray<string>
  readonly types: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly hasMoreRows: boolean
  /** How many rows each table held. */
  readonly rowCounts: ReadonlyArray<number>
}

export interface CompareAnswer extends Noted {
  readonly kind: "compare"
  readonly key: ReadonlyArray<string>
  readonly columns: ReadonlyArray<string>
  readonly added: number
  readonly removed: number
  readonly changed: number
  readonly addedRows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly removedRows: ReadonlyArray<ReadonlyArray<unknown>>
  /** For each changed cell: the cells of the key, the column, the old value and the new one. */
  readonly changes: ReadonlyArray<ReadonlyArray<unknown>>
  readonly rowCounts: readonly [number, number]
}

export interface LogAnswer extends Noted {
  readonly kind: "log"
  readonly lines: ReadonlyArray<string>
  readonly matchingLines: number
  readonly totalLines: number
}

export type Answer = PreviewAnswer | ColumnsAnswer | QueryAnswer | CompareAnswer | LogAnswer

export type ToWorker =
  /** `wasmPath` is the path of SQLite as WebAssembly. */
  | { readonly type: "job"; readonly job: Job; readonly wasmPath: string }
  /** Bytes of the current source, whose buffer is transferred. */
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  /** The current source has ended: what follows belongs to the next. */
  | { readonly type: "end" }

export type FromWorker =
  /** So many bytes were read and can be followed by others. */
  | { readonly type: "taken"; readonly bytes: number }
  /** All sources are loaded, and the query begins. */
  | { readonly type: "working" }
  | { readonly type: "done"; readonly answer: Answer; readonly isLarge: boolean }
  /** `source` is the place of the file that can't be read; `problem` is the end of "it can't be read: …". */
  | { readonly type: "unreadable"; readonly source: number; readonly problem: string; readonly isLarge: boolean }
  /** In sentences. */
  | { readonly type: "failed"; readonly problem: string; readonly isLarge: boolean }

const MiB = 2 ** 20

/** The most that a table may have. */
export const maxTableBytes = 64 * MiB
export const maxAllBytes = 128 * MiB
export const maxTableRows = 1_000_000
export const maxColumns = 1000
/** Memory of the database, in bytes. */
export const maxHeapBytes = 256 * MiB
