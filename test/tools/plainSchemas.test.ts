import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import { allTools } from "../../src/tools/catalog/all.ts"

interface Found {
  readonly path: string
  readonly schema: Readonly<Record<string, unknown>>
}

/** Every schema within a JSON Schema, with its path. */
const schemasIn = (schema: unknown, path: string): ReadonlyArray<Found> => {
  if (!Predicate.isRecord(schema)) return []
  const { additionalProperties, items, properties } = schema
  return [
    { path, schema },
    ...Object.entries(Predicate.isRecord(properties) ? properties : {}).flatMap(([name, property]) =>
      schemasIn(property, `${path}.${name}`)
    ),
    ...schemasIn(items, `${path}[]`),
    ...schemasIn(additionalProperties, `${path}.*`)
  ]
}

const keywords = new Set([
  "type",
  "description",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "pattern",
  "contentMediaType"
])

const types = new Set(["object", "array", "string", "integer", "number", "boolean"])

/** What keeps a host from accepting a schema, one sentence each. */
const problemsOf = ({ path, schema }: Found): ReadonlyArray<string> => {
  const { description, enum: values, type } = schema
  const unknown = Object.keys(schema).filter((key) => !keywords.has(key))
  return [
    ...unknown.map((key) => `${path} has ${key}`),
    ...(type === undefined && typeof description !== "string" ? [`${path} accepts anything and does not say so`] : []),
    ...(type !== undefined && (typeof type !== "string" || !types.has(type)) ? [`${path} has an odd type`] : []),
    ...(values !== undefined && !(Array.isArray(values) && values.every(Predicate.isString))
      ? [`${path} has an enum of other than texts`]
      : []),
    ...(typeof description === "string" && (description.length > 1024 || description.trim() === "")
      ? [`${path} has a description of ${description.length} characters`]
      : [])
  ]
}

/** Parameters whose names say it all. */
const plainNames = new Set([
  "agentId",
  "runId",
  "fileId",
  "spaceId",
  "scheduleId",
  "pageIndex",
  "recordsPerPage",
  "configType",
  "scheduleType",
  "runEveryPeriod"
])

describe.each(allTools.map((tool) => [tool.name, tool] as const))("%s", (name, tool) => {
  it("has schemas that every known host accepts", () => {
    const found = [...schemasIn(tool.inputSchema, "input"), ...schemasIn(tool.outputSchema, "output")]
    assert.deepStrictEqual(found.flatMap(problemsOf), [])
  })

  it("has an object with properties as its input, closed", () => {
    assert.strictEqual(tool.inputSchema.type, "object")
    assert.isTrue(Predicate.isRecord(tool.inputSchema["properties"]))
    assert.strictEqual(tool.inputSchema["additionalProperties"], false)
  })

  it("describes each parameter whose name does not say it all", () => {
    const parameters = schemasIn(tool.inputSchema, "").filter(({ path }) => /^\.\w+$/u.test(path))
    assert.deepStrictEqual(
      parameters
        .filter(({ path, schema }) => typeof schema["description"] !== "string" && !plainNames.has(path.slice(1)))
        .map(({ path }) => path),
      []
    )
  })

  it("has a name that fits behind a prefix of 20 characters, and a short description", () => {
    assert.match(`${"x".repeat(20)}${name}`, /^[a-zA-Z0-9_-]{1,64}$/u)
    assert.isAtMost(tool.description.length, 1024)
  })
})

it("a tool without parameters has the schema that OpenAI wants", () => {
  const tool = allTools.find(({ name }) => name === "get_credits_balance")
  assert.deepStrictEqual(tool?.inputSchema, { type: "object", properties: {}, additionalProperties: false })
})
