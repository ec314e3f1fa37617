import { createServer, type Server } from "node:http"
import * as Effect from "effect/Effect"

interface Received {
  readonly path: string
  readonly body: string
}

/** An OpenTelemetry collector that accepts everything. It ends with the scope. */
export const collector = Effect.gen(function* () {
  const received: Array<Received> = []
  const server = yield* Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const made = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request
          .on("data", (chunk: Buffer) => chunks.push(chunk))
          .on("end", () => {
            received.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString("utf8") })
            response.writeHead(200, { "content-type": "application/json" }).end("{}")
          })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (made) =>
      Effect.async<void>((resume) => {
        made.close(() => resume(Effect.void))
        made.closeAllConnections()
      })
  )
  const address = server.address()
  const port = typeof address === "object" ? (address?.port ?? 0) : 0
  return { url: new URL(`http://127.0.0.1:${port}/base/`), received }
})
