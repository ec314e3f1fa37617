/** Counts the requests under way, up to a limit. */
export interface InFlight {
  /** Counts a request until the returned function is called; undefined if there are too many. */
  readonly enter: () => (() => void) | undefined
  readonly isFull: () => boolean
}

export const makeInFlight = (max: number): InFlight => {
  let count = 0
  return {
    isFull: () => count >= max,
    enter: () => {
      if (count >= max) return undefined
      count += 1
      return () => void (count -= 1)
    }
  }
}
