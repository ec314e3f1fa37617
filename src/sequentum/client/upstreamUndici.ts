import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { makeDeadlines } from "../../runtime/deadlines.ts"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import type { Proxy } from "./proxies.ts"
import {
  connectionFailed,
  IncomingResponse,
  ProxyFailed,
  timedOut,
  Upstream,
  type UpstreamResponse
} from "./Upstream.ts"

/**
 * Connections to a proxy, through which tunnels are asked for. If a proxy hangs up, undici would ask again and again;
 * an error of another kind ends that.
 */
const proxyConnections = (address: URL, options: object): Undici.Dispatcher => {
  const pool = new Undici.Pool(address.origin, options)
  const connect = (wanted: Undici.Dispatcher.ConnectOptions) =>
    new Promise<Undici.Dispatcher.ConnectData>((resolve, reject) => {
      Undici.Pool.prototype.connect.call(pool, wanted, (error, tunnel) => {
        if (error === null) resolve(tunnel)
        else reject(isHangUp(error) ? new ProxyFailed("FAILED") : error)
      })
    })
  return Object.assign(pool, { connect })
}

const isHangUp = (error: Error) => Predicate.hasProperty(error, "code") && error.code === "UND_ERR_SOCKET"

const connections = (apiUrl: URL, proxy: Option.Option<Proxy>) =>
  Effect.acquireRelease(
    Effect.sync((): Undici.Dispatcher =>
      Option.match(proxy, {
        onNone: () => new Undici.Pool(apiUrl.origin),
        onSome: (address) =>
          new Undici.ProxyAgent({ uri: Redacted.value(address).href, clientFactory: proxyConnections })
      })
    ),
    (pool) => Effect.promise(() => pool.destroy())
  )

/** What undici says when a proxy refuses. */
const proxyStatus = /^Proxy response \((\d{3})\)/u

/** The error with a code, where undici has put what it knows into its words or its name. */
const causeOf = (error: Error): unknown => {
  const status = proxyStatus.exec(error.message)?.[1]
  if (status !== undefined) return new ProxyFailed(status)
  return error.name === "HTTPParserError" ? { code: "HPE_INVALID" } : error
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
      const clock = yield* Effect.clock
      const { origin } = apiUrl
      return {
        send: ({ body, headers, line, target, timeout }) =>
          Effect.async((resume) => {
            let controller: Undici.Dispatcher.DispatchController | undefined
            let isOver = false
            let received: IncomingResponse | undefined
            const until = monotonicMillis(clock) + Duration.toMillis(timeout)
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
                origin,
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
                  received = new IncomingResponse(status, headerOf(headers))
                },
                onResponseData: (_, chunk) => {
                  if (isOver || received === undefined || received.add(chunk)) return
                  abort()
                  resume(received.end(line))
                },
                onResponseEnd: () => {
                  if (received === undefined) return
                  end()
                  const whole = received.end(line)
                  // Unpacking takes time too, and waits for its turn where many do it.
                  resume(
                    received.isPacked
                      ? Effect.timeoutFail(whole, {
                          duration: Duration.millis(until - monotonicMillis(clock)),
                          onTimeout: () => timedOut(line, timeout)
                        })
                      : whole
                  )
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
