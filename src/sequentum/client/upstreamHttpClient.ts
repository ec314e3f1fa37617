import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ifTraced } from "../../runtime/tracing.ts"
import {
  connectionFailed,
  IncomingResponse,
  timedOut,
  Upstream,
  type ExchangeFailure,
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
  { headers, status, stream }: HttpClientResponse.HttpClientResponse
): Effect.Effect<UpstreamResponse, ExchangeFailure> =>
  Effect.suspend(() => {
    const incoming = new IncomingResponse(status, (name) => headers[name])
    return Stream.runForEachWhile(stream, (chunk) => Effect.succeed(incoming.add(chunk))).pipe(
      Effect.catchAll((error) => (isEmptyBody(error) ? Effect.void : Effect.fail(clientFailure(error, line)))),
      Effect.flatMap(() => incoming.end(line))
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
          const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, body, headers["content-type"])
          return ifTraced(untraced.execute(request), http.execute(request)).pipe(
            Effect.mapError((error) => clientFailure(error, line)),
            Effect.flatMap((response) => received(line, response)),
            Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut(line, timeout) })
          )
        }
      }
    })
  )
