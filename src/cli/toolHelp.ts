import * as Predicate from "effect/Predicate"
import type { JsonObject, ToolDescriptor } from "../tools/Tool.ts"
import { entries, type Entry } from "./help.ts"
import { hintWords } from "./hints.ts"
import { wrap, type Style } from "./print.ts"

/** The JSON Schemas of a tool's parameters, by name. */
export const propertiesOf = ({ inputSchema }: ToolDescriptor): ReadonlyMap<string, JsonObject> => {
  const properties = inputSchema["properties"]
  return new Map(
    Object.entries(Predicate.isReadonlyRecord(properties) ? properties : {}).flatMap(([name, schema]) =>
      Predicate.isReadonlyRecord(schema) ? [[name, schema] as const] : []
    )
  )
}

const requiredOf = ({ inputSchema }: ToolDescriptor): ReadonlyArray<string> => {
  const required = inputSchema["required"]
  return Array.isArray(required) ? required.filter(Predicate.isString) : []
}

const isDate = ({ pattern }: JsonObject) => typeof pattern === "string" && pattern.startsWith("^\\d{4}-")

/** The type of a parameter in a few words. */
const typeText = (schema: JsonObject): string => {
  const { contentMediaType, enum: values, items, maximum, minimum, type } = schema
  if (Array.isArray(values)) return values.map(String).join(" | ")
  if (Predicate.isReadonlyRecord(items)) return `list of ${typeText(items)}`
  if (isDate(schema)) return "date"
  if (contentMediaType !== undefined) return "JSON text"
  switch (type) {
    case "integer":
      return typeof maximum === "number" ? `integer ${String(minimum)}..${maximum}` : "integer"
    case "boolean":
      return "true | false"
    case "string":
      return "text"
    default:
      return typeof type === "string" ? type : "value"
  }
}

/** Examples that a person understands, and of which most exist in the sandbox. */
const known: ReadonlyMap<string, string> = new Map([
  ["agentId", "4101"],
  ["spaceId", "101"],
  ["query", "books"],
  ["status", "Failure"],
  ["name", "Retail"],
  ["prompt", "'Collect titles and prices from https://books.example'"],
  ["comments", "'Back to the version that worked'"],
  ["cronExpression", "'0 6 * * 1-5'"],
  ["sql", "'SELECT count(*) FROM data'"],
  ["timezone", "Europe/Berlin"]
])

const exampleValue = (name: string, schema: JsonObject): string => {
  const found = known.get(name)
  if (found !== undefined) return found
  const { contentMediaType, enum: values, items, minimum, type } = schema
  if (Array.isArray(values)) return String(values[0])
  if (Predicate.isReadonlyRecord(items)) {
    return items["type"] === "object" ? `'[${JSON.stringify(exampleObject(items))}]'` : exampleValue("", items)
  }
  if (isDate(schema)) return "2026-01-31"
  if (contentMediaType !== undefined) return `'{"query":"shoes"}'`
  return type === "integer" ? (typeof minimum === "number" ? `${minimum}` : "1") : type === "boolean" ? "true" : "text"
}

const exampleObject = (schema: JsonObject): JsonObject => {
  const { properties, required } = schema
  const names = Array.isArray(required) ? required : []
  return Object.fromEntries(
    Object.entries(Predicate.isReadonlyRecord(properties) ? properties : {}).flatMap(([name, one]) =>
      names.includes(name) && Predicate.isReadonlyRecord(one) ? [[name, exampleValue(name, one)]] : []
    )
  )
}

/** What a call needs besides, of which the schema can only say that it is one of several ways. */
const needed: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["wait_for_run", ["agentId", "runId"]],
  ["create_agent_schedule", ["agentId", "name", "cronExpression"]]
])

/** The words of an example: what is required and, where nothing is, the first parameter. */
export const exampleWords = (tool: ToolDescriptor): ReadonlyArray<string> => {
  const properties = [...propertiesOf(tool)]
  const required = needed.get(tool.name) ?? requiredOf(tool)
  const shown = required.length === 0 ? properties.slice(0, 1) : properties.filter(([name]) => required.includes(name))
  return shown.map(([name, schema]) => `${name}=${exampleValue(name, schema)}`)
}

const parameterEntry =
  (required: ReadonlyArray<string>) =>
  ([name, schema]: readonly [string, JsonObject]): Entry => {
    const { default: value, description } = schema
    const type = typeText(schema)
    const notes = [
      required.includes(name) ? "required" : "",
      type,
      value === undefined ? "" : `default ${typeof value === "string" ? value : JSON.stringify(value)}`
    ].filter((note) => note !== "")
    const text = notes.join(", ")
    if (typeof description !== "string") return [name, text]
    return [name, description.startsWith(text) ? description : `${text}. ${description}`]
  }

/** The help of one tool: what it does, its parameters with types and defaults, and an example. */
export const toolHelp = (tool: ToolDescriptor, width: number, { bold }: Pick<Style, "bold">): string => {
  const properties = [...propertiesOf(tool)]
  const section = (title: string, lines: ReadonlyArray<string>) => ["", bold(title), ...lines]
  return [
    ...wrap(`${tool.title} (${tool.toolset}; ${hintWords(tool.annotations)})`, width),
    "",
    ...wrap(tool.description, width),
    ...section("Usage", [
      `  sequentum-mcp call ${tool.name}${properties.length === 0 ? "" : " [name=value ...]"} [flags]`
    ]),
    ...(properties.length === 0
      ? ["", "It has no parameters."]
      : section("Parameters", entries(properties.map(parameterEntry(requiredOf(tool))), width))),
    ...section("Example", [`  ${["sequentum-mcp call", tool.name, ...exampleWords(tool), "--sandbox"].join(" ")}`])
  ].join("\n")
}
