import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
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
  /** Whether a stream's status and headers wait for its first bytes, so that `instead` can still take its place. */
  readonly holdBack: boolean
  /** How long a client may leave what was written to it unread. */
  readonly stalled: Duration.Duration
  /** Another answer, where there turned out to be one. */
  readonly instead: () => Option.Option<HttpServerResponse.HttpServerResponse>
}

interface Read {
  readonly done: boolean
  readonly value?: Uint8Array | undefined
}

const opening: Read = { done: false, value: new TextEncoder().encode(": open\n\n") }

/** Makes a web Response the answer. Its body is cancelled once the exchange is over. */
export const fromWeb = (
  response: Response,
  { exchange, headers, holdBack, instead, stalled }: Delivery
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.gen(function* () {
    const options = { status: response.status, headers: { ...Object.fromEntries(response.headers), ...headers } }
    const body: ReadableStream<Uint8Array> | null = response.body
    if (body === null) return HttpServerResponse.empty(options)
    const contentType = response.headers.get("content-type") ?? "application/json"
    if (!contentType.startsWith("text/event-stream")) {
      const bytes = yield* Effect.promise(() => response.arrayBuffer())
      return Option.getOrElse(instead(), () =>
        HttpServerResponse.uint8Array(new Uint8Array(bytes), { ...options, contentType })
      )
    }
    const reader = body.getReader()
    yield* Scope.addFinalizer(
      exchange.scope,
      Effect.promise(() => reader.cancel().catch(() => undefined))
    )
    const read: Effect.Effect<Read> = Effect.promise(() => reader.read().catch((): Read => ({ done: true })))
    // Without bytes to send Node would keep the headers back.
    let held: Read | undefined = holdBack ? yield* read : opening
    const other = instead()
    if (Option.isSome(other)) return other.value
    // The next bytes are asked for once the last ones are written: never, by a client that stopped reading.
    let cutting: Fiber.Fiber<void> | undefined
    const next = Effect.gen(function* () {
      if (cutting !== undefined) yield* Fiber.interruptFork(cutting)
      const { done, value } = held ?? (yield* read)
      held = undefined
      if (done || value === undefined) return yield* Effect.fail(Option.none())
      cutting = yield* Effect.forkIn(Effect.delay(exchange.cut, stalled), exchange.scope)
      return value
    })
    return HttpServerResponse.stream(Stream.repeatEffectOption(next), { ...options, contentType })
  })
