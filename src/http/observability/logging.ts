import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import { hashed, makeLoggable, masked, type Loggable } from "../../mcp/requestLog.ts"
import { allTools } from "../../tools/catalog/all.ts"

/** Whether the value of a header may be shown. */
type IsShown = (value: string) => boolean

/** Media types with their weights and character sets; other parameters may hold anything. */
const mediaTypes: IsShown = (value) =>
  value.length <= 200 &&
  value
    .split(",")
    .every((type) => /^\s*[\w*+.-]+\/[\w*+.-]+(?:\s*;\s*(?:q=[\d.]+|charset="?[\w-]+"?)){0,2}\s*$/iu.test(type))
const digits: IsShown = (value) => /^\d{1,20}$/u.test(value)
const coding: IsShown = (value) =>
  /^(?:[\s,]*(?:gzip|deflate|br|zstd|chunked|identity|keep-alive|close|upgrade)\b){1,8}$/iu.test(value)
const authority: IsShown = (value) => /^[\w.:[\]-]{1,200}$/u.test(value)
const origin: IsShown = (value) => /^(?:null|https?:\/\/[\w.:[\]-]{1,200})$/u.test(value)
const words: IsShown = (value) => /^[a-z_, ]{0,2000}$/u.test(value)

/** The headers whose values are shown. Of all others only the names are. */
const shownHeaders = ({ isKnownMethod, isKnownName }: Loggable): Readonly<Record<string, IsShown>> => ({
  accept: mediaTypes,
  "accept-encoding": coding,
  connection: coding,
  "content-encoding": coding,
  "content-length": digits,
  "content-type": mediaTypes,
  host: authority,
  "mcp-method": isKnownMethod,
  "mcp-name": isKnownName,
  "mcp-protocol-version": (value) => /^[\d-]{1,20}$/u.test(value),
  origin,
  "transfer-encoding": coding,
  "x-forwarded-host": authority,
  "x-forwarded-proto": words,
  "x-mcp-exclude-tools": words,
  "x-mcp-readonly": words,
  "x-mcp-tools": words,
  "x-mcp-toolsets": words
})

/** The names of all headers; values only of those that can hold no secret. A session id is hashed. */
export const makeShowHeaders = (loggable: Loggable) => {
  const shown = shownHeaders(loggable)
  return (headers: Readonly<Record<string, string | undefined>>) =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value = ""]) => {
        const key = name.toLowerCase()
        if (key === "mcp-session-id") return [key, hashed(value)]
        const isShown = Object.hasOwn(shown, key) ? shown[key] : undefined
        return [key, isShown?.(value) === true ? value : masked]
      })
    )
}

type LogRequest = (request: HttpServerRequest.HttpServerRequest, body?: unknown) => Effect.Effect<void>

/** Logs each request, masked, at debug level; does nothing unless `debug`. */
export const makeRequestLog = (debug: boolean): LogRequest => {
  if (!debug) return () => Effect.void
  const loggable = makeLoggable(allTools)
  const showHeaders = makeShowHeaders(loggable)
  return (request, body) =>
    Effect.annotateLogs(Effect.logDebug("request"), {
      method: request.method,
      headers: JSON.stringify(showHeaders(request.headers)),
      ...(body === undefined ? {} : { body: JSON.stringify(loggable.loggable(body)) })
    })
}
