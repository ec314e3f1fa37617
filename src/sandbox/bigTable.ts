/** A file's content, made while it is read. */
export interface Body {
  /** Bytes. */
  readonly size: number
  /** The bytes from `from` to `to`, both inclusive, in pieces. */
  readonly read: (from: number, to: number) => Iterable<Uint8Array>
}

const encoder = new TextEncoder()

/** All words of a list have the same length, so that every line has. */
const adjectives = ["Quiet", "Glass", "Paper", "Round", "White", "Black", "Green", "Solid"] as const
const nouns = ["Chair", "Table", "Shelf", "Clock", "Bench", "Stool", "Couch", "Frame", "Towel", "Stove"] as const
const rooms = ["kitchen", "bedroom", "outdoor", "hallway", "nursery"] as const

const header = "sku,name,room,price,stock,updated\r\n"
const linesPerPiece = 1000

const mix = (left: number, right: number): number => {
  const value = Math.imul(left ^ (right * 0x9e3779b1), 0x85ebca6b)
  return (Math.imul(value ^ (value >>> 13), 0xc2b2ae35) ^ (value >>> 16)) >>> 0
}

const digits = (value: number, length: number): string => String(value).padStart(length, "0")

/** One item in 501 is missing from a run, another one in each run. */
const itemAt = (line: number, sequence: number): number => line + Math.floor((line + ((sequence * 137) % 500)) / 500)

/** The cells of a line of the large table. The price of one item in eight differs from the usual one. */
export const bigRow = (line: number, sequence: number, updated: string) => {
  const item = itemAt(line, sequence)
  const dice = mix(item, 7)
  const change = mix(item, sequence + 1000)
  const cents = 10_000 + (dice % 80_000) + (change % 8 === 0 ? (change >>> 8) % 5000 : 0)
  return {
    sku: `P${digits(100_000 + item, 6)}`,
    name: `${adjectives[dice % adjectives.length] ?? ""} ${nouns[(dice >>> 4) % nouns.length] ?? ""}`,
    room: rooms[(dice >>> 9) % rooms.length] ?? "",
    price: cents / 100,
    stock: 100 + (change % 900),
    updated
  }
}

const toLine = (row: ReturnType<typeof bigRow>): string =>
  `${row.sku},${row.name},${row.room},${row.price.toFixed(2)},${row.stock},${row.updated}\r\n`

/**
 * A CSV of `count` lines. All lines have the same length, so the size and each part are known without the rest; no more than
 * 1,000 lines are held.
 */
export const bigTable = (count: number, sequence: number, updated: string): Body => {
  const lineSize = toLine(bigRow(0, sequence, updated)).length
  const size = header.length + count * lineSize
  const read = function* (from: number, to: number) {
    if (from < header.length) yield encoder.encode(header.slice(from, to + 1))
    const firstLine = Math.max(0, Math.floor((from - header.length) / lineSize))
    for (let line = firstLine; line < count && header.length + line * lineSize <= to; line += linesPerPiece) {
      const lines = Math.min(linesPerPiece, count - line)
      const start = header.length + line * lineSize
      const piece = encoder.encode(
        Array.from({ length: lines }, (_, index) => toLine(bigRow(line + index, sequence, updated))).join("")
      )
      yield piece.subarray(Math.max(0, from - start), Math.max(0, Math.min(piece.length, to - start + 1)))
    }
  }
  return { size, read }
}

/** The content of a small file. */
export const fromBytes = (bytes: Uint8Array): Body => ({
  size: bytes.byteLength,
  read: (from, to) => [bytes.subarray(from, to + 1)]
})
