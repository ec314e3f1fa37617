import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loadSettings, type Overrides, type Settings } from "../config.ts"
import { serve } from "../mcp/stdio.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { keyCredentials, loggerLayer } from "./caller.ts"

const choosesTools = ({ excludeTools, readOnly, tools, toolsets }: Settings) =>
  readOnly || [toolsets, tools, excludeTools].some(Option.isSome)

/**
 * Serves MCP over stdio until the client goes away, or over HTTP if the settings say so. Fails with InvalidSettings
 * before it serves anything, or with Stop if it can't listen on the address.
 */
export const serveMcp = (overrides?: Overrides) =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(overrides)
    if (settings.transport === "http") {
      const { http } = yield* Effect.promise(() => import("./http.ts"))
      return yield* http(settings)
    }
    const credentials = yield* keyCredentials(settings)
    const stdio = Effect.promise(() => import("./stdio.ts"))
    // Invalid tool names must stop the start. Without any, loading the tools can wait until the client needs them.
    if (choosesTools(settings)) yield* Effect.flatMap(stdio, ({ checkSelection }) => checkSelection(settings))
    yield* serve(Effect.flatMap(stdio, ({ stdioHandlers }) => stdioHandlers(settings))).pipe(
      Effect.provideService(Credentials, credentials),
      Effect.provide(loggerLayer(settings))
    )
  })
