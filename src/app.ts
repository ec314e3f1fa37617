import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { InvalidSettings, loadSettings, type Settings } from "./config.ts"
import { Completions } from "./completions.ts"
import type { ServerServices } from "./mcp/server.ts"
import { serve } from "./mcp/stdio.ts"
import { Credentials } from "./sequentum/Credentials.ts"
import { services } from "./sequentum/services.ts"
import { SequentumClient } from "./sequentum/SequentumClient.ts"
import { allTools, ToolRegistry } from "./tools/registry.ts"
import { select, type Selection } from "./tools/selection.ts"

/** What requests are served with, over the real API client; built once per process. */
export const serverLayer = (settings: Settings): Layer.Layer<ServerServices> =>
  Layer.merge(ToolRegistry.layer({ maxResultBytes: settings.maxResultBytes }), Completions.layer).pipe(
    Layer.provide(services),
    Layer.provide(SequentumClient.layer(settings)),
    Layer.provide(NodeHttpClient.layerWithoutAgent),
    Layer.provide(NodeHttpClient.makeAgentLayer({ keepAlive: true }))
  )

/** Logs go to stderr: over stdio, stdout carries the protocol alone. */
export const loggerLayer = (settings: Settings): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)),
    Logger.minimumLogLevel(settings.debug ? LogLevel.Debug : LogLevel.Info)
  )

/** What the operator offers. Fails with InvalidSettings naming the valid toolsets or tools. */
export const operatorSelection = (settings: Settings): Effect.Effect<Selection, InvalidSettings> =>
  Either.match(
    select(
      {
        toolsets: Option.getOrUndefined(settings.toolsets),
        tools: Option.getOrUndefined(settings.tools),
        excludeTools: Option.getOrUndefined(settings.excludeTools),
        readOnly: settings.readOnly
      },
      allTools
    ),
    { onLeft: (problems) => new InvalidSettings({ problems }), onRight: (selection) => Effect.succeed(selection) }
  )

/** The caller over stdio and on the command line. Fails with InvalidSettings when there is no key. */
export const keyCredentials = (settings: Settings) =>
  Option.match(settings.apiKey, {
    onNone: () =>
      new InvalidSettings({
        problems: ["SEQUENTUM_API_KEY is not set. Set it to an API key of your Sequentum account, or use --sandbox."]
      }),
    onSome: (secret) => Effect.succeed(Credentials.of({ scheme: "ApiKey", secret }))
  })

/**
 * Serves MCP until the client goes away, over stdio or as the settings say over HTTP. Fails with InvalidSettings before
 * anything is served, or with Stop when the address can't be listened on.
 */
export const serveMcp = (overrides?: ReadonlyMap<string, string>) =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(overrides)
    if (settings.transport === "http") {
      const { http } = yield* Effect.promise(() => import("./serveHttp.ts"))
      return yield* http(settings)
    }
    const selection = yield* operatorSelection(settings)
    const credentials = yield* keyCredentials(settings)
    yield* serve(selection).pipe(
      Effect.provideService(Credentials, credentials),
      Effect.provide(Layer.merge(serverLayer(settings), loggerLayer(settings)))
    )
  })
