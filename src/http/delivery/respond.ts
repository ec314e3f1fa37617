import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AdmittedRequest } from "../admission/admit.ts"
import { challengeResponse } from "../admission/oauth.ts"
import type { Exchange } from "./exchange.ts"

export interface Chunk {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

/** What the protocol server responds with. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The complete body; undefined if it is still being written. */
  readonly body: Uint8Array | undefined
  /** Reads the next chunk of a body that is still being written. */
  readonly next: () => Promise<Chunk>
}

/** The kinds of body that the client of a request accepts. */
export type Accepted = "both" | "json" | "events"

const empty = new Uint8Array()

const ended = (): Promise<Chunk> => Promise.resolve({ done: true })

/** A reply whose body is complete. */
export const complete = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array = empty
): Reply => ({ status, headers, body, next: ended })

/** Resolves when everything that is ready now has run. */
const nextTurn = () => new Promise<undefined>((resolve) => setImmediate(resolve, undefined))

const headersOf = (response: Response) => {
  const headers: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    headers[name] = value
  })
  return headers
}

/** The message of the last event of a stream. */
const lastMessage = (events: string) =>
  events
    .split("\n")
    .findLast((line) => line.startsWith("data: "))
    ?.slice("data: ".length) ?? ""

/**
 * Takes over a Response of the SDK, and waits for the first chunk of a stream: until then a challenge can still replace
 * it. A stream that ends right after it, as for a call without progress, counts as complete. For a client that accepts
 * JSON only, its last message is the body. Cancels the body when the exchange ends.
 */
export const receive = async (response: Response, exchange: Exchange, accepted: Accepted): Promise<Reply> => {
  const { status } = response
  const headers = headersOf(response)
  const stream: ReadableStream<Uint8Array> | null = response.body
  if (stream === null) return complete(status, headers)
  if (headers["content-type"]?.startsWith("text/event-stream") !== true) {
    return complete(status, headers, new Uint8Array(await response.arrayBuffer()))
  }
  const reader = stream.getReader()
  exchange.onEnd(() => void reader.cancel().catch(() => undefined))
  const read = (): Promise<Chunk> => reader.read().catch(ended)
  if (accepted === "json") {
    const decoder = new TextDecoder()
    let events = ""
    for (let chunk = await read(); !chunk.done; chunk = await read()) {
      events += decoder.decode(chunk.value, { stream: true })
    }
    return complete(status, { "content-type": "application/json" }, new TextEncoder().encode(lastMessage(events)))
  }
  const first = await read()
  const second = first.done ? ended() : read()
  const ready = await Promise.race([second, nextTurn()])
  if (ready?.done === true) return complete(status, headers, first.value)
  const ahead = [Promise.resolve(first), second]
  return { status, headers, body: undefined, next: () => ahead.shift() ?? read() }
}

export interface Delivery {
  readonly admitted: AdmittedRequest
  readonly exchange: Exchange
  /** Calls back when the client stops reading for too long. Returns a function that cancels it. */
  readonly onStalled: (callback: () => void) => () => void
}

/** Turns a refusal, or a reply of the protocol server, into the response. A recorded challenge replaces the latter. */
export const deliver = (
  outcome: Reply | HttpServerResponse.HttpServerResponse,
  { admitted: { addresses, caller, headers: added }, exchange, onStalled }: Delivery
): HttpServerResponse.HttpServerResponse => {
  if (HttpServerResponse.isServerResponse(outcome)) return HttpServerResponse.setHeaders(outcome, added)
  if (caller.challenge !== undefined) return challengeResponse(caller.challenge, addresses, added)
  const { body, next, status } = outcome
  const headers: Readonly<Record<string, string>> = { ...outcome.headers, ...added }
  const options = { status, headers, contentType: headers["content-type"] ?? "application/json" }
  if (body?.length === 0) return HttpServerResponse.empty({ status, headers })
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
