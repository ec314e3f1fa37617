import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeDeadlines } from "../../runtime/deadlines.ts"
import { connectionFailed, timedOut, Upstream, type UpstreamResponse } from "./Upstream.ts"

const connections = (apiUrl: URL) =>
  Effect.acquireRelease(
    Effect.sync(() => new Undici.Pool(apiUrl.origin)),
    (pool) => Effect.promise(() => pool.destroy())
  )

const decoder = new TextDecoder()

const aborted = new Error("The request was aborted")

type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const responseOf = (status: number, headers: Headers, chunks: ReadonlyArray<Buffer>): UpstreamResponse => ({
  status,
  body: decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)),
  header: (name) => {
    const value = headers[name]
    return typeof value === "object" ? value.join(", ") : value
  }
})

/**
 * Exchanges over undici's connections to the host of `apiUrl`, for a server of many callers: one asynchronous step
 * each. The platform's client takes over a hundred steps, an abort signal and a finalizer, half the cost of a request.
 */
export const layerUndici = (apiUrl: URL): Layer.Layer<Upstream> =>
  Layer.scoped(
    Upstream,
    Effect.gen(function* () {
      const pool = yield* connections(apiUrl)
      const deadlines = yield* makeDeadlines
      return {
        send: ({ body, headers, line, target, timeout }) =>
          Effect.async((resume) => {
            let controller: Undici.Dispatcher.DispatchController | undefined
            let isOver = false
            let status = 0
            let received: Headers = {}
            const chunks: Array<Buffer> = []
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
              { path: target, method: line.method, headers, body: body ?? null, headersTimeout: 0, bodyTimeout: 0 },
              {
                onRequestStart: (started) => {
                  controller = started
                  if (isOver) started.abort(aborted)
                },
                // Also called for 1xx responses.
                onResponseStart: (_, code, fields) => {
                  status = code
                  received = fields
                },
                onResponseData: (_, chunk) => {
                  chunks.push(chunk)
                },
                onResponseEnd: () => {
                  end()
                  resume(Effect.succeed(responseOf(status, received, chunks)))
                },
                onResponseError: (_, error) => {
                  if (isOver) return
                  end()
                  resume(connectionFailed(error, line))
                }
              }
            )
            return Effect.sync(abort)
          })
      }
    })
  )
