import { createHash } from "node:crypto"
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http"
import * as Effect from "effect/Effect"
import { portOf } from "./localServer.ts"

/** Chooses the replica for a request by its headers, among so many; `count` requests came before. */
export type Choose = (headers: IncomingHttpHeaders, replicas: number, count: number) => number

export const roundRobin: Choose = (_, replicas, count) => count % replicas

/** One session id always reaches the same replica. Requests without one go round. */
export const bySession: Choose = ({ "mcp-session-id": session }, replicas, count) =>
  typeof session === "string" ? createHash("sha1").update(session).digest().readUInt16BE() % replicas : count % replicas

/** A plain load balancer before replicas, until the scope closes. It streams, and passes on what either side closes. */
export const balancer = (replicas: ReadonlyArray<string>, choose: Choose) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: ReturnType<typeof createServer>; readonly counts: Array<number> }>((resume) => {
        const counts = replicas.map(() => 0)
        let count = 0
        const server = createServer((incoming, outgoing) => {
          const index = choose(incoming.headers, replicas.length, count)
          count += 1
          counts[index] = (counts[index] ?? 0) + 1
          const { headers, method } = incoming
          const target = new URL(incoming.url ?? "/", replicas[index])
          const forwarded = httpRequest(target, { method, headers: { ...headers, host: target.host }, agent: false })
            .on("response", (response) => {
              outgoing.writeHead(response.statusCode ?? 502, response.headers).flushHeaders()
              response.on("error", () => outgoing.destroy()).pipe(outgoing)
            })
            .on("error", () => outgoing.destroy())
          outgoing.on("close", () => forwarded.destroy())
          incoming.pipe(forwarded)
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, counts })))
      }),
      ({ server }) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    ({ counts, server }) => ({
      mcp: `http://127.0.0.1:${portOf(server)}/mcp`,
      /** How many requests each replica got. */
      counts: () => [...counts]
    })
  )
