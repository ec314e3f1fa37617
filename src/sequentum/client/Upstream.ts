import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConnectionFailed, RequestTimeout, UnexpectedResponse } from "../errors.ts"
import type { ApiPath } from "./apiPath.ts"
import { maxBodyBytes, tooLarge, unpackBody } from "./bodies.ts"

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

/** Codes of a connection that the other side closed. */
const closed: ReadonlySet<string> = new Set(["ECONNRESET", "UND_ERR_SOCKET"])

/** Before a request can be sent over TLS. */
const isTlsFailure = (code: string) =>
  code === "EPROTO" || code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || code.includes("CERT")

/** A proxy did not make a connection to the host. `reason` is its status, or `FAILED`. */
export class ProxyFailed extends Error {
  readonly code: string
  constructor(reason: string) {
    super(`The proxy did not connect: ${reason}`)
    this.code = `PROXY_${reason}`
  }
}

/**
 * The error for a failed exchange with `url`, of which nothing was sent if `isSent` is false. A connect that tried IPv6
 * and IPv4 has the code of its last try.
 */
export const connectionFailed = (cause: unknown, line: RequestLine, url: URL, isSent = true) => {
  const { code = "NETWORK_ERROR", syscall } = Option.getOrElse(
    decodeNetworkError(cause),
    (): typeof NetworkError.Type => ({})
  )
  return new ConnectionFailed({
    ...line,
    code: /^[A-Z][A-Z0-9_]*$/u.test(code) ? code : "NETWORK_ERROR",
    reached:
      isSent && !(neverConnected.has(code) || syscall === "connect" || isTlsFailure(code) || code.startsWith("PROXY_")),
    ...(isSent && closed.has(code) && url.protocol === "http:" ? { plain: true } : {})
  })
}

export const timedOut = (line: RequestLine, timeout: Duration.Duration) =>
  new RequestTimeout({ ...line, seconds: Math.max(1, Math.round(Duration.toSeconds(timeout))) })

/** The error for a response that can't be used: it had `problem`. */
export const unusable = (line: RequestLine, status: number, problem: string) =>
  new UnexpectedResponse({ ...line, status, at: "", problem })

/** What is known of a response before its body. */
type Head = Pick<UpstreamResponse, "status" | "header">

/** A response whose body had `problem`. Of a failure the status alone says enough. */
const withoutBody = (
  line: RequestLine,
  head: Head,
  problem: string
): Effect.Effect<UpstreamResponse, UnexpectedResponse> =>
  head.status >= 400 ? Effect.succeed({ ...head, body: "" }) : Effect.fail(unusable(line, head.status, problem))

const decoder = new TextDecoder()

/** A body that arrives in pieces. */
export interface Body {
  /** Adds a piece. False once there is more than may be: what follows needs no reading. */
  readonly add: (chunk: Uint8Array) => boolean
  /** The whole response, unpacked. Fails with UnexpectedResponse. */
  readonly end: (line: RequestLine) => Effect.Effect<UpstreamResponse, UnexpectedResponse>
}

/** The text of a body. Takes its pieces away as it goes, so that a large body is not kept twice. */
const takeText = (chunks: Array<Uint8Array>): string => {
  if (chunks.length <= 1) return decoder.decode(chunks[0])
  const stream = new TextDecoder()
  let text = ""
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    text += stream.decode(chunk, { stream: true })
  }
  return text + stream.decode()
}

/** The body of the response with this head. */
export const makeBody = (head: Head): Body => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    add: (chunk) => {
      size += chunk.length
      if (size > maxBodyBytes) return false
      chunks.push(chunk)
      return true
    },
    end: (line) => {
      if (size > maxBodyBytes) return withoutBody(line, head, tooLarge(maxBodyBytes))
      const encoding = head.header("content-encoding")
      if (encoding === undefined) return Effect.succeed({ ...head, body: takeText(chunks) })
      return Effect.matchEffect(unpackBody(Buffer.concat(chunks), encoding), {
        onFailure: (problem) => withoutBody(line, head, problem),
        onSuccess: (bytes) => Effect.succeed({ ...head, body: decoder.decode(bytes) })
      })
    }
  }
}

/** What an exchange can fail with: it got no response, or one that is too large or can't be unpacked. */
export type ExchangeFailure = ConnectionFailed | RequestTimeout | UnexpectedResponse

/**
 * One exchange with Sequentum, without retries and without following redirects. Interruption closes its connection.
 */
export class Upstream extends Context.Tag("sequentum/Upstream")<
  Upstream,
  { readonly send: (request: UpstreamRequest) => Effect.Effect<UpstreamResponse, ExchangeFailure> }
>() {}
