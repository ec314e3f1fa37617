import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConnectionFailed, RequestTimeout } from "../errors.ts"
import type { ApiPath } from "./apiPath.ts"

export type Method = "GET" | "POST" | "PUT" | "DELETE"

/** A request as errors describe it. */
export interface RequestLine extends ApiPath {
  readonly method: Method
}

/** One request to the Sequentum host, ready to be sent. */
export interface UpstreamRequest {
  readonly line: RequestLine
  /** Path and query on the Sequentum host. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string | undefined
  /** Limit for the exchange, the whole response included. */
  readonly timeout: Duration.Duration
}

/** A whole response. */
export interface UpstreamResponse {
  readonly status: number
  readonly body: string
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined
}

/** Codes of failures before a connection is made: Sequentum can't have seen the request. */
const neverConnected: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])
const NetworkError = Schema.Struct({
  code: Schema.optional(Schema.String),
  syscall: Schema.optional(Schema.String)
})
const decodeNetworkError = Schema.decodeUnknownOption(NetworkError)

/** The error for a failed exchange. A connect that tried IPv6 and IPv4 has the code of its last try. */
export const connectionFailed = (cause: unknown, line: RequestLine) => {
  const { code = "NETWORK_ERROR", syscall } = Option.getOrElse(
    decodeNetworkError(cause),
    (): typeof NetworkError.Type => ({})
  )
  return new ConnectionFailed({
    ...line,
    code: /^[A-Z][A-Z0-9_]*$/u.test(code) ? code : "NETWORK_ERROR",
    reached: !(neverConnected.has(code) || syscall === "connect" || code.startsWith("ERR_TLS") || code.includes("CERT"))
  })
}

export const timedOut = (line: RequestLine, timeout: Duration.Duration) =>
  new RequestTimeout({ ...line, seconds: Duration.toSeconds(timeout) })

/**
 * One exchange with Sequentum, without retries and without following redirects. Interruption closes its connection.
 */
export class Upstream extends Context.Tag("sequentum/Upstream")<
  Upstream,
  { readonly send: (request: UpstreamRequest) => Effect.Effect<UpstreamResponse, ConnectionFailed | RequestTimeout> }
>() {}
