import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isJsonContentType } from "@modelcontextprotocol/server"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { normalise } from "../../mcp/messages.ts"
import { trim } from "../../mcp/trim.ts"
import { isWithin, sizeOf, type Size } from "../../runtime/jsonSize.ts"
import { rpcCodes } from "../rpcError.ts"
import { maxCallSize, maxSize } from "./size.ts"

/** In bytes. */
export const maxBodyBytes = maxCallSize.bytes

/** The body can't be used. Holds the status, and the code and message of the JSON-RPC error, to respond with. */
export class BadBody extends Data.TaggedError("BadBody")<{
  readonly status: number
  readonly code: number
  readonly message: string
}> {}

const tooLargeFor = ({ bytes, depth, values }: Size) =>
  new BadBody({
    status: 413,
    code: rpcCodes.invalidRequest,
    message: `The message is too large: at most ${bytes} bytes, ${values} values and ${depth} levels.`
  })
const tooLarge = tooLargeFor(maxCallSize)
const incomplete = new BadBody({ status: 400, code: rpcCodes.parse, message: "The body did not arrive whole." })
const notJson = new BadBody({ status: 400, code: rpcCodes.parse, message: "The body is not JSON." })
const otherType = new BadBody({
  status: 415,
  code: rpcCodes.refused,
  message: "The Content-Type must be application/json."
})
const compressed = new BadBody({
  status: 415,
  code: rpcCodes.refused,
  message: "The body must not be compressed: leave Content-Encoding out."
})
const batch = new BadBody({
  status: 400,
  code: rpcCodes.invalidRequest,
  message: "Batches are not supported: send one message a request."
})

/** Some clients name a character set here, which does no harm. */
const isCompressed = (encoding = "") => /\b(?:gzip|deflate|br|zstd|compress)\b/iu.test(encoding)

/** Some JSON writers put a byte order mark first. */
const withoutMark = (bytes: Buffer) =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes

const isBatch = (json: Buffer) => /^\s*\[/u.test(json.toString("latin1", 0, 100))

const parse = (bytes: Buffer): Effect.Effect<unknown, BadBody> => {
  const json = withoutMark(bytes)
  const size = sizeOf(json)
  if (!isWithin(size, maxCallSize)) return isBatch(json) ? batch : tooLarge
  const body = Either.try((): unknown => JSON.parse(json.toString("utf8")))
  if (Either.isLeft(body)) return notJson
  if (Array.isArray(body.right)) return batch
  const max = maxSize(Predicate.isRecord(body.right) ? body.right["method"] : undefined)
  return isWithin(size, max) ? Effect.succeed(normalise(trim(body.right))) : tooLargeFor(max)
}

/**
 * Reads a JSON body of one JSON-RPC message within its bounds, and of at most `maxBytes`. What nobody reads is left out.
 * The rest of a larger body is discarded until the request times out: closing the connection at once could lose the
 * response on its way to the client. Fails with BadBody.
 */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes = maxBodyBytes
): Effect.Effect<unknown, BadBody> => {
  if (!isJsonContentType(request.headers["content-type"] ?? null)) return otherType
  if (isCompressed(request.headers["content-encoding"])) return compressed
  if (Number(request.headers["content-length"]) > maxBytes) return tooLarge
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
      if (size <= maxBytes) {
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
