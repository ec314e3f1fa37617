import type { ClientRequest } from "node:http"
import type { Socket } from "node:net"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { HttpsProxyAgent } from "https-proxy-agent"
import { proxyFor, type Proxies, type Proxy } from "./proxies.ts"
import { ProxyFailed } from "./Upstream.ts"

/** Tunnels through a proxy. What goes wrong before a tunnel stands did not reach the host. */
class Tunnels extends HttpsProxyAgent<string> {
  constructor(proxy: Proxy) {
    super(Redacted.value(proxy), { keepAlive: true })
    // Otherwise the answer of the proxy would pass for one of the host.
    this.on("proxyConnect", ({ statusCode }: { readonly statusCode: number }, request: ClientRequest) => {
      if (statusCode !== 200) request.destroy(new ProxyFailed(String(statusCode)))
    })
  }

  override connect(...about: Parameters<HttpsProxyAgent<string>["connect"]>): Promise<Socket> {
    return super
      .connect(...about)
      .catch((error: unknown) =>
        Promise.reject(error instanceof Error && "code" in error ? error : new ProxyFailed("FAILED"))
      )
  }
}

/** Makes tunnels through a proxy, which live as long as the scope. */
const tunnels = (proxy: Proxy) =>
  Effect.acquireRelease(
    Effect.sync(() => new Tunnels(proxy)),
    (agent) => Effect.sync(() => agent.destroy())
  )

const clientThrough = (proxy: Proxy) =>
  Effect.gen(function* () {
    const agent = yield* tunnels(proxy)
    return yield* NodeHttpClient.make.pipe(
      Effect.provideService(NodeHttpClient.HttpAgent, {
        [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId,
        http: agent,
        // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- it makes both kinds of connections
        https: agent
      })
    )
  })

/** A client that goes through the proxies of the settings where they say so. In a file of its own, for start-up. */
export const layerProxied = (
  proxies: Proxies,
  direct: Layer.Layer<HttpClient.HttpClient>
): Layer.Layer<HttpClient.HttpClient> =>
  Layer.scoped(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const directly = yield* HttpClient.HttpClient
      const clients = new Map<Proxy, HttpClient.HttpClient>()
      for (const proxy of Option.reduceCompact<Proxy, ReadonlyArray<Proxy>>(
        [proxies.httpsProxy, proxies.httpProxy],
        [],
        (all, one) => [...all, one]
      )) {
        clients.set(proxy, yield* clientThrough(proxy))
      }
      const clientFor = (url: string) =>
        Option.getOrElse(
          Option.flatMap(Option.liftPredicate(URL.canParse)(url), (valid) =>
            Option.flatMapNullable(proxyFor(proxies, new URL(valid)), (proxy) => clients.get(proxy))
          ),
          () => directly
        )
      return HttpClient.makeWith(
        (sent: Effect.Effect<HttpClientRequest>) =>
          Effect.flatMap(sent, (request) => clientFor(request.url).execute(request)),
        Effect.succeed
      )
    })
  ).pipe(Layer.provide(direct))
