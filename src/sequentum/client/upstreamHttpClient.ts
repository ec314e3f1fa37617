import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ifTraced } from "../../runtime/tracing.ts"
import { maxBodyBytes, tooLarge } from "./bodies.ts"
import {
  completed,
  connectionFailed,
  timedOut,
  Upstream,
  withoutBody,
  type ExchangeFailure,
  type Received,
  type RequestLine,
  type UpstreamResponse
} from "./Upstream.ts"

/** `connectionFailed` for an exchange by the platform's client. */
export const clientFailure = (error: HttpClientError.HttpClientError, line: RequestLine) =>
  connectionFailed(error.cause, line, new URL(error.request.url))

const isEmptyBody = (error: HttpClientError.HttpClientError) =>
  error._tag === "ResponseError" && error.reason === "EmptyBody"

/** A whole response. Its connection is closed as soon as it is larger than it may be. */
const received = (
  line: RequestLine,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<UpstreamResponse, ExchangeFailure> =>
  Effect.suspend(() => {
    const header: Received["header"] = (name) => response.headers[name]
    const about = { status: response.status, header }
    const chunks: Array<Uint8Array> = []
    let bytes = 0
    return response.stream.pipe(
      Stream.runForEachWhile((chunk) => {
        bytes += chunk.length
        chunks.push(chunk)
        return Effect.succeed(bytes <= maxBodyBytes)
      }),
      Effect.catchAll((error) => (isEmptyBody(error) ? Effect.void : Effect.fail(clientFailure(error, line)))),
      Effect.flatMap(() =>
        bytes > maxBodyBytes ? withoutBody(line, about, tooLarge(maxBodyBytes)) : completed(line, { ...about, chunks })
      )
    )
  })

/** Exchanges with the host of `apiUrl` by the platform's HTTP client, which must not follow redirects. */
export const layerHttpClient = (apiUrl: URL): Layer.Layer<Upstream, never, HttpClient.HttpClient> =>
  Layer.effect(
    Upstream,
    Effect.map(HttpClient.HttpClient, (http) => {
      // A query holds a caller's arguments, so no span may record the URL.
      const untraced = HttpClient.withTracerDisabledWhen(http, () => true)
      return {
        send: ({ body, headers, line, target, timeout }) => {
          const bare = HttpClientRequest.make(line.method)(`${apiUrl.origin}${target}`, { headers })
          const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, body, "application/json")
          return ifTraced(untraced.execute(request), http.execute(request)).pipe(
            Effect.mapError((error) => clientFailure(error, line)),
            Effect.flatMap((response) => received(line, response)),
            Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut(line, timeout) })
          )
        }
      }
    })
  )
