import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConnectionFailed, RequestTimeout } from "../errors.ts"

export type Method = "GET" | "POST" | "PUT" | "DELETE"

/** A request as errors name it: its path within the API, without its query. */
export interface RequestLine {
  readonly method: Method
  readonly path: string
}

/** One request to the Sequentum host, ready to be sent. */
export interface UpstreamRequest {
  readonly at: RequestLine
  /** Path and query on the Sequentum host. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string | undefined
  /** Limit for the exchange, the whole answer included. */
  readonly limit: Duration.Duration
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined
}

/** Failures at or before the moment a connection stands: the request cannot have been seen. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])
const ConnectFailure = Schema.Struct({
  code: Schema.optional(Schema.String),
  syscall: Schema.optional(Schema.String)
})
const readCause = Schema.decodeUnknownOption(ConnectFailure)

/** The network error that a failed exchange amounts to. Dual-stack connects carry the code of their last try. */
export const connectionFailed = (cause: unknown, at: RequestLine) => {
  const { code = "NETWORK_ERROR", syscall } = Option.getOrElse(readCause(cause), (): typeof ConnectFailure.Type => ({}))
  return new ConnectionFailed({
    ...at,
    code: /^[A-Z][A-Z0-9_]*$/u.test(code) ? code : "NETWORK_ERROR",
    reached: !(neverConnected.has(code) || syscall === "connect" || code.startsWith("ERR_TLS") || code.includes("CERT"))
  })
}

export const timedOut = (at: RequestLine, limit: Duration.Duration) =>
  new RequestTimeout({ ...at, seconds: Duration.toSeconds(limit) })

/**
 * One exchange with Sequentum, without retries and without following redirects. Interruption ends it and closes its
 * connection.
 */
export class Upstream extends Context.Tag("sequentum/Upstream")<
  Upstream,
  { readonly send: (request: UpstreamRequest) => Effect.Effect<Answer, ConnectionFailed | RequestTimeout> }
>() {}
