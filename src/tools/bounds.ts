import * as Predicate from "effect/Predicate"
import type { Bound, JsonObject } from "./Tool.ts"

/** A result of a tool, and the same as JSON text. */
export interface ToolResult {
  readonly value: JsonObject
  readonly json: string
}

const asResult = (value: JsonObject): ToolResult => ({ value, json: JSON.stringify(value) })

/** Whether a text has at most `maxBytes` as UTF-8, which takes at most three bytes for each UTF-16 unit. */
const fitsInto = (text: string, maxBytes: number) => text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes

/** Changes a result. Its text is made again only if something changed. */
export const mapResult = (result: ToolResult, change: (value: JsonObject) => JsonObject): ToolResult => {
  const value = change(result.value)
  return value === result.value ? result : asResult(value)
}

/** Cuts every text longer than `maxLength` characters, and says how many were omitted. */
const shortenTexts = (value: unknown, maxLength: number): unknown => {
  if (typeof value === "string") {
    return value.length <= maxLength
      ? value
      : `${value.slice(0, maxLength)}… [${value.length - maxLength} more characters omitted]`
  }
  if (Array.isArray(value)) return value.map((item: unknown) => shortenTexts(item, maxLength))
  if (Predicate.isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortenTexts(item, maxLength)]))
  }
  return value
}

/** The largest count from 0 to `max` that fits. If a count fits, so does every smaller one. */
const largestFitting = (fits: (count: number) => boolean, max: number): number => {
  let low = 0
  let high = max
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

/** Limits of a result. */
export interface Limits {
  readonly bound: Bound | undefined
  readonly maxBytes: number
  /** Members that must stay in the result. */
  readonly required?: () => ReadonlyArray<string>
}

/** The notice of a result that is cut: what it said before, and what was cut. */
const noticeOfCut = ({ notice }: JsonObject, cut: string) => (typeof notice === "string" ? `${notice} ${cut}` : cut)

/** The last resort: cuts every list in the result, then drops members that may be absent. */
const cutEverywhere = (value: JsonObject, { maxBytes, required = () => [] }: Limits): ToolResult => {
  const cutLists = (kept: number) => {
    const cut = shortenLists(value, kept)
    return asResult({
      ...(Predicate.isRecord(cut) ? cut : value),
      notice: noticeOfCut(value, `The result was too large, so each list is cut to its first ${kept} items.`)
    })
  }
  const fits = ({ json }: ToolResult) => fitsInto(json, maxBytes)
  const shorter = cutLists(largestFitting((kept) => fits(cutLists(kept)), longestList(value)))
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
    result = asResult({
      ...kept,
      notice: noticeOfCut(
        value,
        `The result was too large, so ${dropped.join(", ")} ${dropped.length === 1 ? "was" : "were"} omitted.`
      )
    })
    if (fits(result)) break
  }
  return result
}

/**
 * Keeps a result within `maxBytes` of JSON. Cuts long texts first, then the tail of the list that `bound` names, then
 * everything else. A notice says what was omitted and how to get it. The result still fits its output schema.
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
  if (bound === undefined) return cutEverywhere(shortened.value, limits)
  const list = shortened.value[bound.list]
  if (!Array.isArray(list)) {
    const { [bound.list]: _, ...others } = shortened.value
    const without = asResult({
      ...others,
      notice: noticeOfCut(others, `The result was too large, so ${bound.list} was omitted. ${bound.advice}`)
    })
    return fitsInto(without.json, maxBytes) ? without : cutEverywhere(others, limits)
  }
  const cut = (kept: number) =>
    asResult({
      ...shortened.value,
      [bound.list]: list.slice(0, kept),
      notice: noticeOfCut(
        shortened.value,
        `The result was too large, so it shows the first ${kept} of ${list.length} ${bound.list}. ${bound.advice}`
      )
    })
  const cutList = cut(largestFitting((kept) => fitsInto(cut(kept).json, maxBytes), list.length))
  return fitsInto(cutList.json, maxBytes) ? cutList : cutEverywhere(shortened.value, limits)
}
