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
import { SequentumClient } from "../sequentum/client/SequentumClient.ts"
import type { Upstream } from "../sequentum/client/Upstream.ts"
import { layerHttpClient } from "../sequentum/client/upstreamHttpClient.ts"
import { allTools, catalogue, ToolsLive } from "../tools/catalog/all.ts"
import { StartLimit } from "../tools/catalog/StartLimit.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { ResultLimit } from "../tools/ResultLimit.ts"
import { select, unknownNames, type Selection } from "../tools/selection.ts"

/** Node's own HTTP client: it is small, and a server over stdio is started with each chat window. */
export const httpClient: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerWithoutAgent.pipe(
  Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: true }))
)

/** As `httpClient`, but through the proxies that the settings name. */
const httpClientFor = (settings: Settings): Layer.Layer<HttpClient.HttpClient> =>
  Option.isNone(settings.httpsProxy) && Option.isNone(settings.httpProxy)
    ? httpClient
    : Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("../sequentum/client/proxiedHttpClient.ts")),
          ({ layerProxied }) => layerProxied(settings, httpClient)
        )
      )

/** Threads for reading data: one user needs two, an endpoint all cores. */
const threadsFor = ({ transport }: Settings) => (transport === "http" ? availableParallelism() : 2)

/** The services that requests need. Built once per process. */
export const serverLayer = (
  settings: Settings,
  upstream: Layer.Layer<Upstream, never, HttpClient.HttpClient> = layerHttpClient(settings.apiUrl)
): Layer.Layer<ServerServices> =>
  Layer.merge(ToolRegistry.layer(catalogue, { maxResultBytes: settings.maxResultBytes }), Completions.layer).pipe(
    Layer.provide(ToolsLive),
    Layer.provide(StartLimit.layer(settings.maxStartsPerMinute)),
    Layer.provide(DataWorkers.layer({ threads: threadsFor(settings) })),
    Layer.provide(Layer.succeed(ResultLimit, { maxBytes: settings.maxResultBytes })),
    Layer.provide(services),
    Layer.provide(SequentumClient.layer(settings)),
    Layer.provide(upstream),
    Layer.provide(httpClientFor(settings))
  )

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
