import type { Readable, Writable } from "node:stream"
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  ProtocolErrorCode,
  SUBSCRIPTION_ID_META_KEY,
  type JSONRPCMessage,
  type RequestId,
  type Transport
} from "@modelcontextprotocol/server"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { makeLineSplitter } from "./lines.ts"
import { formatLine, formatRefusal, parseMessage } from "./messages.ts"

interface StdioOptions {
  readonly input: Readable
  readonly output: Writable
  /** Longest line in bytes. Default 10 MiB. */
  readonly maxLineBytes?: number
}

const asRequestId = (value: unknown): RequestId | undefined =>
  typeof value === "string" || typeof value === "number" ? value : undefined

/** The request that a message settles; undefined where it settles none. */
const settledBy = (message: JSONRPCMessage): RequestId | undefined => {
  if (isJSONRPCResponse(message)) return message.id
  // The response to this request comes only when the connection ends.
  return "method" in message && message.method === "notifications/subscriptions/acknowledged"
    ? asRequestId(message.params?._meta?.[SUBSCRIPTION_ID_META_KEY])
    : undefined
}

/**
 * MCP over two streams, one message a line. Takes the place of the SDK's own transport, which leaves without a response
 * what it can't read, and drops the requests under way when the input ends.
 */
export const makeStdioTransport = ({ input, maxLineBytes = 10 * 1024 * 1024, output }: StdioOptions) =>
  Effect.gen(function* () {
    const inputEnded = yield* Deferred.make<void>()
    const answered = yield* Deferred.make<void>()
    const outputBroken = yield* Deferred.make<void>()
    /** How many requests of each id wait for a response. */
    const pending = new Map<RequestId, number>()
    /** Progress notices of each request that are not written yet. */
    const held = new Map<RequestId, Array<string>>()
    let hasEnded = false
    let isClosed = false

    const succeed = (deferred: Deferred.Deferred<void>) => Deferred.unsafeDone(deferred, Effect.void)
    const finishIfAnswered = () => {
      if (hasEnded && pending.size === 0) succeed(answered)
    }
    const settle = (id: RequestId) => {
      const left = (pending.get(id) ?? 0) - 1
      if (left > 0) pending.set(id, left)
      else pending.delete(id)
      finishIfAnswered()
    }

    const write = (line: string) =>
      new Promise<void>((resolve, reject) => {
        output.write(line, (error) => (error ? reject(error) : resolve()))
      })
    const writeAnyway = (line: string) => void write(line).catch(() => undefined)

    const release = () => {
      for (const lines of held.values()) writeAnyway(lines.join(""))
      held.clear()
    }
    const hold = (id: RequestId, line: string) => {
      if (held.size === 0) setImmediate(release)
      held.set(id, [...(held.get(id) ?? []), line])
    }

    const receive = (line: string) => {
      // Removes a byte order mark too.
      const text = line.trim()
      if (text === "") return
      Either.match(parseMessage(text), {
        onLeft: (refusal) => writeAnyway(formatRefusal(refusal)),
        onRight: (message) => {
          if (isJSONRPCRequest(message)) pending.set(message.id, (pending.get(message.id) ?? 0) + 1)
          // A cancelled request gets no response.
          else if (isJSONRPCNotification(message) && message.method === "notifications/cancelled") {
            const cancelled = asRequestId(message.params?.["requestId"])
            if (cancelled !== undefined) settle(cancelled)
          }
          transport.onmessage?.(message)
        }
      })
    }

    const lines = makeLineSplitter({
      maxBytes: maxLineBytes,
      onLine: receive,
      onTooLong: () =>
        writeAnyway(
          formatRefusal({
            id: null,
            code: ProtocolErrorCode.InvalidRequest,
            message: `A message must be at most ${maxLineBytes} bytes long.`
          })
        )
    })

    const onData = (chunk: Uint8Array) => lines.push(chunk)
    const onEnd = () => {
      if (hasEnded) return
      lines.end()
      hasEnded = true
      succeed(inputEnded)
      finishIfAnswered()
    }

    const transport: Transport = {
      start: () => {
        input.on("data", onData).once("end", onEnd).once("close", onEnd).on("error", onEnd)
        output.on("error", () => succeed(outputBroken))
        return Promise.resolve()
      },
      send: (message, options) => {
        const line = formatLine(message)
        const id = options?.relatedRequestId
        // SDK v1 clients lose a notice that they read together with the result. So each is held until this turn of the
        // event loop is over, and left out when the result comes first.
        if (id !== undefined && "method" in message && message.method === "notifications/progress") {
          hold(id, line)
          return Promise.resolve()
        }
        const settled = settledBy(message)
        if (settled === undefined) return write(line)
        if (isJSONRPCResponse(message) && message.id !== undefined) held.delete(message.id)
        return write(line).finally(() => settle(settled))
      },
      close: () => {
        if (!isClosed) {
          isClosed = true
          input.off("data", onData).off("end", onEnd).off("close", onEnd).pause()
          transport.onclose?.()
        }
        return Promise.resolve()
      }
    }

    return {
      transport,
      /** The client sends nothing more. */
      inputEnded: Deferred.await(inputEnded),
      /** The input has ended, and every request that came has its response. */
      answered: Deferred.await(answered),
      /** Refuses the requests that still wait for a response. */
      refusePending: (message: string) =>
        Effect.sync(() => {
          for (const id of pending.keys()) {
            writeAnyway(formatRefusal({ id, code: ProtocolErrorCode.InternalError, message }))
          }
        }),
      /** The client reads nothing more. */
      outputBroken: Deferred.await(outputBroken)
    } as const
  })
