import { maxColumns } from "./protocol.ts"

/** The columns of a table, in the order in which they are first seen. At most `maxColumns`; others are counted. */
export class Columns {
  readonly names: Array<string> = []
  private readonly places = new Map<string, number>()
  private readonly others = new Set<string>()

  /** How many columns are left out. */
  get omitted(): number {
    return this.others.size
  }

  /** The place of a column; -1 if it is left out. */
  place(name: string): number {
    const known = this.places.get(name)
    if (known !== undefined) return known
    if (this.names.length >= maxColumns) {
      // Bounded: names are a file's own.
      if (this.others.size < 100_000) this.others.add(name)
      return -1
    }
    this.places.set(name, this.names.length)
    this.names.push(name)
    return this.names.length - 1
  }

  /** Adds a column under a name that no other has: `price`, `price_2`. */
  add(name: string): void {
    this.place(distinct(name, (taken) => this.places.has(taken) || this.others.has(taken)))
  }
}

/** `name`, or the first of `name_2`, `name_3`, … that is not taken. */
export const distinct = (name: string, isTaken: (name: string) => boolean): string => {
  if (!isTaken(name)) return name
  let number = 2
  while (isTaken(`${name}_${number}`)) number += 1
  return `${name}_${number}`
}
