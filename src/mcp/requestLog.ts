import { createHmac, randomBytes } from "node:crypto"
import * as Predicate from "effect/Predicate"
import { listPrompts } from "../prompts/get.ts"
import { toolOf } from "../resources/read.ts"
import { resourceTemplates, staticResources } from "../resources/resources.ts"
import type { ToolDescriptor } from "../tools/Tool.ts"
import { methods } from "./handlers.ts"

/** Stands for a value that a log does not show. */
export const masked = "[masked]"

const hashKey = randomBytes(32)

/** The same short text for the same secret, as long as the process lives. The secret can't be found from it. */
export const hashed = (secret: string): string =>
  `#${createHmac("sha256", hashKey).update(secret).digest("base64url").slice(0, 12)}`

const knownMethods: ReadonlySet<string> = new Set([
  ...methods,
  "initialize",
  "ping",
  "server/discover",
  "subscriptions/listen",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
  "tasks/get",
  "tasks/update",
  "tasks/cancel",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed"
])

/** Whether a value can only be a number, a flag or an id of the API. */
const isHarmless = (value: unknown): boolean =>
  value === null ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && /^(?:-?\d{1,19}|true|false)$/iu.test(value))

const maxShownItems = 20

/** What a log may show of a value, by the JSON Schema of its parameter: numbers, flags, ids, words of an enumeration. */
const shownValue = (schema: unknown, value: unknown): unknown => {
  if (!Predicate.isRecord(schema)) return masked
  const { enum: words, items, properties, type } = schema
  if (Array.isArray(words)) return words.includes(value) || isHarmless(value) ? value : masked
  if (type === "array" && Array.isArray(value)) {
    return value.slice(0, maxShownItems).map((item: unknown) => shownValue(items, item))
  }
  if (type === "object" && Predicate.isRecord(properties) && Predicate.isRecord(value)) {
    return shownMembers(properties, value)
  }
  return (type === "integer" || type === "number" || type === "boolean") && isHarmless(value) ? value : masked
}

/** A name that is no parameter may hold anything, so such names are only counted. */
const shownMembers = (properties: Readonly<Record<string, unknown>>, value: Readonly<Record<string, unknown>>) => {
  const known = Object.entries(value).filter(([name]) => Object.hasOwn(properties, name))
  const unknown = Object.keys(value).length - known.length
  return {
    ...Object.fromEntries(
      known.map(([name, item]) => [
        name,
        name === "sessionId" && typeof item === "string" ? hashed(item) : shownValue(properties[name], item)
      ])
    ),
    ...(unknown === 0 ? {} : { "[unknown]": unknown })
  }
}

const shownArguments = (tool: ToolDescriptor, args: unknown): unknown => {
  const properties = tool.inputSchema["properties"]
  return Predicate.isRecord(args) && Predicate.isRecord(properties) ? shownMembers(properties, args) : masked
}

const uriWords = new Set(
  [...staticResources, ...resourceTemplates].flatMap(({ uri }) => uri.replace("sequentum://", "").split("/"))
)

const isShownUri = (uri: string) =>
  uri.startsWith("sequentum://") &&
  toolOf(uri) !== undefined &&
  uri
    .replace("sequentum://", "")
    .split("/")
    .every((part) => /^\d{1,19}$/u.test(part) || (uriWords.has(part) && !part.startsWith("{")))

const nameIn = (params: unknown) =>
  Predicate.isRecord(params) && Predicate.isString(params["name"]) ? params["name"] : undefined

/** Makes the function that reduces a JSON-RPC message to what a log may show of it. */
export const makeLoggable = (tools: ReadonlyArray<ToolDescriptor>) => {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const promptNames = new Set(listPrompts(() => true).map(({ name }) => name))

  const shownParams = (method: string, params: unknown): Readonly<Record<string, unknown>> => {
    const name = nameIn(params)
    switch (method) {
      case "tools/call": {
        const tool = byName.get(name ?? "")
        if (tool === undefined || !Predicate.isRecord(params)) return { tool: masked }
        return { tool: tool.name, arguments: shownArguments(tool, params["arguments"] ?? {}) }
      }
      case "prompts/get":
        return { prompt: name !== undefined && promptNames.has(name) ? name : masked }
      case "resources/read": {
        const uri = Predicate.isRecord(params) ? params["uri"] : undefined
        return { uri: Predicate.isString(uri) && isShownUri(uri) ? uri : masked }
      }
      default:
        return {}
    }
  }

  const loggableOne = (message: unknown): unknown => {
    if (!Predicate.isRecord(message)) return masked
    const { id, method, params } = message
    const shownId = typeof id === "number" ? { id } : {}
    if (!Predicate.isString(method)) return { ...shownId, response: true }
    return knownMethods.has(method)
      ? { ...shownId, method, ...shownParams(method, params) }
      : { ...shownId, method: masked }
  }

  const loggable = (body: unknown): unknown =>
    Array.isArray(body) ? body.slice(0, maxShownItems).map(loggableOne) : loggableOne(body)

  /** Whether a name is one of a tool or prompt, or a URI that may be shown, as in the header `Mcp-Name`. */
  const isKnownName = (name: string) => byName.has(name) || promptNames.has(name) || isShownUri(name)

  return { loggable, isKnownName, isKnownMethod: (method: string) => knownMethods.has(method) } as const
}

export type Loggable = ReturnType<typeof makeLoggable>
