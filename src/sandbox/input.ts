import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { ApiError } from "./errors.ts"
import { badRequest } from "./errors.ts"

/** A field that may be absent or null. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

/** An integer between the two bounds, both inclusive. */
export const whole = (from: number, to = 2 ** 31 - 1) => Schema.Int.pipe(Schema.between(from, to))

/** The same as text, in a query string. */
export const wholeText = (from: number, to = 2 ** 31 - 1) =>
  Schema.NumberFromString.pipe(Schema.int(), Schema.between(from, to))

/** "true" or "false" in any case. */
export const flagText = Schema.transform(
  Schema.Lowercase.pipe(Schema.compose(Schema.Literal("true", "false"))),
  Schema.Boolean,
  {
    strict: true,
    decode: (text) => text === "true",
    encode: (flag) => (flag ? ("true" as const) : ("false" as const))
  }
)

/**
 * Decodes a body or a query. Ignores the case of keys, because the API's own clients send both PascalCase and camelCase,
 * and ignores unknown keys. Fails with 400 that names the field.
 */
export const read = <A, I>(
  schema: Schema.Schema<A, I> & { readonly fields: Readonly<Record<string, unknown>> },
  input: unknown
): Effect.Effect<A, ApiError> => {
  if (!isRecord(input) || Array.isArray(input)) {
    return badRequest("A JSON object was expected.")
  }
  const names = new Map(Object.keys(schema.fields).map((name) => [name.toLowerCase(), name]))
  const canonical: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(input)) {
    const name = names.get(key.toLowerCase())
    if (typeof name === "string") canonical[name] = value
  }
  return Effect.catchTag(Schema.decodeUnknown(schema)(canonical), "ParseError", (error) => {
    const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]
    return badRequest(`${issue?.path.join(".") ?? "request"}: ${issue?.message ?? "not valid"}`)
  })
}

/** Decodes input parameters: JSON text of an object. Fails with 400. */
export const readInputParameters = (
  text: string | null | undefined
): Effect.Effect<Readonly<Record<string, unknown>>, ApiError> =>
  text === null || text === undefined || text.trim() === ""
    ? Effect.succeed({})
    : Schema.decode(Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown })))(text).pipe(
        Effect.catchTag("ParseError", () => badRequest("inputParameters must be a JSON string that holds an object."))
      )
