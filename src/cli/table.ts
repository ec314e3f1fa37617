import * as Predicate from "effect/Predicate"
import { cut, displayWidth, indent, pad, plainStyle, printable, wrap, type Style } from "./print.ts"

type Row = Readonly<Record<string, unknown>>

const timestamp = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)$/u

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return ""
  if (typeof value === "string") return value
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ")
  return JSON.stringify(value)
}

/** A cell. Times are shown to the minute. */
const cellText = (value: unknown) => printable(shown(value).replace(timestamp, "$1 $2Z"))

const gap = "  "
const minWidth = 6
/** A column of long texts is left out if it would get less than this. */
const minTextWidth = 18

const total = (widths: ReadonlyArray<number>) =>
  widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, widths.length - 1)

interface Column {
  readonly name: string
  readonly natural: number
  readonly numeric: boolean
  /** Never cut: part of a number or a time would be another number or time. */
  readonly rigid: boolean
}

/** Column widths: each as wide as its content, then the widest texts are cut until all fit. */
const fitWidths = (columns: ReadonlyArray<Column>, room: number): ReadonlyArray<number> => {
  const widths = columns.map(({ natural }) => natural)
  while (total(widths) > room) {
    const widest = widths.reduce(
      (most, width, index) => (columns[index]?.rigid === true ? most : Math.max(most, width)),
      0
    )
    if (widest <= minWidth) break
    widths[widths.findIndex((width, index) => width === widest && columns[index]?.rigid !== true)] = widest - 1
  }
  return widths
}

const columnsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Column> =>
  [...new Set(rows.flatMap((row) => Object.keys(row)))].flatMap((name) => {
    const cells = rows.map((row) => cellText(row[name]))
    if (cells.every((cell) => cell === "")) return []
    const natural = cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), displayWidth(printable(name)))
    const numeric = rows.every(({ [name]: cell }) => cell === undefined || cell === null || typeof cell === "number")
    const rigid = numeric || rows.every(({ [name]: cell }) => typeof cell !== "string" || timestamp.test(cell))
    return [{ name, natural, numeric, rigid }]
  })

/** The first columns that fit with enough room for each. */
const fitColumns = (columns: ReadonlyArray<Column>, width: number) => {
  const enough = columns.map(({ natural, rigid }) => (rigid ? natural : Math.min(natural, minTextWidth)))
  const tooMany = columns.findIndex((_, index) => index > 0 && total(enough.slice(0, index + 1)) > width)
  return tooMany === -1 ? columns : columns.slice(0, tooMany)
}

/** Records as an aligned table with a header, `width` columns wide. Fields that do not fit are named below it. */
export const table = (
  rows: ReadonlyArray<Row>,
  width: number,
  { bold, dim }: Pick<Style, "bold" | "dim"> = plainStyle
): string => {
  const all = columnsOf(rows)
  const columns = fitColumns(all, width)
  const hidden = all.slice(columns.length).map(({ name }) => name)
  const widths = fitWidths(columns, width)
  const line = (cell: (column: Column) => string) =>
    columns
      .map((column, index) => {
        const size = Math.min(widths[index] ?? minWidth, width)
        return pad(cut(cell(column), size), size, column.numeric ? "left" : "right")
      })
      .join(gap)
      .trimEnd()
  return [
    bold(line(({ name }) => name)),
    dim(widths.map((size) => "─".repeat(Math.min(size, width))).join(gap)),
    ...rows.map((row) => line(({ name }) => cellText(row[name]))),
    ...(hidden.length === 0
      ? []
      : [cut(`${hidden.length} more ${hidden.length === 1 ? "column" : "columns"}: ${hidden.join(", ")}`, width)])
  ].join("\n")
}

const isRowList = (value: unknown): value is ReadonlyArray<Row> =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Predicate.isRecord(item))

/** Wrapped text after a lead. Lines after the first are indented to its text. */
const hanging = (lead: string, text: string, width: number) => {
  const [first = "", ...more] = wrap(text, Math.max(20, width - displayWidth(lead)))
  return [lead + first, ...more.map((line) => " ".repeat(displayWidth(lead)) + line)].map((line) => line.trimEnd())
}

const field = (name: string, value: unknown, width: number, style: Style): ReadonlyArray<string> => {
  const title = style.bold(name)
  if (isRowList(value)) return [`${title} (${value.length})`, indent(table(value, width - 2, style))]
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${title}: none`]
    return [title, ...value.flatMap((item: unknown) => hanging("  - ", shown(item), width))]
  }
  if (Predicate.isRecord(value)) {
    return Object.keys(value).length === 0 ? [`${title}: none`] : [title, indent(describe(value, width - 2, style))]
  }
  const [first = "", ...more] = hanging(`${name}: `, shown(value), width)
  return [title + first.slice(name.length), ...more]
}

/** A result for a person: plain values as `name: value`, nested values indented, lists of records as tables. */
export const describe = (value: Row, width: number, style: Style = plainStyle): string =>
  Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([name, item]) => field(printable(name), item, width, style))
    .join("\n")
