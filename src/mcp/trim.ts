/* eslint-disable @typescript-eslint/no-deprecated -- older clients still send what the newest revision deprecates */
import {
  BAGGAGE_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  RELATED_TASK_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
  TRACEPARENT_META_KEY,
  TRACESTATE_META_KEY
} from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"
import { knownCapabilities } from "./clientCapabilities.ts"

type JsonObject = Readonly<Record<PropertyKey, unknown>>

/** What is read of the `_meta` of a message. */
const metaMembers = [
  "progressToken",
  BAGGAGE_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  RELATED_TASK_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
  TRACEPARENT_META_KEY,
  TRACESTATE_META_KEY
]

/** What is read of params that have more members than this. No method of the protocol has as many. */
const manyMembers = 32
const paramsMembers = [
  ...["name", "arguments", "uri", "ref", "argument", "context", "cursor", "level", "requestId", "reason", "taskId"],
  ...["protocolVersion", "capabilities", "clientInfo", "inputResponses", "requestState", "notifications", "_meta"]
]

const pick = (json: JsonObject, names: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (Object.hasOwn(json, name) ? [[name, json[name]]] : [])))

const trimMeta = (meta: JsonObject): JsonObject => {
  const known = pick(meta, metaMembers)
  return CLIENT_CAPABILITIES_META_KEY in known
    ? { ...known, [CLIENT_CAPABILITIES_META_KEY]: knownCapabilities(known[CLIENT_CAPABILITIES_META_KEY]) }
    : known
}

/**
 * A message without what nobody reads: members of `_meta` and of wide params, and capabilities that nobody knows. There
 * can be thousands, and the SDK copies and checks them several times: ten times the work of an ordinary message.
 */
export const trim = (message: unknown): unknown => {
  if (!Predicate.isRecord(message) || !Predicate.isRecord(message["params"])) return message
  const given = message["params"]
  const params = Object.keys(given).length > manyMembers ? pick(given, paramsMembers) : given
  const meta = params["_meta"]
  const changes = {
    ...(Predicate.isRecord(meta) ? { _meta: trimMeta(meta) } : {}),
    ...(message["method"] === "initialize" && "capabilities" in params
      ? { capabilities: knownCapabilities(params["capabilities"]) }
      : {})
  }
  return params === given && Object.keys(changes).length === 0
    ? message
    : { ...message, params: { ...params, ...changes } }
}
