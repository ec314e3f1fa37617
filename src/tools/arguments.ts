import * as Arr from "effect/Array"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import { InvalidArguments } from "./errors.ts"
import type { ObjectSchema } from "./jsonSchema.ts"
import { isWithinBounds, maxJsonText } from "./jsonText.ts"

/** Parameters whose values are never repeated or logged: they may hold secrets or personal data. */
const secretParameters: ReadonlySet<string> = new Set(["inputParameters", "prompt", "comments"])

const maxQuoteLength = 60

/** Limits for the arguments of a call. No tool needs more, and an error message can be longer than the request. */
const maxValues = 500
const maxDepth = 8

/** Subtracts the number of values in `value` from `left`. Returns -1 if over a limit. */
const countDown = (value: unknown, left: number, depth: number): number => {
  if (left < 0 || depth > maxDepth) return -1
  if (typeof value !== "object" || value === null) return left - 1
  let rest = left - 1
  for (const key in value) {
    rest = countDown(Reflect.get(value, key), rest, depth + 1)
    if (rest < 0) return -1
  }
  return rest
}

const isTooLarge = (value: unknown) => countDown(value, maxValues, 0) < 0

/** Refuses arguments that would take long to check. Names the parameter, if one alone is too large. */
export const oversized = (tool: string, args: unknown): InvalidArguments | undefined => {
  if (!isTooLarge(args)) return undefined
  const name = Predicate.isRecord(args) ? Object.keys(args).find((key) => isTooLarge(args[key])) : undefined
  const what = name === undefined ? "The arguments are" : `${quote("", name)} is`
  return new InvalidArguments({
    tool,
    problems: [`${what} too large: at most ${maxValues} values, ${maxDepth} levels deep.`]
  })
}

/** How many problems of one call are reported. */
const maxProblems = 10

const quote = (name: string, value: unknown): string => {
  if (value === undefined) return "nothing"
  if (typeof value === "string" && secretParameters.has(name)) return `a text of ${value.length} characters`
  if (Array.isArray(value)) return `an array of ${value.length} ${value.length === 1 ? "item" : "items"}`
  if (Predicate.isRecord(value)) return "an object"
  const json = JSON.stringify(value)
  return json.length > maxQuoteLength ? `${json.slice(0, maxQuoteLength)}…` : json
}

type JsonSchema = Readonly<Record<string, unknown>>

const property = (schema: JsonSchema, name: string): JsonSchema | undefined => {
  const properties = schema["properties"]
  const found = Predicate.isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
  return Predicate.isRecord(found) ? found : undefined
}

const arrayOf = ({ maxItems, minItems = 0 }: JsonSchema): string =>
  typeof maxItems === "number" ? `an array of ${String(minItems)} to ${maxItems} items` : "an array"

/** What a parameter accepts, in words, from its JSON Schema. */
const expectation = (schema: JsonSchema): string => {
  const {
    anyOf,
    contentMediaType,
    description,
    enum: values,
    items,
    maxLength,
    maximum,
    minLength,
    minimum,
    pattern,
    properties,
    type
  } = schema
  if (Array.isArray(values)) return `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`
  if (Predicate.isRecord(items)) return `${arrayOf(schema)}, each item ${expectation(items)}`
  if (Array.isArray(anyOf)) {
    return anyOf.map((option: unknown) => (Predicate.isRecord(option) ? expectation(option) : "")).join(", or ")
  }
  if (typeof pattern === "string" && pattern.startsWith("^\\d{4}-")) {
    return "an ISO 8601 date such as 2026-01-31, or 2026-01-31T06:00:00Z"
  }
  if (typeof contentMediaType === "string") return "JSON text of an object"
  switch (type) {
    case "integer":
      return typeof maximum === "number"
        ? `an integer from ${String(minimum)} to ${maximum}`
        : `an integer of at least ${String(minimum)}`
    case "string":
      // Only the description can say how a text is counted.
      if (typeof minLength === "number" && minLength > 1) return `a text (${String(description)})`
      return typeof maxLength === "number" ? `a text of 1 to ${maxLength} characters, not blank` : "a text"
    case "boolean":
      return "true or false"
    case "object":
      return Predicate.isRecord(properties) ? `an object of ${Object.keys(properties).join(", ")}` : "an object"
    default:
      return typeof type === "string" ? `a value of type ${type}` : "another value"
  }
}

/** What a JSON text must be besides, if it is past its bounds. */
const boundsOf = ({ contentMediaType }: Readonly<Record<string, unknown>>, came: unknown): string =>
  typeof contentMediaType === "string" && typeof came === "string" && !isWithinBounds(came)
    ? ` of at most ${maxJsonText.values} values and ${maxJsonText.depth} levels`
    : ""

interface Place {
  /** `tables`, or `tables[0].agentId`. */
  readonly name: string
  readonly schema: JsonSchema
  readonly came: unknown
}

/** The part of a parameter in which a problem is, as far as the schema knows it. */
const innermost = (place: Place, path: ReadonlyArray<PropertyKey>): Place => {
  const [key, ...rest] = path
  if (key === undefined) return place
  const { came, name, schema } = place
  const isItem = typeof key === "number"
  const part = isItem ? schema["items"] : property(schema, String(key))
  if (!Predicate.isRecord(part) || typeof came !== "object" || came === null) return place
  const own = isItem ? `${name}[${key}]` : `${name}.${String(key)}`
  return innermost({ name: own, schema: part, came: Reflect.get(came, key) }, rest)
}

/** One sentence for each wrong parameter: its name, what it accepts and what it was. */
export const invalidArguments = (
  tool: string,
  schema: ObjectSchema,
  args: unknown,
  error: ParseResult.ParseError
): InvalidArguments => {
  if (!Predicate.isRecord(args)) {
    return new InvalidArguments({ tool, problems: ["The arguments must be an object."] })
  }
  const reported = new Set<PropertyKey>()
  const issues = ParseResult.ArrayFormatter.formatErrorSync(error).filter(({ path: [name] }) => {
    if (name === undefined) return true
    const isNew = !reported.has(name)
    reported.add(name)
    return isNew
  })
  const problems = issues.slice(0, maxProblems).map((issue) => {
    const name = issue.path[0]
    if (name === undefined) return issue.message.endsWith(".") ? issue.message : `${issue.message}.`
    const parameter = String(name)
    const known = property(schema, parameter)
    if (known === undefined) {
      const properties = schema["properties"]
      const names = Predicate.isRecord(properties) ? Object.keys(properties) : []
      const takes = names.length === 0 ? `${tool} takes no parameters` : `${tool} takes ${names.join(", ")}`
      return `${quote("", parameter)} is not a parameter: ${takes}.`
    }
    const whole = Object.hasOwn(args, parameter) ? args[parameter] : undefined
    const place = innermost({ name: parameter, schema: known, came: whole }, issue.path.slice(1))
    return place.came === undefined
      ? `${place.name} is required: ${expectation(place.schema)}.`
      : `${place.name} must be ${expectation(place.schema)}${boundsOf(place.schema, place.came)}, but was ${quote(parameter, place.came)}.`
  })
  if (issues.length > maxProblems) problems.push(`There are ${issues.length - maxProblems} more problems.`)
  return new InvalidArguments({
    tool,
    problems: Arr.isNonEmptyReadonlyArray(problems) ? problems : ["The arguments do not fit."]
  })
}
