import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { parseJsonObject } from "./jsonText.ts"
import { ReadAs } from "./readArguments.ts"

interface Range {
  readonly min?: number
  readonly max?: number
}

const rangeKeywords = ({ max, min = 1 }: Range) => ({
  type: "integer" as const,
  minimum: min,
  ...(max === undefined ? {} : { maximum: max })
})

/** An integer parameter, from 1 upward unless `min` says otherwise. */
export const integer = (description: string, range: Range = {}) => {
  const { max = Number.MAX_SAFE_INTEGER, min = 1 } = range
  return Schema.Number.pipe(
    Schema.filter((value) => Number.isSafeInteger(value) && value >= min && value <= max, {
      jsonSchema: { ...rangeKeywords(range), ...(description === "" ? {} : { description }) }
    })
  )
}

/** A text parameter that may not be blank. */
export const text = (description: string, { maxLength = 1000 }: { readonly maxLength?: number } = {}) =>
  Schema.String.pipe(
    // Code points, as JSON Schema counts them.
    Schema.filter(
      (value) => value.trim() !== "" && (value.length <= maxLength || Array.from(value).length <= maxLength),
      {
        jsonSchema: { type: "string", maxLength, pattern: "\\S", description }
      }
    )
  )

/** No parameters at all. An empty Struct would take anything. */
export const none = Schema.Record({ key: Schema.String, value: Schema.Never })

export const flag = (description: string) => Schema.Boolean.annotations({ description })

export const oneOf = <const Values extends readonly [string, ...ReadonlyArray<string>]>(
  description: string,
  values: Values
) => Schema.Literal(...values).annotations({ description })

/** JSON text of an object, such as input parameters: `{"query":"shoes"}`. */
export const jsonObjectText = (description: string) =>
  Schema.String.pipe(
    Schema.filter((value) => Option.isSome(parseJsonObject(value)), {
      [ReadAs]: "json",
      jsonSchema: { type: "string", description, contentMediaType: "application/json" }
    })
  )

export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { exact: true })

export const optionalOr = <A, I, R>(schema: Schema.Schema<A, I, R>, value: Schema.Schema.Type<typeof schema>) =>
  Schema.optionalWith(schema, { exact: true, default: () => value }).annotations({ default: value })

/** How a run is carried out, by hand or by a schedule; the words are those of Sequentum's own run settings. */
export const execution = {
  parallelMaxConcurrency: optional(integer("Parts at the same time")),
  parallelExport: optional(oneOf("One export of all parts, or one of each", ["Combined", "Separated"])),
  isWaitOnFailure: optional(flag("Sequentum's own setting")),
  logLevel: optional(oneOf("Info logs most", ["Fatal", "Error", "Warning", "Info"])),
  logMode: optional(oneOf("TextAndHtml adds page HTML", ["Text", "TextAndHtml"]))
} as const

/** Digits of an int64 that JavaScript has no number for. */
const isLongInteger = (value: string) => /^[1-9]\d{15,18}$/u.test(value) && !Number.isSafeInteger(Number(value))

/** An int64 id: an integer or, beyond 2^53, its digits, as results show it. */
const longId = Schema.declare(
  (value): value is number | string =>
    typeof value === "string" ? isLongInteger(value) : Number.isSafeInteger(value) && Number(value) >= 1,
  { [ReadAs]: "id", jsonSchema: rangeKeywords({}) }
)

export const agentId = integer("").pipe(Schema.brand("AgentId"))
export const runId = longId.pipe(Schema.brand("RunId"))
export const fileId = longId.pipe(Schema.brand("FileId"))
export const spaceId = integer("").pipe(Schema.brand("SpaceId"))
export const scheduleId = longId.pipe(Schema.brand("ScheduleId"))
export const sessionId = text("From start_agent_build", { maxLength: 256 }).pipe(Schema.brand("SessionId"))

const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/u

/** Whether the text is a real calendar date or instant: `2026-02-30` is not. */
const isRealDate = (value: string) => {
  if (!isoDate.test(value)) return false
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  return (
    !Number.isNaN(Date.parse(value)) && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10))
  )
}

const datePattern = "^\\d{4}-"

/** A date, or an instant with its zone; without a zone it is UTC. */
export const date = (description = "ISO 8601") =>
  Schema.String.pipe(
    Schema.filter(isRealDate, { [ReadAs]: "date", jsonSchema: { type: "string", pattern: datePattern, description } })
  )

/** An enumeration of the API: published as words, accepted as words in any case or as the API's integers. */
export const enumeration = <Word extends string>(
  description: string,
  { codeOf, words }: { readonly words: ReadonlyArray<Word>; readonly codeOf: (word: Word) => number }
) => {
  const codes = Object.fromEntries(words.map((word): [number, string] => [codeOf(word), word]))
  return Schema.Literal(...words).annotations({ description, [ReadAs]: { codes } })
}

const sortOrders = { asc: 0, desc: 1 } as const

/** A sort order. */
export const sortOrder = (description: string) =>
  enumeration(description, { words: ["asc", "desc"] as const, codeOf: (word) => sortOrders[word] })

/** A sort order as the API expects it: 0 ascending, 1 descending. */
export const wireSortOrder = (order: keyof typeof sortOrders | undefined): 0 | 1 | undefined =>
  order === undefined ? undefined : sortOrders[order]
