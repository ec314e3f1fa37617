import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Exchange } from "./exchange.ts"

type HeaderValues = Readonly<Record<string, string>>

/** A JSON-RPC error that answers no request in particular. */
export const rpcError = (status: number, code: number, message: string, headers: HeaderValues = {}) =>
  HttpServerResponse.unsafeJson({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers })

/** Codes of this server's own JSON-RPC errors. */
export const rpcCodes = {
  refused: -32000,
  unauthorized: -32001,
  rateLimited: -32029,
  parse: -32700,
  invalidRequest: -32600,
  internal: -32603
} as const

export interface Delivery {
  readonly headers: HeaderValues
  readonly exchange: Exchange
  /** Calls back once a client has left what was written to it unread for too long. What it gives calls that off. */
  readonly onStalled: (then: () => void) => () => void
  /** Another answer, where there turned out to be one. */
  readonly instead: () => Option.Option<HttpServerResponse.HttpServerResponse>
}

interface Read {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

const opening: Read = { done: false, value: new TextEncoder().encode(": open\n\n") }

/** A web Response, its body whole where it was written by the time it was asked for. */
export interface Received {
  readonly response: Response
  readonly whole: Uint8Array | undefined
  /** Gives the next bytes of a body that is not whole. */
  readonly next: () => Promise<Read>
}

const none = new Uint8Array()

const ended = (): Promise<Read> => Promise.resolve({ done: true })

/** Resolves once all that is ready has been done. */
const nextTurn = () => new Promise<undefined>((resolve) => setImmediate(resolve, undefined))

/**
 * Takes in a web Response. With `holdBack` it waits for the first bytes of a stream, and takes a stream that ends with
 * them, as that of a call without progress does, for whole. The body is cancelled once the exchange is over.
 */
export const receive = async (response: Response, exchange: Exchange, holdBack: boolean): Promise<Received> => {
  const body: ReadableStream<Uint8Array> | null = response.body
  if (body === null) return { response, whole: none, next: ended }
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    return { response, whole: new Uint8Array(await response.arrayBuffer()), next: ended }
  }
  const reader = body.getReader()
  exchange.onOver(() => void reader.cancel().catch(() => undefined))
  const read = (): Promise<Read> => reader.read().catch(ended)
  // Without bytes to send Node would keep the headers back.
  const first = holdBack ? await read() : opening
  const second = first.done ? ended() : holdBack ? read() : undefined
  const known = second === undefined ? undefined : await Promise.race([second, nextTurn()])
  if (known?.done === true) return { response, whole: first.value ?? none, next: ended }
  const ahead = [Promise.resolve(first), ...(second === undefined ? [] : [second])]
  return { response, whole: undefined, next: () => ahead.shift() ?? read() }
}

/** Makes a web Response the answer. */
export const fromWeb = (
  { next, response, whole }: Received,
  { exchange, headers, instead, onStalled }: Delivery
): HttpServerResponse.HttpServerResponse => {
  const other = instead()
  if (Option.isSome(other)) return other.value
  const all: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    all[name] = value
  })
  Object.assign(all, headers)
  const options = { status: response.status, headers: all, contentType: all["content-type"] ?? "application/json" }
  if (whole?.length === 0) return HttpServerResponse.empty({ status: response.status, headers: all })
  let calm = (): void => undefined
  const watch = () => {
    calm = onStalled(() => (exchange.isTurn() ? exchange.cut() : watch()))
  }
  exchange.onOver(() => calm())
  if (whole !== undefined) {
    watch()
    return HttpServerResponse.uint8Array(whole, options)
  }
  // The next bytes are asked for once the last ones are written: never, by a client that stopped reading.
  const chunk = Effect.gen(function* () {
    calm()
    const { done, value } = yield* Effect.promise(next)
    if (done || value === undefined) return yield* Effect.fail(Option.none())
    watch()
    return value
  })
  return HttpServerResponse.stream(Stream.repeatEffectOption(chunk), options)
}
