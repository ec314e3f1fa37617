import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { makeDeadlines } from "../../runtime/deadlines.ts"
import type { Proxy } from "./proxies.ts"
import {
  connectionFailed,
  makeBody,
  ProxyFailed,
  timedOut,
  Upstream,
  type Body,
  type UpstreamResponse
} from "./Upstream.ts"

const connections = (apiUrl: URL, proxy: Option.Option<Proxy>) =>
  Effect.acquireRelease(
    Effect.sync((): Undici.Dispatcher =>
      Option.match(proxy, {
        onNone: () => new Undici.Pool(apiUrl.origin),
        onSome: (address) => new Undici.ProxyAgent(Redacted.value(address).href)
      })
    ),
    (pool) => Effect.promise(() => pool.destroy())
  )

/** What undici says when a proxy refuses. */
const proxyStatus = /^Proxy response \((\d{3})\)/u

const causeOf = (error: Error): Error => {
  const status = proxyStatus.exec(error.message)?.[1]
  return status === undefined ? error : new ProxyFailed(status)
}

const aborted = new Error("The request was aborted")

type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const headerOf =
  (headers: Headers): UpstreamResponse["header"] =>
  (name) => {
    const value = headers[name]
    return typeof value === "object" ? value.join(", ") : value
  }

/**
 * Exchanges over undici's connections to the host of `apiUrl`, through a proxy if there is one. For a server of many
 * callers: one asynchronous step each. The platform's client takes over a hundred steps, an abort signal and a
 * finalizer, half the cost of a request.
 */
export const layerUndici = (apiUrl: URL, proxy: Option.Option<Proxy> = Option.none()): Layer.Layer<Upstream> =>
  Layer.scoped(
    Upstream,
    Effect.gen(function* () {
      const pool = yield* connections(apiUrl, proxy)
      const deadlines = yield* makeDeadlines
      return {
        send: ({ body, headers, line, target, timeout }) =>
          Effect.async((resume) => {
            let controller: Undici.Dispatcher.DispatchController | undefined
            let isOver = false
            let received: Body | undefined
            const end = () => {
              isOver = true
              cancelDeadline()
            }
            const abort = () => {
              end()
              controller?.abort(aborted)
            }
            const cancelDeadline = deadlines.after(Duration.toMillis(timeout), () => {
              abort()
              resume(timedOut(line, timeout))
            })
            pool.dispatch(
              // No timeouts of undici's own: a synchronous run may take more than an hour to answer.
              {
                origin: apiUrl.origin,
                path: target,
                method: line.method,
                headers,
                body: body ?? null,
                headersTimeout: 0,
                bodyTimeout: 0
              },
              {
                onRequestStart: (started) => {
                  controller = started
                  if (isOver) started.abort(aborted)
                },
                // Also called for 1xx responses.
                onResponseStart: (_, status, headers) => {
                  received = makeBody({ status, header: headerOf(headers) })
                },
                onResponseData: (_, chunk) => {
                  if (isOver || received === undefined || received.add(chunk)) return
                  abort()
                  resume(received.end(line))
                },
                onResponseEnd: () => {
                  if (received === undefined) return
                  end()
                  resume(received.end(line))
                },
                onResponseError: (_, error) => {
                  if (isOver) return
                  end()
                  resume(connectionFailed(causeOf(error), line, apiUrl, controller !== undefined))
                }
              }
            )
            return Effect.sync(abort)
          })
      }
    })
  )
