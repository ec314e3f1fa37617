import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ifTraced } from "../../runtime/tracing.ts"
import { connectionFailed, timedOut, Upstream, type RequestLine, type UpstreamResponse } from "./Upstream.ts"

/** `connectionFailed` for an exchange by the platform's client. */
export const clientFailure = (error: HttpClientError.HttpClientError, line: RequestLine) =>
  connectionFailed(error.cause, line)

/** A text without the byte order mark that some servers put before their JSON. */
const withoutMark = (text: string) => (text.startsWith("\ufeff") ? text.slice(1) : text)

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
            Effect.flatMap((response) =>
              Effect.map(response.text, (text): UpstreamResponse => ({
                status: response.status,
                body: withoutMark(text),
                header: (name) => response.headers[name]
              }))
            ),
            Effect.mapError((error) => clientFailure(error, line)),
            Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut(line, timeout) })
          )
        }
      }
    })
  )
