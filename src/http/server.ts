import { createServer, type Server } from "node:http"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Settings } from "../config.ts"
import type { ServerExtension } from "../mcp/server.ts"
import { makeSealing } from "../runtime/sealed.ts"
import { version } from "../runtime/version.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { Selection } from "../tools/selection.ts"
import { allowedHosts, urlHost } from "./admission/hosts.ts"
import { addressesOf, metadataRoutes } from "./admission/metadata.ts"
import { originPolicy } from "./admission/origins.ts"
import { makeRateLimiter } from "./admission/rateLimit.ts"
import { makeDrain, type Drain } from "./drain.ts"
import { landing } from "./landing.ts"
import { makeMcpRoute } from "./mcpRoute.ts"
import { prometheusText } from "./observability/prometheus.ts"
import { serverCardRoutes } from "./serverCard.ts"
import { belowSubPath } from "./subPath.ts"
import { defaultTimeouts, type Timeouts } from "./timeouts.ts"

/** The server can't listen on its address. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{ readonly problem: string }> {}

/** Where a server can be reached. */
export interface ListeningAt {
  readonly url: string
  /** The URL of the metrics, if there are any. */
  readonly metricsUrl: string | undefined
}

export interface HttpOptions {
  readonly extension?: ServerExtension | undefined
  /** Says so to clients: a sandbox stands in the place of Sequentum. */
  readonly isSandbox?: boolean
  readonly settings: Settings
  readonly selection: Selection
  /** Who calls when a request has no token; none if every request needs one. */
  readonly anonymous: Option.Option<Credentials["Type"]>
  readonly timeouts?: Partial<Timeouts>
}

/** The answer to CONNECT, which Node hands over as a bare connection. */
const noTunnel = "HTTP/1.1 405 Method Not Allowed\r\nallow: POST\r\nconnection: close\r\n\r\n"

/** A server that cuts off slow clients. */
const nodeServer = (timeouts: Timeouts) =>
  createServer({
    headersTimeout: Duration.toMillis(timeouts.headers),
    requestTimeout: Duration.toMillis(timeouts.request),
    connectionsCheckingInterval: Duration.toMillis(timeouts.check),
    // Two Host or Authorization headers are no valid one. By default the first would count, for a proxy perhaps the last.
    joinDuplicateHeaders: true,
    // Longer than the 60 seconds for which load balancers keep idle connections, so that they close first.
    keepAliveTimeout: 65_000
  })
    .on("connection", (socket) => {
      // Every pipelined request adds a "close" listener to its socket.
      socket.setMaxListeners(0)
    })
    // Without a listener the connection would be closed without a word. Node leaves its errors to the listener.
    .on("connect", (_, socket) => socket.on("error", () => undefined).end(noTunnel, () => socket.destroy()))

/** The path of the public URL, without a slash at its end. */
const subPathOf = ({ publicUrl }: Settings) =>
  Option.match(publicUrl, { onNone: () => "", onSome: ({ pathname }) => pathname.replace(/\/+$/u, "") })

/** Of every answer: a browser must not guess what it is. */
const sniffing = { "x-content-type-options": "nosniff" }

const health = (isSandbox: boolean) =>
  HttpServerResponse.unsafeJson({
    status: "ok",
    version,
    transport: "streamable-http",
    ...(isSandbox ? { sandbox: true } : {})
  })

const notFound = HttpServerResponse.unsafeJson(
  { error: "Not found" },
  { status: 404, headers: { "cache-control": "no-store" } }
)

const readiness = (drain: Drain) =>
  Effect.sync(() =>
    drain.isDraining()
      ? HttpServerResponse.unsafeJson({ status: "stopping" }, { status: 503 })
      : HttpServerResponse.unsafeJson({ status: "ready" })
  )

const metrics = Effect.sync(() =>
  HttpServerResponse.text(prometheusText(), { contentType: "text/plain; version=0.0.4" })
)

/** Listens on an address until the scope closes. Fails with ListenFailed. */
const listen = (node: Server, host: string, port: number) =>
  Effect.gen(function* () {
    const server = yield* Effect.mapError(
      NodeHttpServer.make(() => node, { port, host }),
      () => new ListenFailed({ problem: `Can't listen on ${urlHost(host)}:${port}.` })
    )
    // Otherwise an open stream or an idle connection would keep the server from closing.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    const actual = server.address._tag === "TcpAddress" ? server.address.port : port
    const serve = (app: HttpApp.Default) =>
      Effect.zipRight(
        Effect.locally(server.serve(app), HttpMiddleware.currentTracerDisabledWhen, () => true),
        // A request that offers an upgrade, as Java's HTTP client does to HTTP/2, is served without it. The platform's
        // listener would also leave the errors of such a connection to nobody, which ends the process.
        Effect.sync(() => node.removeAllListeners("upgrade"))
      )
    return { serve, url: `http://${urlHost(host)}:${actual}` } as const
  })

const orNotFound = <R>(app: HttpApp.Default<HttpServerError.RouteNotFound, R>): HttpApp.Default<never, R> =>
  Effect.catchTag(app, "RouteNotFound", () => Effect.succeed(notFound))

const withSniffing = Effect.map((response: HttpServerResponse.HttpServerResponse) =>
  HttpServerResponse.setHeaders(response, sniffing)
)

/** Serves the metrics on a port of their own, so that no proxy before the endpoint makes them public. */
const serveMetrics = (
  { host, metricsPort }: Settings,
  timeouts: Timeouts
): Effect.Effect<string | undefined, ListenFailed, Scope.Scope> =>
  Option.match(metricsPort, {
    onNone: () => Effect.succeed(undefined),
    onSome: (port) =>
      Effect.gen(function* () {
        const { serve, url } = yield* listen(nodeServer(timeouts), host, port)
        yield* serve(HttpRouter.empty.pipe(HttpRouter.get("/metrics", metrics), orNotFound, withSniffing))
        return `${url}/metrics`
      })
  })

/**
 * Serves MCP over Streamable HTTP until it is interrupted, then waits for pending calls. Calls `onListening` with its
 * URLs. Needs the services of the protocol server; fails with ListenFailed.
 */
export const serveHttp = (
  { anonymous, extension, isSandbox = false, selection, settings, timeouts: given }: HttpOptions,
  onListening: (url: string, at: ListeningAt) => Effect.Effect<void>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const timeouts = { ...defaultTimeouts, drain: settings.drain, ...given }
      const { serve, url: listening } = yield* listen(nodeServer(timeouts), settings.host, settings.port)
      const addresses = addressesOf(settings, selection, listening)
      const rateLimiter = settings.rateLimit === 0 ? undefined : yield* makeRateLimiter(settings.rateLimit)
      const drain = yield* makeDrain(timeouts.drain)
      const mcp = yield* makeMcpRoute({
        origins: originPolicy(settings),
        hosts: allowedHosts(settings),
        trustProxy: settings.trustProxy,
        rateLimiter,
        addresses,
        anonymous,
        selection,
        extension,
        sealing: makeSealing(settings.stateKey),
        confirm: { mode: settings.confirm, skip: settings.confirmSkip },
        maxInFlight: settings.maxInFlight,
        isSandbox,
        drain,
        stalled: timeouts.stalled,
        debug: settings.debug
      })
      const others = HttpRouter.empty.pipe(
        HttpRouter.get("/", landing(addresses, isSandbox)),
        HttpRouter.get("/health", health(isSandbox)),
        HttpRouter.get("/ready", readiness(drain)),
        HttpRouter.concat(metadataRoutes({ addresses, rateLimiter, settings })),
        HttpRouter.concat(serverCardRoutes({ addresses, isSandbox, rateLimiter, trustProxy: settings.trustProxy })),
        orNotFound,
        withSniffing
      )
      const router = HttpRouter.empty.pipe(
        HttpRouter.all("/mcp", mcp.route),
        Effect.catchTag("RouteNotFound", () => others),
        belowSubPath(subPathOf(settings))
      )
      yield* serve(router)
      const metricsUrl = yield* serveMetrics(settings, timeouts)
      yield* Effect.addFinalizer(() => drain.drain)
      yield* onListening(listening, { url: listening, metricsUrl })
      return yield* Effect.never
    })
  )
