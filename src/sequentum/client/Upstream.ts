import { isUtf8 } from "node:buffer"
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
  /** False if the body has bytes that are no text: they are replaced in `body`. */
  readonly isUtf8: boolean
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
  syscall: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String)
})
const decodeNetworkError = Schema.decodeUnknownOption(NetworkError)

/** Codes of a connection that the other side closed. */
const closed: ReadonlySet<string> = new Set(["ECONNRESET", "UND_ERR_SOCKET"])

/** The other side ended a TLS handshake in due form. Node says so in words only, beside EPROTO. */
const tlsAlert = "TLS_ALERT"

/** Before a request can be sent over TLS. */
const isTlsFailure = (code: string) =>
  code === "EPROTO" ||
  code === tlsAlert ||
  code.startsWith("ERR_TLS") ||
  code.startsWith("ERR_SSL") ||
  code.includes("CERT")

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
  const {
    code: named = "NETWORK_ERROR",
    message = "",
    syscall
  } = Option.getOrElse(decodeNetworkError(cause), (): typeof NetworkError.Type => ({}))
  const code = named === "EPROTO" && /\balert\b/u.test(message) ? tlsAlert : named
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

type Text = Pick<UpstreamResponse, "body" | "isUtf8">

const decoder = new TextDecoder()

const textOf = (bytes: Uint8Array): Text => ({ body: decoder.decode(bytes), isUtf8: isUtf8(bytes) })

/** Where the last character of some bytes begins, if it has more than one byte. What follows may complete it. */
const lastCharacter = (bytes: Uint8Array): number => {
  for (let at = bytes.length - 1; at >= bytes.length - 3; at -= 1) {
    const byte = bytes[at] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return at
  }
  return bytes.length
}

const noBytes = new Uint8Array()

/** The text of a body. Takes its pieces away as it goes, so that a large body is not kept twice. */
const takeText = (chunks: Array<Uint8Array>): Text => {
  if (chunks.length <= 1) return textOf(chunks[0] ?? noBytes)
  const stream = new TextDecoder()
  let body = ""
  let isValid = true
  let open = noBytes
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    body += stream.decode(chunk, { stream: true })
    const bytes = open.length === 0 ? chunk : Buffer.concat([open, chunk])
    const end = lastCharacter(bytes)
    isValid &&= isUtf8(bytes.subarray(0, end))
    open = bytes.slice(end)
  }
  return { body: body + stream.decode(), isUtf8: isValid && isUtf8(open) }
}

/** A response whose body arrives in pieces. A class, since its closures would cost a request some microseconds. */
export class IncomingResponse {
  readonly status: number
  readonly header: UpstreamResponse["header"]
  readonly #chunks: Array<Uint8Array> = []
  #size = 0

  constructor(status: number, header: UpstreamResponse["header"]) {
    this.status = status
    this.header = header
  }

  /** Whether the body has to be unpacked. */
  get isPacked(): boolean {
    return this.header("content-encoding") !== undefined
  }

  /** Adds a piece. False once there is more than may be: what follows needs no reading. */
  add(chunk: Uint8Array): boolean {
    this.#size += chunk.length
    if (this.#size > maxBodyBytes) return false
    this.#chunks.push(chunk)
    return true
  }

  /** The whole response, unpacked. Fails with UnexpectedResponse. */
  end(line: RequestLine): Effect.Effect<UpstreamResponse, UnexpectedResponse> {
    if (this.#size > maxBodyBytes) return this.#without(line, tooLarge(maxBodyBytes))
    const encoding = this.header("content-encoding")
    if (encoding === undefined) return Effect.succeed(this.#with(takeText(this.#chunks)))
    return Effect.matchEffect(unpackBody(Buffer.concat(this.#chunks), encoding), {
      onFailure: (problem) => this.#without(line, problem),
      onSuccess: (bytes) => Effect.succeed(this.#with(textOf(bytes)))
    })
  }

  #with({ body, isUtf8 }: Text): UpstreamResponse {
    return { status: this.status, header: this.header, body, isUtf8 }
  }

  /** Of a failure the status alone says enough. */
  #without(line: RequestLine, problem: string): Effect.Effect<UpstreamResponse, UnexpectedResponse> {
    return this.status >= 400
      ? Effect.succeed(this.#with(textOf(noBytes)))
      : Effect.fail(unusable(line, this.status, problem))
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
