import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"

/** A request and its answer, until the answer has been sent or the connection is gone. */
export interface Exchange {
  /** Closes when the exchange is over, however it ends. */
  readonly scope: Scope.CloseableScope
  /** Cuts the connection, which ends the exchange. */
  readonly cut: Effect.Effect<void>
}

/**
 * Follows exchanges by what Node tells of their connections. The fiber of a request can't tell: it may be waiting for
 * an answer to be written to a client that is gone, and a pipelined request has no connection yet.
 */
export const makeExchanges = Effect.map(Effect.runtime(), (runtime) => {
  const fork = Runtime.runFork(runtime)
  return (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Exchange> =>
    Effect.map(Scope.make(), (scope) => {
      const response = NodeHttpServerRequest.toServerResponse(request)
      const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
      const over = () => {
        response.off("close", over)
        socket.off("close", over)
        fork(Scope.close(scope, Exit.void))
      }
      response.once("close", over)
      socket.once("close", over)
      if (socket.destroyed) over()
      return { scope, cut: Effect.sync(() => socket.destroy()) }
    })
})
