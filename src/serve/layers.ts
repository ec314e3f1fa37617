import type { LookupFunction } from "node:net"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { availableParallelism } from "node:os"
import { Completions } from "../resources/Completions.ts"
import { InvalidSettings, type Settings } from "../config.ts"
import type { ServerServices } from "../mcp/handlers.ts"
import { DataWorkers } from "../data/DataWorkers.ts"
import { services } from "../sequentum/services.ts"
import { makeDownloadPolicy, type DownloadSettings, type ResolveName } from "../sequentum/client/downloadAddress.ts"
import { HostNames, systemAddresses } from "../sequentum/client/HostNames.ts"
import { proxyFor } from "../sequentum/client/proxies.ts"
import { SequentumClient } from "../sequentum/client/SequentumClient.ts"
import type { Upstream } from "../sequentum/client/Upstream.ts"
import { layerHttpClient } from "../sequentum/client/upstreamHttpClient.ts"
import { allTools, catalogue, ToolsLive } from "../tools/catalog/all.ts"
import { StartLimit } from "../tools/catalog/StartLimit.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { ResultLimit } from "../tools/ResultLimit.ts"
import { select, unknownNames, type Selection } from "../tools/selection.ts"

/** Node's own HTTP client: it is small, and a server over stdio is started with each chat window. */
export const httpClient = (lookup?: LookupFunction): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttpClient.layerWithoutAgent.pipe(
    Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: true, ...(lookup === undefined ? {} : { lookup }) }))
  )

/** The same, which connects to the API, to public addresses and to what the settings allow. */
export const guardedHttpClient = (settings: DownloadSettings, resolve?: ResolveName) =>
  httpClient(makeDownloadPolicy(settings).lookupFor(resolve))

/** As `httpClient`, but through the proxies that the settings name. */
export const httpClientFor = (settings: Settings): Layer.Layer<HttpClient.HttpClient> =>
  Option.isNone(settings.httpsProxy) && Option.isNone(settings.httpProxy)
    ? guardedHttpClient(settings)
    : Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("../sequentum/client/proxiedHttpClient.ts")),
          ({ layerProxied }) => layerProxied(settings, guardedHttpClient(settings))
        )
      )

/** Threads for reading data: one user needs two, an endpoint all cores. */
const threadsFor = ({ transport }: Settings) => (transport === "http" ? availableParallelism() : 2)

/** A proxy resolves names by itself, so that what this machine finds says nothing. */
const hostNames = (settings: Settings): Layer.Layer<never> =>
  Layer.succeed(HostNames, {
    addressesOf: (url) => (Option.isSome(proxyFor(settings, url)) ? Effect.succeed([]) : systemAddresses(url))
  })

/** The clients of Sequentum and of its files. */
export const clientLayer = (
  settings: Settings,
  upstream: Layer.Layer<Upstream, never, HttpClient.HttpClient> = layerHttpClient(settings.apiUrl)
): Layer.Layer<SequentumClient | HttpClient.HttpClient> =>
  SequentumClient.layer(settings).pipe(Layer.provide(upstream), Layer.provideMerge(httpClientFor(settings)))

/** The services that requests need, over `client`. Built once per process. */
export const requestLayer = (
  settings: Settings,
  client: Layer.Layer<SequentumClient | HttpClient.HttpClient>
): Layer.Layer<ServerServices> =>
  Layer.merge(ToolRegistry.layer(catalogue, { maxResultBytes: settings.maxResultBytes }), Completions.layer).pipe(
    Layer.provide(ToolsLive),
    Layer.provide([
      services,
      StartLimit.layer(settings.maxStartsPerMinute),
      DataWorkers.layer({ threads: threadsFor(settings) }),
      Layer.succeed(ResultLimit, { maxBytes: settings.maxResultBytes })
    ]),
    Layer.provide([hostNames(settings), client])
  )

/** The services that requests need, over a client of their own. */
export const serverLayer = (settings: Settings): Layer.Layer<ServerServices> =>
  requestLayer(settings, clientLayer(settings))

/**
 * The tools that the settings offer. Fails with InvalidSettings, which lists the valid toolsets or tools, also where
 * SEQUENTUM_CONFIRM_SKIP names a tool that there is not.
 */
export const operatorSelection = (settings: Settings): Effect.Effect<Selection, InvalidSettings> => {
  const names = allTools.map(({ name }) => name)
  const unskippable = unknownNames("tool to skip the confirmation of", settings.confirmSkip, names)
  const selected = select(
    {
      toolsets: Option.getOrUndefined(settings.toolsets),
      tools: Option.getOrUndefined(settings.tools),
      excludeTools: Option.getOrUndefined(settings.excludeTools),
      readOnly: settings.readOnly
    },
    allTools
  )
  const problems = [...Either.getOrElse(Either.flip(selected), () => []), ...unskippable]
  return Either.isRight(selected) && problems.length === 0
    ? Effect.succeed(selected.right)
    : Effect.fail(new InvalidSettings({ problems }))
}
