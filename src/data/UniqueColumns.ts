import * as Array from "effect/Array"
import { HashCounts, RowHash, type Stored } from "./rowHash.ts"

/** Names of columns that identify something: among columns that would do equally well they are the better key. */
const identifies = /(?:^|[^a-z])(?:id|sku|upc|ean|gtin|asin|isbn|key|url|link)$|Id$/iu

/** How many columns are looked at after so many rows: each takes up to 32 bytes a row. */
const maxCandidates: Readonly<Record<number, number>> = { 100: 50, 20_000: 5, 200_000: 2 }

interface Candidate {
  readonly name: string
  readonly place: number
  readonly values: HashCounts
  /** The values of the older file. */
  readonly others: HashCounts | undefined
  /** How many values it has in common with the older file. */
  shared: number
}

/** Finds the columns that are unique and filled while rows are read: most are given up after a few rows. */
export class UniqueColumns {
  private candidates: ReadonlyArray<Candidate> = []
  private readonly hash = new RowHash()
  private rows = 0
  private readonly older: UniqueColumns | undefined

  /** Columns of a newer file count if those of the older one are unique, too. */
  constructor(older?: UniqueColumns) {
    this.older = older
  }

  see(row: ReadonlyArray<Stored>, names: ReadonlyArray<string>): void {
    if (this.rows === 0) this.begin(names)
    this.rows += 1
    const max = maxCandidates[this.rows]
    if (max !== undefined && this.candidates.length > max) this.keep(max)
    let given: ReadonlyArray<Candidate> = []
    for (const candidate of this.candidates) {
      const cell = row[candidate.place] ?? null
      this.hash.begin().add(cell)
      if (cell === null || cell === "" || candidate.values.add(this.hash, 1) > 0) given = [...given, candidate]
      else if ((candidate.others?.count(this.hash) ?? 0) > 0) candidate.shared += 1
    }
    if (given.length > 0) this.candidates = this.candidates.filter((one) => !given.includes(one))
  }

  /** The column that has the most values in common with the older file; undefined if none is unique. */
  best(common: ReadonlyArray<string>): string | undefined {
    if (this.rows === 0) {
      return this.older === undefined
        ? (common.find((name) => identifies.test(name)) ?? common[0])
        : this.older.best(common)
    }
    const scored = this.candidates
      .filter(({ name }) => common.includes(name))
      .map(({ name, shared }) => ({ name, score: shared + (identifies.test(name) ? 0.5 : 0) }))
    return scored.sort((left, right) => right.score - left.score)[0]?.name
  }

  private begin(names: ReadonlyArray<string>): void {
    const { older } = this
    this.candidates = names.flatMap((name, place) => {
      const others = older?.candidates.find((one) => one.name === name)?.values
      // Without rows, any column of the older file is unique.
      const isUnique = older === undefined || older.rows === 0 || others !== undefined
      return isUnique ? [{ name, place, values: new HashCounts(), others, shared: 0 }] : []
    })
  }

  /** Keeps so many, first those whose names identify something. */
  private keep(count: number): void {
    const [likely, others] = Array.partition(this.candidates, ({ name }) => !identifies.test(name))
    const kept = new Set([...likely, ...others].slice(0, count))
    this.candidates = this.candidates.filter((one) => kept.has(one))
  }
}
