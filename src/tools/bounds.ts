import * as Predicate from "effect/Predicate"
import type { Bound, JsonObject } from "./Tool.ts"

/** A tool's result: what it holds, and the same as JSON text. */
export interface ToolResult {
  readonly value: JsonObject
  readonly json: string
}

const asResult = (value: JsonObject): ToolResult => ({ value, json: JSON.stringify(value) })

/** Whether a text has at most `most` bytes as UTF-8, which takes three at most for each of its units. */
const fitsInto = (text: string, most: number) => text.length * 3 <= most || Buffer.byteLength(text) <= most

/** What `change` makes of a result, its text made anew only where something changed. */
export const mapResult = (result: ToolResult, change: (value: JsonObject) => JsonObject): ToolResult => {
  const value = change(result.value)
  return value === result.value ? result : asResult(value)
}

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
export const fitResult = (result: JsonObject, bound: Bound | undefined, maxBytes: number): ToolResult => {
  const whole = asResult(result)
  if (fitsInto(whole.json, maxBytes)) return whole
  let shortened = whole
  for (const limit of textLimits) {
    const texts = shortenTexts(result, limit)
    if (Predicate.isRecord(texts)) shortened = asResult(texts)
    if (fitsInto(shortened.json, maxBytes)) return shortened
    if (bound !== undefined && limit <= 1000) break
  }
  if (bound === undefined) return shortened
  const list = shortened.value[bound.list]
  if (!Array.isArray(list)) {
    const { [bound.list]: _, ...others } = shortened.value
    return asResult({
      ...others,
      notice: `The answer is too large to show whole; ${bound.list} was left out. ${bound.rest}`
    })
  }
  const cut = (kept: number) =>
    asResult({
      ...shortened.value,
      [bound.list]: list.slice(0, kept),
      notice: `The answer was too large: only the first ${kept} of ${list.length} ${bound.list} are shown. ${bound.rest}`
    })
  return cut(largestThat((kept) => fitsInto(cut(kept).json, maxBytes), list.length))
}
