import { randomBytes } from "node:crypto"

/** A value as SQLite keeps it. */
export type Stored = number | string | null

// Random, so that nobody can write a file whose values collide.
const [lowSeed, highSeed] = [randomBytes(4).readInt32LE(), randomBytes(4).readInt32LE()]

const tags = { null: 0x10001, number: 0x10002, text: 0x10003 } as const

/**
 * 64 bits of a row's cells. A number and its text differ, as in SQLite. That any two of a million different rows have the
 * same hash has a chance of less than one in ten million.
 */
export class RowHash {
  low = 0
  high = 0

  begin(): this {
    this.low = lowSeed
    this.high = highSeed
    return this
  }

  add(cell: Stored): this {
    const text = cell === null ? "" : typeof cell === "string" ? cell : String(cell)
    let code: number = cell === null ? tags.null : typeof cell === "string" ? tags.text : tags.number
    let { high, low } = this
    // The tag first, which no character is: so it also ends the cell before.
    for (let index = 0; index <= text.length; index++) {
      low = Math.imul(low ^ code, 0x9e3779b1)
      low ^= low >>> 15
      high = Math.imul(high ^ code, 0x5f356495)
      high ^= high >>> 13
      code = text.charCodeAt(index)
    }
    this.low = low
    this.high = high
    return this
  }
}

const firstSlots = 64

/** How often each hash was added. Typed arrays take a tenth of the memory of a Map of texts, and none of the limited heap. */
export class HashCounts {
  private lows = new Int32Array(firstSlots)
  private highs = new Int32Array(firstSlots)
  /** 0 in a free slot, else one more than the count. */
  private counts = new Int32Array(firstSlots)
  private size = 0

  /** Adds `by` to the count of a hash. Returns the count before. */
  add({ high, low }: RowHash, by: number): number {
    if (this.size * 4 >= this.counts.length * 3) this.grow()
    const slot = this.slotOf(low, high)
    const before = this.counts[slot] ?? 0
    if (before === 0) {
      this.size += 1
      this.lows[slot] = low
      this.highs[slot] = high
    }
    const count = Math.max(before - 1, 0)
    this.counts[slot] = count + by + 1
    return count
  }

  count({ high, low }: RowHash): number {
    return Math.max((this.counts[this.slotOf(low, high)] ?? 0) - 1, 0)
  }

  private slotOf(low: number, high: number): number {
    const mask = this.counts.length - 1
    let slot = low & mask
    while (this.counts[slot] !== 0 && (this.lows[slot] !== low || this.highs[slot] !== high)) slot = (slot + 1) & mask
    return slot
  }

  private grow(): void {
    const { counts, highs, lows } = this
    this.lows = new Int32Array(lows.length * 2)
    this.highs = new Int32Array(lows.length * 2)
    this.counts = new Int32Array(lows.length * 2)
    for (let index = 0; index < counts.length; index++) {
      if (counts[index] === 0) continue
      const slot = this.slotOf(lows[index] ?? 0, highs[index] ?? 0)
      this.lows[slot] = lows[index] ?? 0
      this.highs[slot] = highs[index] ?? 0
      this.counts[slot] = counts[index] ?? 0
    }
  }
}
