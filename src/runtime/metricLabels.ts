import * as MetricLabel from "effect/MetricLabel"

type Labels = ReadonlyArray<MetricLabel.MetricLabel>

/**
 * Gives the labels of a metric's series, always the same array for the same values: by it a metric finds its series
 * without comparing. The values must be of a few kinds only, since none is forgotten.
 */
export const makeLabels = <const Keys extends ReadonlyArray<string>>(...keys: Keys) => {
  const known = new Map<string, Labels>()
  return (...values: { readonly [Index in keyof Keys]: string }): Labels => {
    const name = values.join("\n")
    const labels = known.get(name)
    if (labels !== undefined) return labels
    const fresh = keys.map((key, index) => MetricLabel.make(key, values[index] ?? ""))
    known.set(name, fresh)
    return fresh
  }
}
