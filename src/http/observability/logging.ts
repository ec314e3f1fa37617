import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { secretParameters } from "../../tools/arguments.ts"

const secretHeaders: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "x-api-key"])

/** The same for `inputParameters`, `input_parameters` and `Input-Parameters`. */
const normalized = (key: string) => key.toLowerCase().replaceAll(/[^a-z0-9]/gu, "")

const secretKeys: ReadonlySet<string> = new Set(
  [
    ...secretHeaders,
    ...secretParameters,
    "apiKey",
    "token",
    "accessToken",
    "refreshToken",
    "password",
    "secret",
    "clientSecret"
  ].map(normalized)
)

const mask = "[masked]"

/** Deeper values are left out: no call is nested so deep, and going on would exhaust the stack. */
const maxDepth = 50

/** Masks the headers that carry credentials. */
export const maskHeaders = (headers: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.has(name.toLowerCase()) ? mask : value])
  )

/** Masks every value under a secret key, at any depth. */
export const maskValue = (value: unknown, depth = 0): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (depth === maxDepth) return "[too deep]"
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1))
  if (!Predicate.isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretKeys.has(normalized(key)) ? mask : maskValue(item, depth + 1)
    ])
  )
}

type LogRequest = (request: HttpServerRequest.HttpServerRequest, body?: unknown) => Effect.Effect<void>

/** Logs each request, masked, at debug level; does nothing unless `debug`. */
export const makeRequestLog = (debug: boolean): LogRequest =>
  debug
    ? (request, body) =>
        Effect.annotateLogs(Effect.logDebug("request"), {
          method: request.method,
          headers: JSON.stringify(maskHeaders(request.headers)),
          body: JSON.stringify(maskValue(body))
        })
    : () => Effect.void
