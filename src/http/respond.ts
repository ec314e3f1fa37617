import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

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
  invalidRequest: -32600
} as const

/**
 * Makes a web Response the answer, running `ended` once it has been sent or given up. A stream's status and headers are
 * held back until its first bytes are there, so that `instead` can still take its place.
 */
export const fromWeb = (
  response: Response,
  headers: HeaderValues,
  ended: Effect.Effect<void>,
  instead: () => Option.Option<HttpServerResponse.HttpServerResponse>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const options = { status: response.status, headers: { ...Object.fromEntries(response.headers), ...headers } }
  const body: ReadableStream<Uint8Array> | null = response.body
  if (body === null) return Effect.zipRight(ended, Effect.succeed(HttpServerResponse.empty(options)))
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    return Effect.promise(() => response.arrayBuffer()).pipe(
      Effect.ensuring(ended),
      Effect.map((bytes) =>
        Option.getOrElse(instead(), () =>
          HttpServerResponse.uint8Array(new Uint8Array(bytes), {
            ...options,
            contentType: response.headers.get("content-type") ?? "application/json"
          })
        )
      )
    )
  }
  const reader = body.getReader()
  const cancel = Effect.promise(() => reader.cancel().catch(() => undefined))
  const rest = Stream.repeatEffectOption(
    Effect.flatMap(Effect.tryPromise({ try: () => reader.read(), catch: () => Option.none() }), ({ done, value }) =>
      done ? Effect.fail(Option.none()) : Effect.succeed(value)
    )
  )
  return Effect.tryPromise(() => reader.read()).pipe(
    Effect.orElseSucceed(() => ({ done: true as const, value: undefined })),
    Effect.onInterrupt(() => Effect.zipRight(cancel, ended)),
    Effect.flatMap((first) =>
      Option.match(instead(), {
        onSome: (other) => Effect.as(Effect.zipRight(cancel, ended), other),
        onNone: () =>
          Effect.succeed(
            HttpServerResponse.stream(
              Stream.fromChunk(first.done ? Chunk.empty<Uint8Array>() : Chunk.of(first.value)).pipe(
                Stream.concat(first.done ? Stream.empty : rest),
                Stream.ensuring(Effect.zipRight(cancel, ended))
              ),
              { ...options, contentType: "text/event-stream" }
            )
          )
      })
    )
  )
}
