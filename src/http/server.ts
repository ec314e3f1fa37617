import { createServer } from "node:http"
import type * as Headers from "@effect/platform/Headers"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "../config.ts"
import type { ServerExtension } from "../mcp/server.ts"
import { makeSealing } from "../runtime/sealed.ts"
import { version } from "../runtime/version.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { Selection } from "../tools/selection.ts"
import { allowedHosts, forwardedUrl, urlHost } from "./admission/hosts.ts"
import { metadataRoutes } from "./admission/metadata.ts"
import type { OAuthAddresses } from "./admission/oauth.ts"
import { originPolicy } from "./admission/origins.ts"
import { makeRateLimiter } from "./admission/rateLimit.ts"
import { makeDrain, type Drain } from "./drain.ts"
import { makeMcpRoute } from "./mcpRoute.ts"
import { prometheusText } from "./observability/prometheus.ts"
import { serverCardRoutes } from "./serverCard.ts"
import { defaultTimeouts, type Timeouts } from "./timeouts.ts"

/** The server can't listen on its address. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{ readonly problem: string }> {}

export interface HttpOptions {
  readonly extension?: ServerExtension | undefined
  readonly settings: Settings
  readonly selection: Selection
  /** Who calls when a request has no token; none if every request needs one. */
  readonly anonymous: Option.Option<Credentials["Type"]>
  readonly timeouts?: Partial<Timeouts>
}

/** A server that cuts off slow clients. */
const nodeServer = (timeouts: Timeouts) =>
  createServer({
    headersTimeout: Duration.toMillis(timeouts.headers),
    requestTimeout: Duration.toMillis(timeouts.request),
    connectionsCheckingInterval: Duration.toMillis(timeouts.check),
    // Longer than the 60 seconds for which load balancers keep idle connections, so that they close first.
    keepAliveTimeout: 65_000
  }).on("connection", (socket) => {
    // Every pipelined request adds a "close" listener to its socket.
    socket.setMaxListeners(0)
  })

const addressesOf =
  ({ apiUrl, publicUrl, trustProxy }: Settings, listening: string) =>
  (headers: Headers.Headers): OAuthAddresses => ({
    publicUrl: Option.match(publicUrl, {
      onNone: () => (trustProxy ? forwardedUrl(headers) : undefined) ?? listening,
      onSome: (url) => url.href.replace(/\/+$/u, "")
    }),
    issuer: apiUrl.origin
  })

const health = HttpServerResponse.unsafeJson({ status: "ok", version, transport: "streamable-http" })

const readiness = (drain: Drain) =>
  Effect.sync(() =>
    drain.isDraining()
      ? HttpServerResponse.unsafeJson({ status: "stopping" }, { status: 503 })
      : HttpServerResponse.unsafeJson({ status: "ready" })
  )

const metrics = Effect.sync(() =>
  HttpServerResponse.text(prometheusText(), { contentType: "text/plain; version=0.0.4" })
)

/**
 * Serves MCP over Streamable HTTP until it is interrupted, then waits for pending calls. Calls `onListening` with its
 * URL. Needs the services of the protocol server; fails with ListenFailed.
 */
export const serveHttp = (
  { anonymous, extension, selection, settings, timeouts: given }: HttpOptions,
  onListening: (url: string) => Effect.Effect<void>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const timeouts = { ...defaultTimeouts, drain: settings.drain, ...given }
      const node = nodeServer(timeouts)
      const server = yield* Effect.mapError(
        NodeHttpServer.make(() => node, { port: settings.port, host: settings.host }),
        () => new ListenFailed({ problem: `Can't listen on ${urlHost(settings.host)}:${settings.port}.` })
      )
      // Otherwise an open stream or an idle connection would keep the server from closing.
      yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
      const port = server.address._tag === "TcpAddress" ? server.address.port : settings.port
      const listening = `http://${urlHost(settings.host)}:${port}`
      const addresses = addressesOf(settings, listening)
      const drain = yield* makeDrain(timeouts.drain)
      const mcp = yield* makeMcpRoute({
        origins: originPolicy(settings.allowedOrigins, settings.debug),
        hosts: allowedHosts(settings),
        trustProxy: settings.trustProxy,
        rateLimiter: settings.rateLimit === 0 ? undefined : yield* makeRateLimiter(settings.rateLimit),
        addresses,
        anonymous,
        selection,
        extension,
        sealing: makeSealing(settings.stateKey),
        confirm: { mode: settings.confirm, skip: settings.confirmSkip },
        maxInFlight: settings.maxInFlight,
        drain,
        stalled: timeouts.stalled,
        debug: settings.debug
      })
      const router = HttpRouter.empty.pipe(
        HttpRouter.all("/mcp", mcp.route),
        HttpRouter.get("/health", health),
        HttpRouter.get("/ready", readiness(drain)),
        HttpRouter.get("/metrics", metrics),
        HttpRouter.concat(metadataRoutes(addresses)),
        HttpRouter.concat(serverCardRoutes(addresses)),
        Effect.catchTag("RouteNotFound", () =>
          Effect.succeed(HttpServerResponse.unsafeJson({ error: "Not found" }, { status: 404 }))
        )
      )
      yield* Effect.locally(server.serve(router), HttpMiddleware.currentTracerDisabledWhen, () => true)
      // A request that offers an upgrade, as Java's HTTP client does to HTTP/2, is served without it.
      node.removeAllListeners("upgrade")
      yield* Effect.addFinalizer(() => drain.drain)
      yield* onListening(listening)
      return yield* Effect.never
    })
  )
