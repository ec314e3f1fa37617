import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isJsonContentType } from "@modelcontextprotocol/server"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
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
    const chunks: Array<Uint8Array> = []
    let size = 0
    yield* request.stream.pipe(
      Stream.mapError(() => broken),
      Stream.runForEach((chunk) => {
        size += chunk.length
        if (size > maxBodyBytes) return Effect.fail(tooLarge)
        chunks.push(chunk)
        return Effect.void
      })
    )
    const text = Buffer.concat(chunks).toString("utf8")
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
