import type { Json } from "./protocol.ts"

/** A value as it is sent: exact numbers that JSON's readers would round are texts. */
export const toPlain = (value: Json | undefined): unknown => {
  if (typeof value === "bigint") {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (Array.isArray(value)) return value.map((item: Json) => toPlain(item))
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, item]) => (item === undefined ? [] : [[name, toPlain(item)] as const]))
    )
  }
  return value === undefined ? null : value
}

const shorten = (value: unknown, maxLength: number): unknown => {
  if (typeof value === "string" && value.length > maxLength) {
    return `${value.slice(0, maxLength)}… [${value.length - maxLength} more characters omitted]`
  }
  if (Array.isArray(value)) return value.map((item: unknown) => shorten(item, maxLength))
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shorten(item, maxLength)]))
  }
  return value
}

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1

const textLimits = [4000, 1000, 200]

export interface Fitted {
  readonly rows: ReadonlyArray<unknown>
  /** Whether texts in them are cut. */
  readonly areTextsCut: boolean
}

/** How many of the values fit, from the front. */
const fitting = (rows: ReadonlyArray<unknown>, maxBytes: number): number => {
  let left = maxBytes
  let count = 0
  for (const row of rows) {
    left -= jsonBytes(row)
    if (left < 0) break
    count += 1
  }
  return count
}

/** The rows whose JSON fits into `maxBytes`: long texts are cut first, then the last rows. */
export const fitRows = (rows: ReadonlyArray<unknown>, maxBytes: number): Fitted => {
  if (fitting(rows, maxBytes) === rows.length) return { rows, areTextsCut: false }
  let best: Fitted = { rows: [], areTextsCut: false }
  for (const limit of textLimits) {
    const shorter = rows.map((row) => shorten(row, limit))
    const count = fitting(shorter, maxBytes)
    best = {
      rows: shorter.slice(0, count),
      areTextsCut: JSON.stringify(shorter.slice(0, count)) !== JSON.stringify(rows.slice(0, count))
    }
    if (count === rows.length || (limit <= 1000 && count > 0)) break
  }
  return best
}

/** What `fitRows` left out, in sentences. */
export const fitNotes = ({ areTextsCut, rows }: Fitted, of: number, what = "rows"): ReadonlyArray<string> => [
  ...(rows.length < of ? [`${rows.length} of ${of} ${what} fit the size limit.`] : []),
  ...(areTextsCut ? ["Long texts are cut."] : [])
]
