import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isJsonContentType } from "@modelcontextprotocol/server"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { normalise } from "../../mcp/messages.ts"
import { rpcCodes } from "../rpcError.ts"

/** In bytes. */
export const maxBodyBytes = 1024 * 1024

/** The body can't be used. Holds the status, and the code and message of the JSON-RPC error, to respond with. */
export class BadBody extends Data.TaggedError("BadBody")<{
  readonly status: number
  readonly code: number
  readonly message: string
}> {}

const tooLarge = new BadBody({
  status: 413,
  code: rpcCodes.refused,
  message: `The body is larger than ${maxBodyBytes} bytes.`
})
const incomplete = new BadBody({ status: 400, code: rpcCodes.parse, message: "The body did not arrive whole." })
const notJson = new BadBody({ status: 400, code: rpcCodes.parse, message: "The body is not JSON." })
const otherType = new BadBody({
  status: 415,
  code: rpcCodes.refused,
  message: "The Content-Type must be application/json."
})
const batch = new BadBody({
  status: 400,
  code: rpcCodes.invalidRequest,
  message: "Batches are not supported: send one message a request."
})

const parse = (bytes: Buffer): Effect.Effect<unknown, BadBody> => {
  // Some JSON writers put a byte order mark first.
  const text = bytes.toString("utf8").replace(/^\ufeff/u, "")
  const body = Either.try((): unknown => JSON.parse(text))
  if (Either.isLeft(body)) return notJson
  return Array.isArray(body.right) ? batch : Effect.succeed(normalise(body.right))
}

/**
 * Reads a JSON body of one JSON-RPC message, at most `maxBodyBytes` long. The rest of a larger body is discarded until
 * the request times out: closing the connection at once could lose the response on its way to the client. Fails with
 * BadBody.
 */
export const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, BadBody> => {
  if (!isJsonContentType(request.headers["content-type"] ?? null)) return otherType
  if (Number(request.headers["content-length"]) > maxBodyBytes) return tooLarge
  // No cleanup: an interruption means that the connection is closed, so no more events come.
  return Effect.async((resume) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Buffer> = []
    let size = 0
    const end = (outcome: Effect.Effect<unknown, BadBody>) => {
      incoming.off("data", onData).off("end", onEnd).off("close", onClose)
      resume(outcome)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) {
        chunks.push(chunk)
        return
      }
      end(tooLarge)
      chunks.length = 0
      incoming.resume()
    }
    const onEnd = () => end(parse(Buffer.concat(chunks)))
    // The platform interrupts the fiber when the response closes. The response to a pipelined request never does, as it
    // has no connection yet, so without this its fiber would wait for ever.
    const onClose = () => end(incomplete)
    // A reset connection emits an error before it closes; "close" is enough.
    incoming.on("error", () => undefined)
    incoming.on("data", onData).on("end", onEnd).on("close", onClose)
    if (incoming.destroyed) onClose()
  })
}
