/** Values by key, at most so many. */
export interface Memory<A, K = string> {
  readonly get: (key: K) => A | undefined
  readonly set: (key: K, value: A) => void
  readonly delete: (key: K) => void
}

/** Makes a Memory. Beyond `max` values the one that was set longest ago is dropped. */
export const makeMemory = <A, K = string>(max: number): Memory<A, K> => {
  const kept = new Map<K, A>()
  return {
    get: (key) => kept.get(key),
    set: (key, value) => {
      // A Map keeps the order of first insertion: the key goes last, so that the first is the one to drop.
      kept.delete(key)
      kept.set(key, value)
      if (kept.size <= max) return
      for (const oldest of kept.keys()) {
        kept.delete(oldest)
        break
      }
    },
    delete: (key) => void kept.delete(key)
  }
}
