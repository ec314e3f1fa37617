import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { connectionFailed, timedOut, Upstream, type Answer } from "./Upstream.ts"
import { makeDeadlines } from "../../runtime/deadlines.ts"

const connections = (apiUrl: URL) =>
  Effect.acquireRelease(
    Effect.sync(() => new Undici.Pool(apiUrl.origin)),
    (pool) => Effect.promise(() => pool.destroy())
  )

const decoder = new TextDecoder()

const givenUp = new Error("The request was given up")

type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const answerOf = (status: number, headers: Headers, chunks: ReadonlyArray<Buffer>): Answer => ({
  status,
  body: decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)),
  header: (name) => {
    const value = headers[name]
    return typeof value === "object" ? value.join(", ") : value
  }
})

/**
 * Exchanges over undici's connections to the host of `apiUrl`, for a server of many: one asynchronous step each, where
 * the platform's client takes over a hundred and sets up an abort signal and a finalizer.
 */
export const layerUndici = (apiUrl: URL): Layer.Layer<Upstream> =>
  Layer.scoped(
    Upstream,
    Effect.gen(function* () {
      const pool = yield* connections(apiUrl)
      const deadlines = yield* makeDeadlines
      return {
        send: ({ at, body, headers, limit, target }) =>
          Effect.async((resume) => {
            let controller: Undici.Dispatcher.DispatchController | undefined
            let isOver = false
            let status = 0
            let received: Headers = {}
            const chunks: Array<Buffer> = []
            const over = () => {
              isOver = true
              callOff()
            }
            const giveUp = () => {
              over()
              controller?.abort(givenUp)
            }
            const callOff = deadlines.after(Duration.toMillis(limit), () => {
              giveUp()
              resume(timedOut(at, limit))
            })
            pool.dispatch(
              // Deadlines are kept here, and a synchronous run may take more than an hour to answer.
              { path: target, method: at.method, headers, body: body ?? null, headersTimeout: 0, bodyTimeout: 0 },
              {
                onRequestStart: (started) => {
                  controller = started
                  if (isOver) started.abort(givenUp)
                },
                // Told of interim answers too, before the one that counts.
                onResponseStart: (_, code, fields) => {
                  status = code
                  received = fields
                },
                onResponseData: (_, chunk) => {
                  chunks.push(chunk)
                },
                onResponseEnd: () => {
                  over()
                  resume(Effect.succeed(answerOf(status, received, chunks)))
                },
                onResponseError: (_, error) => {
                  if (isOver) return
                  over()
                  resume(connectionFailed(error, at))
                }
              }
            )
            return Effect.sync(giveUp)
          })
      }
    })
  )
