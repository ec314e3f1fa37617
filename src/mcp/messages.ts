import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  ProtocolErrorCode,
  type JSONRPCMessage
} from "@modelcontextprotocol/server"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/** Why a message is not served, as its JSON-RPC error says it. */
export interface Refusal {
  /** The id of the message; null where there is none that a response can carry. */
  readonly id: string | number | null
  readonly code: number
  readonly message: string
}

type JsonObject = Readonly<Record<PropertyKey, unknown>>

const withoutNulls = (json: JsonObject): JsonObject =>
  Object.values(json).includes(null)
    ? Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))
    : json

/**
 * Removes `"params": null`, and each null directly in `params` or in its `_meta`: some JSON writers write null for what
 * is left out. What is inside a tool's own arguments stays.
 */
export const normalise = (message: unknown): unknown => {
  if (!Predicate.isRecord(message) || !("params" in message)) return message
  const { params, ...rest } = message
  if (params === null) return rest
  if (!Predicate.isRecord(params)) return message
  const given = withoutNulls(params)
  const meta = given["_meta"]
  return { ...message, params: Predicate.isRecord(meta) ? { ...given, _meta: withoutNulls(meta) } : given }
}

const isUsableId = (id: unknown): id is string | number => Predicate.isString(id) || Number.isFinite(id)

const members = new Set(["jsonrpc", "id", "method", "params"])

/** Methods that do nothing without params: for these a wrong type of `params` is a problem of the method. */
const methodsWithParams = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"])

type Problem = readonly [code: ProtocolErrorCode, message: string]

const problemOf = (message: JsonObject): Problem => {
  const { id, jsonrpc, method, params } = message
  const invalid = ProtocolErrorCode.InvalidRequest
  if (jsonrpc !== "2.0") return [invalid, 'A message must have "jsonrpc": "2.0".']
  if (!Predicate.isString(method)) return [invalid, "A message must have a method, which is a string."]
  if ("id" in message && !Predicate.isString(id) && !Number.isSafeInteger(id)) {
    return [invalid, "The id must be a string or an integer."]
  }
  if (Object.keys(message).some((name) => !members.has(name))) {
    return [invalid, "A message must have no members but jsonrpc, id, method and params."]
  }
  return Predicate.isRecord(params)
    ? [ProtocolErrorCode.InvalidParams, "Invalid params: _meta has a value of a wrong type."]
    : [methodsWithParams.has(method) ? ProtocolErrorCode.InvalidParams : invalid, "The params must be an object."]
}

const refusalOf = (message: unknown): Refusal => {
  const code = ProtocolErrorCode.InvalidRequest
  if (Array.isArray(message))
    return { id: null, code, message: "Batches are not supported: send one message at a time." }
  if (!Predicate.isRecord(message)) return { id: null, code, message: "A message must be a JSON object." }
  // The id of a response is that of a request of ours, which must not be mixed up with one of the client's.
  if (!("method" in message) && ("result" in message || "error" in message)) {
    return { id: null, code, message: "This is not a valid JSON-RPC response." }
  }
  const [problemCode, problem] = problemOf(message)
  return { id: isUsableId(message["id"]) ? message["id"] : null, code: problemCode, message: problem }
}

/** Reads a parsed JSON value as a JSON-RPC message, normalised. Fails with the error to respond with. */
export const readMessage = (json: unknown): Either.Either<JSONRPCMessage, Refusal> => {
  const message = normalise(json)
  return isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message)
    ? Either.right(message)
    : Either.left(refusalOf(message))
}

/** Reads JSON text as a JSON-RPC message. Fails with the error to respond with. */
export const parseMessage = (text: string): Either.Either<JSONRPCMessage, Refusal> =>
  Either.try({
    try: (): unknown => JSON.parse(text),
    catch: (): Refusal => ({ id: null, code: ProtocolErrorCode.ParseError, message: "The message is not JSON." })
  }).pipe(Either.flatMap(readMessage))

const lineSeparators = /[\u2028\u2029]/gu

/** A message as one line of JSON. Some readers take U+2028 and U+2029 for line ends, so they are escaped. */
export const formatLine = (message: object): string =>
  `${JSON.stringify(message).replace(lineSeparators, (separator) => (separator === "\u2028" ? "\\u2028" : "\\u2029"))}\n`

/** A refusal as one line of JSON. */
export const formatRefusal = ({ code, id, message }: Refusal): string =>
  formatLine({ jsonrpc: "2.0", id, error: { code, message } })
