import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { proxyFor } from "../sequentum/client/proxies.ts"
import { layerUndici } from "../sequentum/client/upstreamUndici.ts"
import { withoutEffect, type Settings } from "../config.ts"
import { serveHttp } from "../http/server.ts"
import { keyCredentials, loggerLayer } from "./caller.ts"
import { otlpLayer } from "./otlp.ts"
import { Stop } from "./runMain.ts"
import { operatorSelection, serverLayer } from "./layers.ts"

/**
 * Serves MCP over HTTP until it is interrupted. Fails with InvalidSettings before it serves anything, or with Stop if it
 * can't listen on the address.
 */
export const http = (settings: Settings) =>
  Effect.gen(function* () {
    const selection = yield* operatorSelection(settings)
    const anonymous = settings.requireAuth ? Option.none() : Option.some(yield* keyCredentials(settings))
    const telemetry = Option.match(settings.otlpEndpoint, { onNone: () => Layer.empty, onSome: otlpLayer })
    const unused = withoutEffect(settings)
    return yield* serveHttp({ settings, selection, anonymous }, (url) =>
      Effect.zipRight(
        unused.length === 0
          ? Effect.void
          : Effect.logWarning(`Without effect, since the server keeps no sessions: ${unused.join(", ")}`),
        Effect.logInfo(`Serving MCP at ${url}/mcp`)
      )
    ).pipe(
      Effect.catchTag("ListenFailed", ({ problem }) => new Stop({ lines: [problem] })),
      Effect.provide(
        Layer.mergeAll(
          serverLayer(settings, layerUndici(settings.apiUrl, proxyFor(settings, settings.apiUrl))),
          loggerLayer(settings),
          telemetry
        )
      ),
      Effect.withTracerEnabled(Option.isSome(settings.otlpEndpoint))
    )
  })
