import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isJsonContentType } from "@modelcontextprotocol/server"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { maxBodyBytes } from "./rateLimit.ts"
import { rpcCodes } from "../delivery/respond.ts"

/** The body can't be taken; what to answer. */
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
const broken = new BadBody({ status: 400, code: rpcCodes.parse, message: "The body did not arrive whole." })

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
  const body = Either.try((): unknown => JSON.parse(bytes.toString("utf8")))
  if (Either.isLeft(body)) return notJson
  return Array.isArray(body.right) ? batch : Effect.succeed(body.right)
}

/**
 * Reads a JSON body of one JSON-RPC message, at most `maxBodyBytes` of it. What is over the limit is thrown away as it
 * comes, until the request has taken too long: closing the connection at once would lose the answer on its way to the
 * client. Fails with BadBody.
 */
export const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, BadBody> => {
  if (!isJsonContentType(request.headers["content-type"] ?? null)) return otherType
  if (Number(request.headers["content-length"]) > maxBodyBytes) return tooLarge
  // An interruption means that the connection is gone, which ends the reading.
  return Effect.async((resume) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Buffer> = []
    let size = 0
    const end = (outcome: Effect.Effect<unknown, BadBody>) => {
      incoming.off("data", onData).off("end", onEnd).off("close", onBroken)
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
    const onBroken = () => end(broken)
    // A reset connection is an error of the stream too; that it closes tells enough.
    incoming.on("error", () => undefined)
    incoming.on("data", onData).on("end", onEnd).on("close", onBroken)
    if (incoming.destroyed) onBroken()
  })
}
