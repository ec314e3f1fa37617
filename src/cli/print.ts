import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** Writes text to stdout. */
export const out = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Width to print for: that of the terminal, at most 120 columns, or 100 where there is none. */
export const screenWidth = () => Math.min(process.stdout.columns || 100, 120)

/** Text that is cut to `width` characters, on one line. */
export const cut = (text: string, width: number): string => {
  const line = text.replaceAll(/\s+/gu, " ")
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return ""
  if (typeof value === "string") return value
  return JSON.stringify(value)
}

type Row = Readonly<Record<string, unknown>>

const gap = "  "
const narrowest = 6

/** Column widths that fit: each as wide as its content, the widest ones shortened until all fit. */
const fitWidths = (natural: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  const widths = [...natural]
  const total = () => widths.reduce((sum, width) => sum + width, 0)
  while (total() > room) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) break
    widths[widths.indexOf(widest)] = widest - 1
  }
  return widths
}

/** Records as an aligned table with a header, cut to `width` columns. */
export const table = (rows: ReadonlyArray<Row>, width: number): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) =>
    rows.some((row) => shown(row[column]) !== "")
  )
  const natural = columns.map((column) => Math.max(column.length, ...rows.map((row) => shown(row[column]).length)))
  const widths = fitWidths(natural, width - gap.length * (columns.length - 1))
  const numeric = columns.map((column) =>
    rows.every((row) => row[column] === undefined || typeof row[column] === "number")
  )
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, index) => {
        const size = widths[index] ?? narrowest
        const text = cut(cell, size)
        return numeric[index] === true ? text.padStart(size) : text.padEnd(size)
      })
      .join(gap)
      .trimEnd()
  return [
    line(columns),
    widths.map((size) => "─".repeat(size)).join(gap),
    ...rows.map((row) => line(columns.map((column) => shown(row[column]))))
  ].join("\n")
}

const isRowList = (value: unknown): value is ReadonlyArray<Row> =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Predicate.isRecord(item))

/** A result for a person: plain values as `name: value`, nested ones indented, lists of records as tables. */
export const describe = (value: unknown, width: number, indent = ""): string => {
  if (!Predicate.isRecord(value)) return `${indent}${cut(shown(value), width - indent.length)}`
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => {
      if (isRowList(item)) {
        const body = table(item, width - indent.length - 2)
        return `${indent}${name} (${item.length})\n${body.replaceAll(/^/gmu, `${indent}  `)}`
      }
      if (Array.isArray(item)) {
        const items = item.map((entry) => `${indent}  - ${cut(shown(entry), width - indent.length - 4)}`)
        return items.length === 0 ? `${indent}${name}: none` : `${indent}${name}\n${items.join("\n")}`
      }
      if (Predicate.isRecord(item)) return `${indent}${name}\n${describe(item, width, `${indent}  `)}`
      return `${indent}${name}: ${cut(shown(item), Math.max(20, width - indent.length - name.length - 2))}`
    })
    .join("\n")
}

const barWidth = 24

/** A progress bar with a message, such as `[████░░░░]  3.0/30 s  Running: 40 records`. */
export const bar = (progress: number, total: number, message: string, width: number): string => {
  const part = total <= 0 ? 0 : Math.min(1, Math.max(0, progress / total))
  const full = Math.round(part * barWidth)
  return cut(`[${"█".repeat(full)}${"░".repeat(barWidth - full)}] ${message}`, width)
}
