import * as Predicate from "effect/Predicate"
import type { Bound, JsonObject } from "./Tool.ts"

const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** Cuts every text longer than `longest` characters, saying how much went. */
const shortenTexts = (value: unknown, longest: number): unknown => {
  if (typeof value === "string") {
    return value.length <= longest
      ? value
      : `${value.slice(0, longest)}… [${value.length - longest} more characters left out]`
  }
  if (Array.isArray(value)) return value.map((item: unknown) => shortenTexts(item, longest))
  if (Predicate.isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortenTexts(item, longest)]))
  }
  return value
}

/** The largest count from 0 to `most` that `fits`, given that fewer always fit where more do. */
const largestThat = (fits: (count: number) => boolean, most: number): number => {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

const textLimits = [4000, 1000, 200]

/**
 * Keeps a result within `maxBytes` of JSON: first long texts are cut, then the tail of the list that `bound` names,
 * with a notice of what was left out and how to get it. The result's shape stays.
 */
export const fitResult = (result: JsonObject, bound: Bound | undefined, maxBytes: number): JsonObject => {
  if (jsonBytes(result) <= maxBytes) return result
  let shortened: JsonObject = result
  for (const limit of textLimits) {
    const texts = shortenTexts(result, limit)
    if (Predicate.isRecord(texts)) shortened = texts
    if (jsonBytes(shortened) <= maxBytes) return shortened
    if (bound !== undefined && limit <= 1000) break
  }
  const list = bound === undefined ? undefined : shortened[bound.list]
  if (bound === undefined) return shortened
  if (!Array.isArray(list)) {
    const { [bound.list]: _, ...others } = shortened
    return { ...others, notice: `The answer is too large to show whole; ${bound.list} was left out. ${bound.rest}` }
  }
  const cut = (kept: number): JsonObject => ({
    ...shortened,
    [bound.list]: list.slice(0, kept),
    notice: `The answer was too large: only the first ${kept} of ${list.length} ${bound.list} are shown. ${bound.rest}`
  })
  return cut(largestThat((kept) => jsonBytes(cut(kept)) <= maxBytes, list.length))
}
