import { createServer } from "node:http"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "../config.ts"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { Selection } from "../tools/selection.ts"
import { version } from "../version.ts"
import { originPolicy } from "./cors.ts"
import { makeDrain } from "./drain.ts"
import { loopbackHosts, makeRateLimiter } from "./limits.ts"
import { makeMcpRoute } from "./mcpRoute.ts"
import {
  authorizationServerMetadata,
  protectedResourceMetadata,
  resourceMetadataPath,
  type OAuthAddresses
} from "./oauth.ts"
import { prometheusText } from "./prometheus.ts"

/** The address can't be listened on. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{ readonly problem: string }> {}

export interface HttpOptions {
  readonly settings: Settings
  readonly selection: Selection
  /** The caller of requests without a token; none where every request needs one. */
  readonly anonymous: Option.Option<Credentials["Type"]>
}

/** Slow clients are cut off: ten seconds for the headers, thirty for a whole request. Times in milliseconds. */
const nodeServer = () =>
  createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    // Longer than the 60 seconds that load balancers keep idle connections, so that they close first.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 2_000
  })

const urlHost = (host: string) => (host.includes(":") ? `[${host}]` : host)

const isLoopback = (host: string) => host === "localhost" || host === "::1" || host.startsWith("127.")

/** The Host header values to take: on loopback only names of this machine, so that no web page can rebind its name. */
const allowedHosts = ({ allowedHosts: given, host, publicUrl }: Settings): ReadonlyArray<string> | undefined => {
  const own = Option.match(publicUrl, { onNone: () => [], onSome: (url) => [url.host] })
  if (isLoopback(host)) return [...loopbackHosts, ...own, ...given]
  return given.length === 0 ? undefined : [...own, ...given]
}

const publicMetadata = (value: unknown) =>
  HttpServerResponse.unsafeJson(value, {
    headers: { "access-control-allow-origin": "*", "cache-control": "public, max-age=3600" }
  })

/**
 * Serves MCP over Streamable HTTP until it is interrupted, then lets calls under way end for ten seconds. `onListening`
 * is told the address. Needs the services of the protocol server; fails with ListenFailed.
 */
export const serveHttp = (
  { anonymous, selection, settings }: HttpOptions,
  onListening: (url: string) => Effect.Effect<void>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const node = nodeServer()
      const server = yield* Effect.mapError(
        NodeHttpServer.make(() => node, { port: settings.port, host: settings.host }),
        () => new ListenFailed({ problem: `Can't listen on ${urlHost(settings.host)}:${settings.port}.` })
      )
      // Without this an open stream or an idle connection would keep the closing server waiting.
      yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
      const address = server.address._tag === "TcpAddress" ? server.address.port : settings.port
      const listening = `http://${urlHost(settings.host)}:${address}`
      const addresses: OAuthAddresses = {
        publicUrl: Option.match(settings.publicUrl, {
          onNone: () => listening,
          onSome: (url) => url.href.replace(/\/+$/u, "")
        }),
        issuer: settings.apiUrl.origin
      }
      const drain = yield* makeDrain
      const mcp = yield* makeMcpRoute({
        origins: originPolicy(settings.allowedOrigins, settings.debug),
        hosts: allowedHosts(settings),
        trustProxy: settings.trustProxy,
        rateLimiter: settings.rateLimit === 0 ? undefined : makeRateLimiter(settings.rateLimit),
        addresses,
        anonymous,
        selection,
        sessions: settings.sessions === "on" ? { max: settings.maxSessions, idle: settings.sessionIdle } : undefined,
        drain,
        debug: settings.debug
      })
      const router = HttpRouter.empty.pipe(
        HttpRouter.all("/mcp", mcp),
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
          Effect.sync(() => HttpServerResponse.text(prometheusText(), { contentType: "text/plain; version=0.0.4" }))
        ),
        HttpRouter.get("/.well-known/oauth-protected-resource", publicMetadata(protectedResourceMetadata(addresses))),
        HttpRouter.get(resourceMetadataPath, publicMetadata(protectedResourceMetadata(addresses))),
        HttpRouter.get(
          "/.well-known/oauth-authorization-server",
          publicMetadata(authorizationServerMetadata(addresses))
        ),
        Effect.catchTag("RouteNotFound", () =>
          Effect.succeed(HttpServerResponse.unsafeJson({ error: "Not found" }, { status: 404 }))
        )
      )
      yield* Effect.locally(server.serve(router), HttpMiddleware.currentTracerDisabledWhen, () => true)
      yield* Effect.addFinalizer(() => drain.drain)
      yield* onListening(listening)
      return yield* Effect.never
    })
  )
