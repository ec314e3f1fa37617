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

/** Cuts every list in a value to its first `kept` items. */
const shortenLists = (value: unknown, kept: number): unknown => {
  if (Array.isArray(value)) return value.slice(0, kept).map((item: unknown) => shortenLists(item, kept))
  if (Predicate.isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortenLists(item, kept)]))
  }
  return value
}

const longestList = (value: unknown): number => {
  if (Array.isArray(value)) {
    return value.reduce((most: number, item: unknown) => Math.max(most, longestList(item)), value.length)
  }
  if (!Predicate.isRecord(value)) return 0
  return Object.values(value).reduce((most: number, item) => Math.max(most, longestList(item)), 0)
}

const textLimits = [4000, 1000, 200]

/** What a result must stay within and what must stay of it. */
export interface Limits {
  readonly bound: Bound | undefined
  readonly maxBytes: number
  /** Members that every result of the tool has. */
  readonly required?: () => ReadonlyArray<string>
}

/** The last resort for a result that is large in other ways: every list in it is cut, then members that it need not have. */
const squeezed = (value: JsonObject, { maxBytes, required = () => [] }: Limits): ToolResult => {
  const cutLists = (kept: number) => {
    const cut = shortenLists(value, kept)
    return asResult({
      ...(Predicate.isRecord(cut) ? cut : value),
      notice: `The answer was too large: of each list at most the first ${kept} are shown.`
    })
  }
  const fits = ({ json }: ToolResult) => fitsInto(json, maxBytes)
  const shorter = cutLists(largestThat((kept) => fits(cutLists(kept)), longestList(value)))
  if (fits(shorter)) return shorter
  const kept: Record<string, unknown> = { ...shorter.value }
  const must = new Set(required())
  const droppable = Object.keys(kept)
    .filter((name) => name !== "notice" && !must.has(name))
    .map((name) => ({ name, size: asResult({ [name]: kept[name] }).json.length }))
    .sort((left, right) => right.size - left.size)
  const dropped: Array<string> = []
  let result = shorter
  for (const { name } of droppable) {
    Reflect.deleteProperty(kept, name)
    dropped.push(name)
    result = asResult({ ...kept, notice: `The answer was too large: left out were ${dropped.join(", ")}.` })
    if (fits(result)) break
  }
  return result
}

/**
 * Keeps a result within `maxBytes` of JSON: first long texts are cut, then the tail of the list that `bound` names,
 * with a notice of what was left out and how to get it; then whatever else there is much of. The result's shape stays.
 */
export const fitResult = (result: JsonObject, limits: Limits): ToolResult => {
  const { bound, maxBytes } = limits
  const whole = asResult(result)
  if (fitsInto(whole.json, maxBytes)) return whole
  let shortened = whole
  for (const limit of textLimits) {
    const texts = shortenTexts(result, limit)
    if (Predicate.isRecord(texts)) shortened = asResult(texts)
    if (fitsInto(shortened.json, maxBytes)) return shortened
    if (bound !== undefined && limit <= 1000) break
  }
  if (bound === undefined) return squeezed(shortened.value, limits)
  const list = shortened.value[bound.list]
  if (!Array.isArray(list)) {
    const { [bound.list]: _, ...others } = shortened.value
    const without = asResult({
      ...others,
      notice: `The answer is too large to show whole; ${bound.list} was left out. ${bound.advice}`
    })
    return fitsInto(without.json, maxBytes) ? without : squeezed(others, limits)
  }
  const cut = (kept: number) =>
    asResult({
      ...shortened.value,
      [bound.list]: list.slice(0, kept),
      notice: `The answer was too large: only the first ${kept} of ${list.length} ${bound.list} are shown. ${bound.advice}`
    })
  const headed = cut(largestThat((kept) => fitsInto(cut(kept).json, maxBytes), list.length))
  return fitsInto(headed.json, maxBytes) ? headed : squeezed(shortened.value, limits)
}
