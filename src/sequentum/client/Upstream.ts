import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { whereTraced } from "../../runtime/tracing.ts"
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
  /** Origin of the Sequentum host. */
  readonly origin: string
  /** Path and query on that host. */
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

/** As `connectionFailed`, of an exchange by the platform's client. */
export const clientFailure = (error: HttpClientError.HttpClientError, at: RequestLine) =>
  connectionFailed(error.cause, at)

export const timedOut = (at: RequestLine, limit: Duration.Duration) =>
  new RequestTimeout({ ...at, seconds: Duration.toSeconds(limit) })

/** A text without the byte order mark that some servers put before their JSON. */
const withoutMark = (text: string) => (text.startsWith("\ufeff") ? text.slice(1) : text)

/**
 * One exchange with Sequentum, without retries and without following redirects. Interruption ends it and closes its
 * connection.
 */
export class Upstream extends Context.Tag("sequentum/Upstream")<
  Upstream,
  { readonly send: (request: UpstreamRequest) => Effect.Effect<Answer, ConnectionFailed | RequestTimeout> }
>() {
  /** By the platform's HTTP client, which must not follow redirects. */
  static readonly overHttpClient: Layer.Layer<Upstream, never, HttpClient.HttpClient> = Layer.effect(
    Upstream,
    Effect.map(HttpClient.HttpClient, (http) => {
      // Query parameters are a caller's arguments: requests make no spans of their own.
      const quiet = HttpClient.withTracerDisabledWhen(http, () => true)
      return {
        send: ({ at, body, headers, limit, origin, target }) => {
          const bare = HttpClientRequest.make(at.method)(`${origin}${target}`, { headers })
          const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, body, "application/json")
          return whereTraced(quiet.execute(request), http.execute(request)).pipe(
            Effect.flatMap((response) =>
              Effect.map(response.text, (text): Answer => ({
                status: response.status,
                body: withoutMark(text),
                header: (name) => response.headers[name]
              }))
            ),
            Effect.mapError((error) => clientFailure(error, at)),
            Effect.timeoutFail({ duration: limit, onTimeout: () => timedOut(at, limit) })
          )
        }
      }
    })
  )
}
