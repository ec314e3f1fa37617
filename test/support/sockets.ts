import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { connect as connectTo, type Server, type Socket } from "node:net"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { layerProxied } from "../../src/sequentum/client/proxiedHttpClient.ts"
import { proxyFor, type Proxies } from "../../src/sequentum/client/proxies.ts"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"
import { layerUndici } from "../../src/sequentum/client/upstreamUndici.ts"
import { Files } from "../../src/sequentum/Files.ts"
import { httpClient } from "../../src/serve/layers.ts"

/** Starts a server on a free port of loopback, until the scope closes. Returns its port. */
export const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" ? (address?.port ?? 0) : 0))
      })
    }),
    () => Effect.sync(() => server.close())
  )

export interface Running {
  readonly url: string
  /** Connections made so far. */
  readonly connections: () => number
}

/** A real server, until the scope closes. */
export const upstream = (respond: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    let connections = 0
    const server = createServer(respond).on("connection", () => (connections += 1))
    yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    const port = yield* listening(server)
    return { url: `http://127.0.0.1:${port}`, connections: () => connections } satisfies Running
  })

interface Refusal {
  readonly status: number
}

/** A proxy that leads every tunnel to a port of loopback, or refuses it, with what it was asked for. */
export const proxy = (target: number | Refusal | "silence") =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const credentials: Array<string | undefined> = []
    const sockets = new Set<Socket>()
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`)
      response.writeHead(400).end()
    }).on("connect", (request, socket: Socket) => {
      asked.push(`CONNECT ${request.url ?? ""}`)
      credentials.push(request.headers["proxy-authorization"])
      sockets.add(socket.on("error", () => undefined))
      if (target === "silence") {
        socket.destroy()
      } else if (typeof target === "number") {
        const tunnel = connectTo(target, "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
          socket.pipe(tunnel)
          tunnel.pipe(socket)
        }).on("error", () => socket.destroy())
        sockets.add(tunnel)
      } else {
        const page = '{"message":"from the proxy"}'
        socket.end(`HTTP/1.1 ${target.status} No\r\nContent-Length: ${page.length}\r\n\r\n${page}`)
      }
    })
    const port = yield* listening(server)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.closeAllConnections()
      })
    )
    return { url: `http://127.0.0.1:${port}`, asked, credentials }
  })

/** Settings of proxies; none by default. */
export const proxies = (some: {
  readonly https?: Redacted.Redacted<URL>
  readonly http?: Redacted.Redacted<URL>
  readonly none?: ReadonlyArray<string>
}): Proxies => ({
  httpsProxy: Option.fromNullable(some.https),
  httpProxy: Option.fromNullable(some.http),
  noProxy: some.none ?? []
})

/** The two clients that the server has, by what they are made of. */
export const clients = [
  ["Node's HTTP client", (apiUrl: URL) => layerHttpClient(apiUrl)],
  ["undici's connections", (apiUrl: URL, settings: Proxies) => layerUndici(apiUrl, proxyFor(settings, apiUrl))]
] as const

/** The API client and the files over real sockets. */
export const connect = (make: (typeof clients)[number][1], apiUrl: string, settings: Proxies = proxies({})) =>
  Effect.map(
    Layer.build(
      Files.Default.pipe(
        Layer.provideMerge(SequentumClient.layer({ apiUrl: new URL(apiUrl), requestTimeout: Duration.seconds(30) })),
        Layer.provide(make(new URL(apiUrl), settings)),
        Layer.provide(
          Option.isSome(settings.httpsProxy) || Option.isSome(settings.httpProxy)
            ? layerProxied(settings, httpClient())
            : httpClient()
        )
      )
    ),
    (context) => ({
      client: Effect.provide(SequentumClient, context),
      files: Effect.provide(Files, context)
    })
  )
