import { createServer, type RequestListener, type Server } from "node:http"
import type { Server as NetServer } from "node:net"
import * as Effect from "effect/Effect"

/** The port of a server that listens. */
export const portOf = (server: NetServer) => {
  const address = server.address()
  return address !== null && typeof address === "object" ? address.port : 0
}

/** An HTTP server on a free port of the loopback address, until the scope closes. */
export const localServer = (respond: RequestListener) =>
  Effect.acquireRelease(
    Effect.async<Server>((resume) => {
      const server = createServer(respond).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map((server) => ({ server, url: `http://127.0.0.1:${portOf(server)}` })))
