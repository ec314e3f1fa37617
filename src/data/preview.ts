import { Columns } from "./Columns.ts"
import { fitNotes, fitRows, jsonBytes, toPlain } from "./fit.ts"
import type { ColumnsAnswer, ColumnsJob, Json, PreviewAnswer, PreviewJob } from "./protocol.ts"
import { readTable } from "./readTable.ts"
import type { Cells } from "./Reader.ts"
import { Refused } from "./errors.ts"
import { ColumnTypes } from "./types.ts"

const csvCell = (cell: Json | undefined): string => {
  const plain = toPlain(cell)
  const text = plain === null ? "" : typeof plain === "string" ? plain : JSON.stringify(plain)
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const csvLine = (cells: ReadonlyArray<Json | undefined>) => `${cells.map(csvCell).join(",")}\r\n`

const quotedList = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")

/** The rows as CSV that fits. */
const asCsv = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Cells>, maxBytes: number) => {
  let csv = csvLine(columns)
  let left = maxBytes - jsonBytes(csv)
  let count = 0
  for (const row of rows) {
    const line = csvLine(columns.map((_, index) => row[index]))
    left -= jsonBytes(line)
    if (left < 0) break
    csv += line
    count += 1
  }
  return { csv, count }
}

const asRecord = (columns: ReadonlyArray<string>, cells: Cells): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    columns.flatMap((name, index) => {
      const cell = cells[index]
      return cell === undefined ? [] : [[name, toPlain(cell)] as const]
    })
  )

/** The first so many names that take no more than a part of the answer. */
const fittingColumns = (columns: ReadonlyArray<string>, maxBytes: number): ReadonlyArray<string> => {
  let left = maxBytes
  const kept = columns.findIndex((name) => (left -= jsonBytes(name)) < 0)
  return kept === -1 ? columns : columns.slice(0, kept)
}

/** The first rows of a file. Reads no more than they need. Rejects with Unreadable or Refused. */
export const preview = async (job: PreviewJob, bytes: AsyncIterable<Uint8Array>): Promise<PreviewAnswer> => {
  const rows: Array<Cells> = []
  let skipped = 0
  const seen = { more: false }
  let columns: Columns = new Columns()
  let known: number | undefined
  const { isWhole, notes, reader } = await readTable(job.fileName, bytes, {
    begin: (reader) => {
      columns = reader.columns
    },
    take: (cells) => {
      if (skipped < job.offset) {
        skipped += 1
        return true
      }
      seen.more = rows.length === job.maxRows
      if (seen.more) return false
      rows.push(cells)
      known = columns.names.length
      return true
    }
  })
  const found = isWhole ? columns.names : columns.names.slice(0, known)
  const asked = job.columns === undefined || job.columns.length === 0 ? undefined : [...new Set(job.columns)]
  const unknown = (asked ?? []).filter((name) => !columns.names.includes(name))
  if (unknown.length > 0) {
    throw new Refused({
      problem: `There is no column ${quotedList(unknown)}. Columns: ${quotedList(columns.names.slice(0, 100))}.`
    })
  }
  const chosen = asked ?? found
  const places = chosen.map((name) => columns.place(name))
  const cellsOf = (row: Cells, count: number) => places.slice(0, count).map((place) => row[place])
  // Cells beyond the limit of columns are counted by the reader.
  let shown = fittingColumns(chosen, job.maxBytes / 3)
  const base = { kind: "preview" as const, format: reader.format }
  const columnNotes = () => [
    ...(shown.length < chosen.length
      ? [`${shown.length} of ${chosen.length} columns fit the size limit: name those you need in columns.`]
      : []),
    ...(rows.length === 0 && skipped > 0 ? [`The file has only ${skipped} rows.`] : [])
  ]

  if (job.format === "csv") {
    const { count, csv } = asCsv(
      shown,
      rows.map((row) => cellsOf(row, shown.length)),
      job.maxBytes - jsonBytes(shown)
    )
    return {
      ...base,
      columns: shown,
      rows: [],
      csv,
      rowCount: count,
      hasMoreRows: seen.more || count < rows.length,
      notes: [
        ...(count < rows.length ? [`${count} of ${rows.length} rows fit the size limit.`] : []),
        ...columnNotes(),
        ...notes
      ]
    }
  }

  const fit = () =>
    fitRows(
      rows.map((row) => asRecord(shown, cellsOf(row, shown.length))),
      job.maxBytes - jsonBytes(shown)
    )
  let fitted = fit()
  while (fitted.rows.length === 0 && rows.length > 0 && shown.length > 1) {
    shown = shown.slice(0, Math.ceil(shown.length / 2))
    fitted = fit()
  }
  return {
    ...base,
    columns: shown,
    rows: fitted.rows.flatMap((row) => (isRecord(row) ? [row] : [])),
    rowCount: fitted.rows.length,
    hasMoreRows: seen.more || fitted.rows.length < rows.length,
    notes: [...fitNotes(fitted, rows.length), ...columnNotes(), ...notes]
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** How many rows tell the types of the columns. */
const sampledRows = 100

/** Names and types of the columns of a file, by its first rows. Rejects with Unreadable. */
export const columnsOf = async (job: ColumnsJob, bytes: AsyncIterable<Uint8Array>): Promise<ColumnsAnswer> => {
  let types = new ColumnTypes(false)
  let rows = 0
  const { notes, reader } = await readTable(job.fileName, bytes, {
    begin: ({ isUntyped }) => {
      types = new ColumnTypes(isUntyped)
    },
    take: (cells) => {
      types.see(cells)
      rows += 1
      return rows < sampledRows
    }
  })
  const { names, omitted } = reader.columns
  return {
    kind: "columns",
    columns: names.slice(0, job.maxColumns).map((name, index) => ({ name, type: types.type(index) })),
    columnCount: names.length + omitted,
    notes
  }
}
