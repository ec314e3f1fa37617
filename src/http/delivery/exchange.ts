import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"

/** A request and its answer, until the answer has been sent or the connection is gone. */
export interface Exchange {
  /** Calls `then` once the exchange is over, however it ends; at once if it is. */
  readonly onOver: (then: () => void) => void
  /** Makes a scope that closes when the exchange is over. */
  readonly scope: Effect.Effect<Scope.Scope>
  /** Whether it is the answer's turn on the connection: those to requests sent ahead wait for the ones before. */
  readonly isTurn: () => boolean
  /** Cuts the connection, which ends the exchange. */
  readonly cut: () => void
}

/**
 * Follows exchanges by what Node tells of their connections. The fiber of a request can't tell: it may be waiting for
 * an answer to be written to a client that is gone, and a pipelined request has no connection yet.
 */
export const makeExchanges = Effect.map(Effect.runtime(), (runtime) => {
  const fork = Runtime.runFork(runtime)
  return (request: HttpServerRequest.HttpServerRequest): Exchange => {
    const response = NodeHttpServerRequest.toServerResponse(request)
    const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
    let waiting: Array<() => void> | undefined = []
    const over = () => {
      response.off("close", over)
      socket.off("close", over)
      const called = waiting ?? []
      waiting = undefined
      for (const then of called) then()
    }
    const onOver = (then: () => void) => {
      if (waiting === undefined) then()
      else waiting.push(then)
    }
    response.once("close", over)
    socket.once("close", over)
    if (socket.destroyed) over()
    return {
      onOver,
      scope: Effect.map(Scope.make(), (scope) => {
        onOver(() => void fork(Scope.close(scope, Exit.void)))
        return scope
      }),
      isTurn: () => response.socket !== null,
      cut: () => void socket.destroy()
    }
  }
})
