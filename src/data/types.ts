import { isSafeNumber } from "lossless-json"
import type { Cells } from "./Reader.ts"
import type { Json } from "./protocol.ts"

/** What has been seen in a column. */
const kinds = { integer: 1, long: 2, real: 4, text: 8 } as const

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

const integerText = /^-?(?:0|[1-9]\d{0,18})$/u
const realText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/u

const isDigit = (code: number) => code >= 0x30 && code <= 0x39

/** What a cell without a type of its own could be. An empty one says nothing. */
const kindOfText = (text: string): number => {
  if (text === "") return 0
  const first = text.charCodeAt(0)
  // A minus sign, or a digit.
  if (first !== 0x2d && !isDigit(first)) return kinds.text
  if (integerText.test(text)) {
    if (text.length <= 15) return kinds.integer
    const value = BigInt(text)
    if (value > maxInt64 || value < minInt64) return kinds.text
    return Number.isSafeInteger(Number(text)) ? kinds.integer : kinds.integer | kinds.long
  }
  if (!realText.test(text)) return kinds.text
  return (text.length <= 16 && !/e/iu.test(text)) || isSafeNumber(text) ? kinds.real : kinds.text
}

const kindOf = (cell: Json | undefined): number => {
  switch (typeof cell) {
    case "number":
      return Number.isSafeInteger(cell) ? kinds.integer : kinds.real
    case "bigint":
      return kinds.integer | kinds.long
    case "boolean":
      return kinds.integer
    case "undefined":
      return 0
    default:
      return cell === null ? 0 : kinds.text
  }
}

/** INTEGER and REAL: all cells are. ANY: each cell has its own. */
export type ColumnType = "INTEGER" | "REAL" | "TEXT" | "ANY"

/** Finds the types of columns from all rows that it sees. */
export class ColumnTypes {
  private readonly seen: Array<number> = []
  private readonly isUntyped: boolean
  constructor(isUntyped: boolean) {
    this.isUntyped = isUntyped
  }

  see(cells: Cells): void {
    for (let index = 0; index < cells.length; index++) {
      const before = this.seen[index] ?? 0
      const cell = cells[index]
      if (!this.isUntyped) this.seen[index] = before | kindOf(cell)
      else if (before < kinds.text && typeof cell === "string") this.seen[index] = before | kindOfText(cell)
      else this.seen[index] = before
    }
  }

  type(index: number): ColumnType {
    const seen = this.seen[index] ?? 0
    const isNumeric = seen !== 0 && (seen & kinds.text) === 0
    if (isNumeric && (seen & kinds.real) === 0) return "INTEGER"
    // A double would round the long integers of the column.
    if (isNumeric && (seen & kinds.long) === 0) return "REAL"
    return this.isUntyped || seen === kinds.text || seen === 0 ? "TEXT" : "ANY"
  }
}
