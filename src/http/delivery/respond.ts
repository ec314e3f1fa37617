import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AdmittedRequest } from "../admission/admit.ts"
import { challengeResponse } from "../admission/oauth.ts"
import type { Exchange } from "./exchange.ts"

interface Chunk {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

/** What the SDK responds with. */
export interface SdkResponse {
  readonly response: Response
  /** The complete body; undefined if it is still being written. */
  readonly body: Uint8Array | undefined
  /** Reads the next chunk of a body that is still being written. */
  readonly next: () => Promise<Chunk>
}

const opening: Chunk = { done: false, value: new TextEncoder().encode(": open\n\n") }

const empty = new Uint8Array()

const ended = (): Promise<Chunk> => Promise.resolve({ done: true })

/** Resolves when everything that is ready now has run. */
const nextTurn = () => new Promise<undefined>((resolve) => setImmediate(resolve, undefined))

/**
 * Takes over a Response of the SDK. With `holdBack` it waits for the first chunk of a stream. A stream that ends right
 * after it, as for a call without progress, counts as complete. Cancels the body when the exchange ends.
 */
export const receive = async (response: Response, exchange: Exchange, holdBack: boolean): Promise<SdkResponse> => {
  const stream: ReadableStream<Uint8Array> | null = response.body
  if (stream === null) return { response, body: empty, next: ended }
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    return { response, body: new Uint8Array(await response.arrayBuffer()), next: ended }
  }
  const reader = stream.getReader()
  exchange.onEnd(() => void reader.cancel().catch(() => undefined))
  const read = (): Promise<Chunk> => reader.read().catch(ended)
  // Node sends no headers before the first bytes of a body.
  const first = holdBack ? await read() : opening
  const second = first.done ? ended() : holdBack ? read() : undefined
  const ready = second === undefined ? undefined : await Promise.race([second, nextTurn()])
  if (ready?.done === true) return { response, body: first.value ?? empty, next: ended }
  const ahead = [Promise.resolve(first), ...(second === undefined ? [] : [second])]
  return { response, body: undefined, next: () => ahead.shift() ?? read() }
}

export interface Delivery {
  readonly admitted: AdmittedRequest
  readonly exchange: Exchange
  /** Calls back when the client stops reading for too long. Returns a function that cancels it. */
  readonly onStalled: (callback: () => void) => () => void
}

/** Turns a refusal, or what the SDK responded with, into the response. A recorded challenge replaces the latter. */
export const deliver = (
  outcome: SdkResponse | HttpServerResponse.HttpServerResponse,
  { admitted: { addresses, caller, headers: added }, exchange, onStalled }: Delivery
): HttpServerResponse.HttpServerResponse => {
  if (HttpServerResponse.isServerResponse(outcome)) return HttpServerResponse.setHeaders(outcome, added)
  if (caller.challenge !== undefined) return challengeResponse(caller.challenge, addresses, added)
  const { body, next, response } = outcome
  const headers: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    headers[name] = value
  })
  Object.assign(headers, added)
  const options = { status: response.status, headers, contentType: headers["content-type"] ?? "application/json" }
  if (body?.length === 0) return HttpServerResponse.empty({ status: response.status, headers })
  let stopWatching = (): void => undefined
  const watch = () => {
    // A response that waits for the ones before it is not stalled.
    stopWatching = onStalled(() => (exchange.isFirstInPipeline() ? exchange.disconnect() : watch()))
  }
  exchange.onEnd(() => stopWatching())
  if (body !== undefined) {
    watch()
    return HttpServerResponse.uint8Array(body, options)
  }
  // The platform asks for the next chunk when the last one is written, which never happens if the client stops reading.
  const chunk = Effect.gen(function* () {
    stopWatching()
    const { done, value } = yield* Effect.promise(next)
    if (done || value === undefined) return yield* Effect.fail(Option.none())
    watch()
    return value
  })
  return HttpServerResponse.stream(Stream.repeatEffectOption(chunk), options)
}
