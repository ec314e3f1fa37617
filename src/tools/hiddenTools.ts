import * as Predicate from "effect/Predicate"
import type { JsonObject } from "./Tool.ts"

/** Keeps texts from naming tools that are not offered. */
export interface HiddenTools {
  /** Drops the sentences that name such a tool. */
  readonly fromText: (text: string) => string
  /** Drops those sentences from the descriptions of a JSON Schema. */
  readonly fromSchema: (schema: JsonObject) => JsonObject
  /** Drops those sentences from the `notice` of a result. */
  readonly fromNotice: (result: JsonObject) => JsonObject
}

/** `names` are those of every tool, offered or not. */
export const makeHiddenTools = (names: ReadonlySet<string>, isOffered: (name: string) => boolean): HiddenTools => {
  const fromText = (text: string): string =>
    text
      .split(/(?<=\.) /u)
      .filter((sentence) =>
        (sentence.match(/\b[a-z]+(?:_[a-z]+)+\b/gu) ?? []).every((word) => !names.has(word) || isOffered(word))
      )
      .join(" ")

  const within = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(within)
    return Predicate.isRecord(schema) ? fromSchema(schema) : schema
  }

  const fromSchema = (schema: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(schema).flatMap(([key, value]): ReadonlyArray<readonly [string, unknown]> => {
        if (key !== "description" || typeof value !== "string") return [[key, within(value)]]
        const shown = fromText(value)
        return shown === "" ? [] : [[key, shown]]
      })
    )

  return {
    fromText,
    fromSchema,
    fromNotice: (result) =>
      typeof result["notice"] === "string" ? { ...result, notice: fromText(result["notice"]) } : result
  }
}
