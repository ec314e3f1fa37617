import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { proxyFor } from "../sequentum/client/proxies.ts"
import { layerUndici } from "../sequentum/client/upstreamUndici.ts"
import { InvalidSettings, isLoopback, withoutEffect, type Settings } from "../config.ts"
import { serveHttp } from "../http/server.ts"
import { keyCredentials, logToStderr } from "./caller.ts"
import { exposureProblems, exposureWarning, startLine } from "./hosting.ts"
import { Sandboxed } from "./Sandboxed.ts"
import { otlpLayer } from "./otlp.ts"
import { endpointLayer } from "./endpointLayer.ts"
import { Stop } from "./runMain.ts"
import { operatorSelection } from "./layers.ts"

/**
 * Serves MCP over HTTP until it is interrupted. Fails with InvalidSettings before it serves anything, or with Stop if it
 * can't listen on the address.
 */
export const http = (settings: Settings) =>
  Effect.gen(function* () {
    const problems = exposureProblems(settings)
    if (problems.length > 0) return yield* new InvalidSettings({ problems })
    const selection = yield* operatorSelection(settings)
    const isSandbox = yield* Sandboxed
    const warning = exposureWarning(settings)
    const anonymous = settings.requireAuth ? Option.none() : Option.some(yield* keyCredentials(settings))
    const telemetry = Option.match(settings.otlpEndpoint, { onNone: () => Layer.empty, onSome: otlpLayer })
    const unused = withoutEffect(settings)
    const warnings = [
      ...(warning === undefined ? [] : [warning]),
      ...(unused.length === 0 ? [] : [`Without effect, since the server keeps no sessions: ${unused.join(", ")}`])
    ]
    return yield* serveHttp(
      { settings, selection, anonymous, isSandbox: isSandbox && !isLoopback(settings.host) },
      (_, at) =>
        Effect.zipRight(
          Effect.forEach(warnings, (line) => Effect.logWarning(line), { discard: true }),
          Effect.logInfo(startLine(settings, at, isSandbox))
        )
    ).pipe(
      Effect.catchTag("ListenFailed", ({ problem }) => new Stop({ lines: [problem] })),
      Effect.provide(
        Layer.merge(
          endpointLayer(settings, layerUndici(settings.apiUrl, proxyFor(settings, settings.apiUrl))),
          telemetry
        )
      ),
      logToStderr(settings),
      Effect.withTracerEnabled(Option.isSome(settings.otlpEndpoint))
    )
  })
