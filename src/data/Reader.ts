import type { Columns } from "./Columns.ts"
import type { Json } from "./protocol.ts"

/** The cells of a row by the place of their column. */
export type Cells = ReadonlyArray<Json | undefined>

/** Takes a row. Returns false if no more rows are needed. */
export type TakeRow = (cells: Cells) => boolean

/** Reads the rows of one format from text as it arrives. Rejects with Unreadable. */
export interface Reader {
  readonly format: "csv" | "json"
  readonly columns: Columns
  /** Whether cells are texts whose types are to be found out. */
  readonly isUntyped: boolean
  readonly write: (text: string) => Promise<void>
  readonly end: () => Promise<void>
  /** What is missing from the rows, in sentences. Complete after the end. */
  readonly notes: () => ReadonlyArray<string>
}
