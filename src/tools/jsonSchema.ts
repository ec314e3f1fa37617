import * as JSONSchema from "effect/JSONSchema"
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"

/** A JSON Schema of the 2020-12 dialect whose root is an object. */
export type ObjectSchema = { readonly type: "object" } & Readonly<Record<string, unknown>>

const generatedNoise = new Set(["title", "$id"])

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Drops generated keywords that tell a model nothing. `names` marks a map of properties, whose keys stay. Below its root
 * an open schema does not say what is required.
 */
const compact = (value: unknown, closed: boolean, names = false, isRoot = false): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => compact(item, closed))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]): ReadonlyArray<readonly [string, unknown]> => {
      if (names) return [[key, compact(child, closed)]]
      if (generatedNoise.has(key) || child === "") return []
      if (key === "required" && Array.isArray(child) && (child.length === 0 || !(closed || isRoot))) return []
      if (key === "additionalProperties") {
        if (child === false) return closed ? [[key, false]] : []
        const inner = compact(child, closed)
        return isPlainObject(inner) && Object.keys(inner).length === 0 ? [] : [[key, inner]]
      }
      if (key === "properties") {
        return isPlainObject(child) && Object.keys(child).length === 0 ? [] : [[key, compact(child, closed, true)]]
      }
      return [[key, compact(child, closed)]]
    })
  )
}

const generate = (ast: SchemaAST.AST, closed: boolean): ObjectSchema => {
  const definitions = {}
  const generated = JSONSchema.fromAST(ast, { definitions, target: "jsonSchema2020-12" })
  const compacted = compact(generated, closed, false, true)
  return { ...(isPlainObject(compacted) ? compacted : {}), type: "object" }
}

/**
 * The schema of a tool's arguments: closed, so that a misspelt parameter is refused. It has `properties` even if there
 * are none: OpenAI refuses every tool of a request if one schema lacks them.
 */
export const inputSchema = (schema: Schema.Schema.Any): ObjectSchema => {
  const { type, ...rest } = generate(schema.ast, true)
  return { type, properties: {}, ...rest, additionalProperties: false }
}

/** The schema of a tool's result: open, so that a field added later breaks no client. */
export const outputSchema = (schema: Schema.Schema.Any): ObjectSchema => generate(schema.ast, false)
