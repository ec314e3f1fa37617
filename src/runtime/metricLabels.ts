import * as MetricLabel from "effect/MetricLabel"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

/**
 * Returns a function from label values to a metric's labels. Equal values give the same array, by which a metric finds
 * its series without comparing, which saves a few µs a call. Bounded label values only: the cache is never cleared.
 */
export const makeLabels = <const Keys extends ReadonlyArray<string>>(...keys: Keys) => {
  const cache = new Map<string, Labels>()
  return (...values: { readonly [Index in keyof Keys]: string }): Labels => {
    const id = values.join("\n")
    const cached = cache.get(id)
    if (cached !== undefined) return cached
    const labels = keys.map((key, index) => MetricLabel.make(key, values[index] ?? ""))
    cache.set(id, labels)
    return labels
  }
}
