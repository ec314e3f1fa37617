import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isJsonContentType } from "@modelcontextprotocol/server"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { maxBodyBytes } from "./limits.ts"
import { rpcCodes } from "./respond.ts"

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

/**
 * The bytes of a body. What is over the limit is thrown away as it comes, until the request has taken too long: closing
 * the connection at once would lose the answer on its way to the client.
 */
const readBytes = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Buffer, BadBody> =>
  Effect.async((resume) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Buffer> = []
    let size = 0
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) {
        chunks.push(chunk)
        return
      }
      release()
      chunks.length = 0
      incoming.resume()
      resume(tooLarge)
    }
    const onEnd = () => {
      release()
      resume(Effect.succeed(Buffer.concat(chunks)))
    }
    const onBroken = () => {
      release()
      resume(broken)
    }
    const release = () => {
      incoming.off("data", onData).off("end", onEnd).off("close", onBroken)
    }
    // A reset connection is an error of the stream too; that it closes tells enough.
    incoming.on("error", () => undefined)
    incoming.on("data", onData).on("end", onEnd).on("close", onBroken)
    if (incoming.destroyed) onBroken()
    return Effect.sync(release)
  })

/** Reads a JSON body of one JSON-RPC message, at most `maxBodyBytes` of it. Fails with BadBody. */
export const readBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<unknown, BadBody> =>
  Effect.gen(function* () {
    if (!isJsonContentType(request.headers["content-type"] ?? null)) {
      return yield* new BadBody({
        status: 415,
        code: rpcCodes.refused,
        message: "The Content-Type must be application/json."
      })
    }
    if (Number(request.headers["content-length"]) > maxBodyBytes) return yield* tooLarge
    const text = (yield* readBytes(request)).toString("utf8")
    const body = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => new BadBody({ status: 400, code: rpcCodes.parse, message: "The body is not JSON." })
    })
    if (Array.isArray(body)) {
      return yield* new BadBody({
        status: 400,
        code: rpcCodes.invalidRequest,
        message: "Batches are not supported: send one message a request."
      })
    }
    return body
  })
