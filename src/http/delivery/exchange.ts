import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"

/** A request and its response. Ends when the response has been sent or the connection is closed. */
export interface Exchange {
  /** Calls `callback` when the exchange ends, or immediately if it already has. */
  readonly onEnd: (callback: () => void) => void
  /** Makes a scope that closes when the exchange ends. */
  readonly scope: Effect.Effect<Scope.Scope>
  /** Whether this response is at the head of the pipeline: responses are sent in the order of their requests. */
  readonly isFirstInPipeline: () => boolean
  /** Closes the connection, which ends the exchange. */
  readonly disconnect: () => void
}

/**
 * Makes exchanges. Uses socket events, because a fiber that is blocked on writing never learns that the client left, and
 * the response to a pipelined request has no connection yet.
 */
export const makeExchanges = Effect.map(Effect.runtime(), (runtime) => {
  const fork = Runtime.runFork(runtime)
  return (request: HttpServerRequest.HttpServerRequest): Exchange => {
    const response = NodeHttpServerRequest.toServerResponse(request)
    const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
    let callbacks: Array<() => void> | undefined = []
    const end = () => {
      response.off("close", end)
      socket.off("close", end)
      const pending = callbacks ?? []
      callbacks = undefined
      for (const callback of pending) callback()
    }
    const onEnd = (callback: () => void) => {
      if (callbacks === undefined) callback()
      else callbacks.push(callback)
    }
    response.once("close", end)
    socket.once("close", end)
    if (socket.destroyed) end()
    return {
      onEnd,
      scope: Effect.map(Scope.make(), (scope) => {
        onEnd(() => void fork(Scope.close(scope, Exit.void)))
        return scope
      }),
      isFirstInPipeline: () => response.socket !== null,
      disconnect: () => void socket.destroy()
    }
  }
})
