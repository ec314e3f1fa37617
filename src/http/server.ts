import { createServer } from "node:http"
import type * as Headers from "@effect/platform/Headers"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "../config.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { ServerExtension } from "../mcp/server.ts"
import type { Selection } from "../tools/selection.ts"
import { version } from "../runtime/version.ts"
import { originPolicy } from "./admission/origins.ts"
import { makeDrain } from "./drain.ts"
import { loopbackHosts, makeRateLimiter } from "./admission/rateLimit.ts"
import { makeMcpRoute } from "./mcpRoute.ts"
import {
  authorizationServerMetadata,
  forwardedUrl,
  protectedResourceMetadata,
  resourceMetadataPath,
  type OAuthAddresses
} from "./admission/oauth.ts"
import { prometheusText } from "./observability/prometheus.ts"
import { setSessions } from "./observability/requestMetrics.ts"
import { defaultTimes, type Times } from "./timeouts.ts"

/** The address can't be listened on. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{ readonly problem: string }> {}

export interface HttpOptions {
  readonly extension?: ServerExtension | undefined
  readonly settings: Settings
  readonly selection: Selection
  /** The caller of requests without a token; none where every request needs one. */
  readonly anonymous: Option.Option<Credentials["Type"]>
  readonly times?: Partial<Times>
}

/** A server that cuts off slow clients. */
const nodeServer = (times: Times) =>
  createServer({
    headersTimeout: Duration.toMillis(times.headers),
    requestTimeout: Duration.toMillis(times.request),
    connectionsCheckingInterval: Duration.toMillis(times.check),
    // Longer than the 60 seconds that load balancers keep idle connections, so that they close first.
    keepAliveTimeout: 65_000
  }).on("connection", (socket) => {
    // Each of the requests that a client sends ahead listens for the end of its connection.
    socket.setMaxListeners(0)
  })

const urlHost = (host: string) => (host.includes(":") ? `[${host}]` : host)

const isLoopback = (host: string) => host === "localhost" || host === "::1" || host.startsWith("127.")

/** The Host header values to take: on loopback only names of this machine, so that no web page can rebind its name. */
const allowedHosts = ({ allowedHosts: given, host, publicUrl }: Settings): ReadonlyArray<string> | undefined => {
  const own = Option.match(publicUrl, { onNone: () => [], onSome: (url) => [url.host] })
  if (isLoopback(host)) return [...loopbackHosts, ...own, ...given]
  return given.length === 0 ? undefined : [...own, ...given]
}

const publicMetadata = (describe: (addresses: OAuthAddresses) => unknown) => (addresses: OAuthAddresses) =>
  HttpServerResponse.unsafeJson(describe(addresses), {
    headers: {
      "access-control-allow-origin": "*",
      "cache-control": "public, max-age=3600",
      vary: "Host, X-Forwarded-Host, X-Forwarded-Proto"
    }
  })

/** What browsers ask before they fetch metadata with the header that MCP clients add. */
const publicPreflight = HttpServerResponse.empty({
  status: 204,
  headers: {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "mcp-protocol-version, content-type, accept",
    "access-control-max-age": "600"
  }
})

const documents = [
  ["/.well-known/oauth-protected-resource", publicMetadata(protectedResourceMetadata)],
  [resourceMetadataPath, publicMetadata(protectedResourceMetadata)],
  ["/.well-known/oauth-authorization-server", publicMetadata(authorizationServerMetadata)]
] as const

/** The OAuth documents, for everybody. */
const metadata = (addresses: (headers: Headers.Headers) => OAuthAddresses) =>
  HttpRouter.fromIterable(
    documents.flatMap(([path, respond]) => [
      HttpRouter.makeRoute(
        "GET",
        path,
        Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => respond(addresses(headers)))
      ),
      HttpRouter.makeRoute("OPTIONS", path, Effect.succeed(publicPreflight))
    ])
  )

/**
 * Serves MCP over Streamable HTTP until it is interrupted, then lets calls under way end for a while. `onListening`
 * is told the address. Needs the services of the protocol server; fails with ListenFailed.
 */
export const serveHttp = (
  { anonymous, extension, selection, settings, times: given }: HttpOptions,
  onListening: (url: string) => Effect.Effect<void>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const times = { ...defaultTimes, ...given }
      const node = nodeServer(times)
      const server = yield* Effect.mapError(
        NodeHttpServer.make(() => node, { port: settings.port, host: settings.host }),
        () => new ListenFailed({ problem: `Can't listen on ${urlHost(settings.host)}:${settings.port}.` })
      )
      // Without this an open stream or an idle connection would keep the closing server waiting.
      yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
      const address = server.address._tag === "TcpAddress" ? server.address.port : settings.port
      const listening = `http://${urlHost(settings.host)}:${address}`
      const addresses = (headers: Headers.Headers): OAuthAddresses => ({
        publicUrl: Option.match(settings.publicUrl, {
          onNone: () => (settings.trustProxy ? forwardedUrl(headers) : undefined) ?? listening,
          onSome: (url) => url.href.replace(/\/+$/u, "")
        }),
        issuer: settings.apiUrl.origin
      })
      const drain = yield* makeDrain(times.drain)
      const mcp = yield* makeMcpRoute({
        origins: originPolicy(settings.allowedOrigins, settings.debug),
        hosts: allowedHosts(settings),
        trustProxy: settings.trustProxy,
        rateLimiter: settings.rateLimit === 0 ? undefined : makeRateLimiter(settings.rateLimit),
        addresses,
        anonymous,
        selection,
        extension,
        sessions: settings.sessions === "on" ? { max: settings.maxSessions, idle: settings.sessionIdle } : undefined,
        drain,
        stalled: times.stalled,
        debug: settings.debug
      })
      const router = HttpRouter.empty.pipe(
        HttpRouter.all("/mcp", mcp.route),
        HttpRouter.get(
          "/health",
          HttpServerResponse.unsafeJson({ status: "ok", version, transport: "streamable-http" })
        ),
        HttpRouter.get(
          "/ready",
          Effect.sync(() =>
            drain.isDraining()
              ? HttpServerResponse.unsafeJson({ status: "stopping" }, { status: 503 })
              : HttpServerResponse.unsafeJson({ status: "ready" })
          )
        ),
        HttpRouter.get(
          "/metrics",
          Effect.map(
            Effect.suspend(() => setSessions(mcp.sessionCount())),
            () => HttpServerResponse.text(prometheusText(), { contentType: "text/plain; version=0.0.4" })
          )
        ),
        HttpRouter.concat(metadata(addresses)),
        Effect.catchTag("RouteNotFound", () =>
          Effect.succeed(HttpServerResponse.unsafeJson({ error: "Not found" }, { status: 404 }))
        )
      )
      yield* Effect.locally(server.serve(router), HttpMiddleware.currentTracerDisabledWhen, () => true)
      // A request that offers an upgrade, as Java's HTTP client does to HTTP/2, is served as what it is.
      node.removeAllListeners("upgrade")
      yield* Effect.addFinalizer(() => drain.drain)
      yield* onListening(listening)
      return yield* Effect.never
    })
  )
