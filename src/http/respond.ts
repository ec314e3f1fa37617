import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
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

/** A web Response, with its body where that is whole already. */
export interface Received {
  readonly response: Response
  readonly whole: Uint8Array | undefined
}

/** Takes in a web Response: all of it, unless it is a stream of events. */
export const receive = async (response: Response): Promise<Received> => ({
  response,
  whole:
    response.headers.get("content-type")?.startsWith("text/event-stream") === true
      ? undefined
      : new Uint8Array(await response.arrayBuffer())
})

/** Makes a web Response the answer. Its body is cancelled once the exchange is over. */
export const fromWeb = (
  { response, whole }: Received,
  { exchange, headers, holdBack, instead, stalled }: Delivery
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const all: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    all[name] = value
  })
  for (const name in headers) all[name] = headers[name] ?? ""
  const options = { status: response.status, headers: all }
  if (whole !== undefined) {
    return Effect.succeed(
      Option.getOrElse(instead(), () =>
        whole.length === 0
          ? HttpServerResponse.empty(options)
          : HttpServerResponse.uint8Array(whole, { ...options, contentType: all["content-type"] ?? "application/json" })
      )
    )
  }
  const body: ReadableStream<Uint8Array> | null = response.body
  if (body === null) return Effect.succeed(HttpServerResponse.empty(options))
  const reader = body.getReader()
  // The next bytes are asked for once the last ones are written: never, by a client that stopped reading.
  let cutting: Fiber.RuntimeFiber<void> | undefined
  const calm = () => cutting?.unsafeInterruptAsFork(FiberId.none)
  exchange.onOver(() => {
    calm()
    reader.cancel().catch(() => undefined)
  })
  const read: Effect.Effect<Read> = Effect.promise(() => reader.read().catch((): Read => ({ done: true })))
  return Effect.gen(function* () {
    // Without bytes to send Node would keep the headers back.
    let held: Read | undefined = holdBack ? yield* read : opening
    const other = instead()
    if (Option.isSome(other)) return other.value
    const next = Effect.gen(function* () {
      calm()
      const { done, value } = held ?? (yield* read)
      held = undefined
      if (done || value === undefined) return yield* Effect.fail(Option.none())
      cutting = yield* Effect.forkDaemon(Effect.interruptible(Effect.delay(Effect.sync(exchange.cut), stalled)))
      return value
    })
    return HttpServerResponse.stream(Stream.repeatEffectOption(next), {
      ...options,
      contentType: all["content-type"] ?? "text/event-stream"
    })
  })
}
