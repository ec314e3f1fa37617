import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { whereTraced } from "../../runtime/tracing.ts"
import { connectionFailed, timedOut, Upstream, type Answer, type RequestLine } from "./Upstream.ts"

/** As `connectionFailed`, of an exchange by the platform's client. */
export const clientFailure = (error: HttpClientError.HttpClientError, at: RequestLine) =>
  connectionFailed(error.cause, at)

/** A text without the byte order mark that some servers put before their JSON. */
const withoutMark = (text: string) => (text.startsWith("\ufeff") ? text.slice(1) : text)

/** Exchanges with the host of `apiUrl` by the platform's HTTP client, which must not follow redirects. */
export const layerHttpClient = (apiUrl: URL): Layer.Layer<Upstream, never, HttpClient.HttpClient> =>
  Layer.effect(
    Upstream,
    Effect.map(HttpClient.HttpClient, (http) => {
      // Query parameters are a caller's arguments: requests make no spans of their own.
      const quiet = HttpClient.withTracerDisabledWhen(http, () => true)
      return {
        send: ({ at, body, headers, limit, target }) => {
          const bare = HttpClientRequest.make(at.method)(`${apiUrl.origin}${target}`, { headers })
          const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, body, "application/json")
          return whereTraced(quiet.execute(request), http.execute(request)).pipe(
            Effect.flatMap((response) =>
              Effect.map(response.text, (text): Answer => ({
                status: response.status,
                body: withoutMark(text),
                header: (name) => response.headers[name]
              }))
            ),
            Effect.mapError((error) => clientFailure(error, at)),
            Effect.timeoutFail({ duration: limit, onTimeout: () => timedOut(at, limit) })
          )
        }
      }
    })
  )
