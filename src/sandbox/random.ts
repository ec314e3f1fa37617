/** A reproducible source of numbers in [0, 1): the same key gives the same sequence (FNV-1a, then mulberry32). */
export interface Random {
  readonly next: () => number
  /** An integer between the two bounds, both inclusive. */
  readonly int: (from: number, to: number) => number
  readonly pick: <A>(values: readonly [A, ...ReadonlyArray<A>]) => A
}

const hash = (key: string): number => {
  let value = 0x811c9dc5
  for (let i = 0; i < key.length; i++) {
    value = Math.imul(value ^ key.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}

/** Creates a Random from a key, such as the ids of an object. */
export const random = (key: string): Random => {
  let state = hash(key)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return { next, int, pick: (values) => values[int(0, values.length - 1)] ?? values[0] }
}
