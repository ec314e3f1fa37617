import {
  type AuthInfo,
  type JSONRPCRequest,
  type RequestId,
  type Server,
  type Transport
} from "@modelcontextprotocol/server"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { CallsInFlight, Party } from "./callsInFlight.ts"
import type { MessageStream } from "./delivery/messageStream.ts"
import { rpcCodes } from "./rpcError.ts"
import { initializeOf, replayId, statementOf, type SessionIds, type Statement } from "./sessionIds.ts"

export const sessionHeader = "mcp-session-id"

interface LegacyCall {
  readonly server: Server
  readonly request: JSONRPCRequest
  readonly authInfo: AuthInfo
  /** What the client of the session said first; none is a client without capabilities. */
  readonly statement: Option.Option<Statement>
  /** Who can cancel it and answer its questions; none if there is no session. */
  readonly party: Option.Option<Party>
  readonly stream: MessageStream
}

interface Environment {
  readonly calls: CallsInFlight
  readonly sessionIds: SessionIds
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly onEnd: () => void
}

/**
 * Serves one request of the older era by a server of its own, which first hears what the client said in `initialize`.
 * So nothing is kept between requests, and no answer can reach another request. Returns a function that cancels it.
 */
export const serveLegacyCall = (
  { authInfo, party, request, server, statement, stream }: LegacyCall,
  { calls, now, onEnd, sessionIds }: Environment
): (() => void) => {
  const questions = new Map<RequestId, { readonly id: number; readonly close: () => void }>()
  let isOver = false

  const finish = (message?: object) => {
    if (isOver) return
    isOver = true
    remove()
    for (const { close } of questions.values()) close()
    stream.end(message)
    onEnd()
    // Aborts the handler and ends what it still asks. A server that has answered only waits to be forgotten; to close
    // it takes 40 µs, mostly for the stack of an error that nobody sees.
    if (message === undefined || questions.size > 0) void server.close()
  }

  const transport: Transport = {
    start: () => Promise.resolve(),
    // Told apart by their members: the SDK's guards check whole results, which takes longer than all the rest of this.
    send: (message) => {
      if (isOver) return Promise.resolve()
      if (!("method" in message)) {
        if (message.id === replayId) return Promise.resolve()
        if (request.method === "initialize" && "result" in message) {
          const { protocolVersion } = message.result
          if (Predicate.isString(protocolVersion)) {
            stream.setHeader(sessionHeader, sessionIds.make(statementOf(request.params, protocolVersion, now())))
          }
        }
        finish(message)
      } else if ("id" in message) {
        // Each server counts its questions from 0, so that those of two calls in a session would have the same id.
        const { id } = message
        if (Option.isNone(party)) return Promise.reject(new Error("A client without a session can't answer"))
        const question = calls.ask(party.value, id, (answer) => transport.onmessage?.(answer))
        questions.set(id, question)
        if (!stream.write({ ...message, id: question.id })) {
          question.close()
          return Promise.reject(new Error("The client is gone"))
        }
      } else if (message.method === "notifications/cancelled") {
        const asked = [...questions].find(([id]) => id === message.params?.["requestId"])?.[1]
        if (asked !== undefined) stream.write({ ...message, params: { ...message.params, requestId: asked.id } })
        asked?.close()
      } else stream.write(message)
      return Promise.resolve()
    },
    close: () => {
      transport.onclose?.()
      return Promise.resolve()
    }
  }

  const cancel = () => finish()
  const remove = Option.match(party, {
    onNone: () => () => undefined,
    onSome: (owner) => calls.add(owner, request.id, { cancel })
  })

  void server.connect(transport).then(
    () => {
      if (isOver) return
      if (Option.isSome(statement)) transport.onmessage?.(initializeOf(statement.value))
      transport.onmessage?.(request, { authInfo })
    },
    () => finish({ jsonrpc: "2.0", id: request.id, error: { code: rpcCodes.internal, message: "Internal error" } })
  )
  return cancel
}
