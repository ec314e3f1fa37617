import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loadSettings, type Settings } from "../config.ts"
import { serve } from "../mcp/stdio.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { version } from "../runtime/version.ts"
import { keyCredentials, loggerLayer } from "./caller.ts"

const choosesTools = ({ excludeTools, readOnly, tools, toolsets }: Settings) =>
  readOnly || [toolsets, tools, excludeTools].some(Option.isSome)

/** For a person who starts the program by itself, where a client would. */
const notice = `sequentum-mcp ${version} speaks MCP over stdin and stdout: an MCP client starts it and talks to it.
To see it work: sequentum-mcp demo. To try it without an account: sequentum-mcp --sandbox.
For all commands and settings: sequentum-mcp --help.
`

/**
 * Serves MCP until the client goes away, over stdio or as the settings say over HTTP. Fails with InvalidSettings before
 * anything is served, or with Stop when the address can't be listened on.
 */
export const serveMcp = (overrides?: ReadonlyMap<string, string>) =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(overrides)
    if (settings.transport === "http") {
      const { http } = yield* Effect.promise(() => import("./http.ts"))
      return yield* http(settings)
    }
    // Logs are worth no failure: a client may close its end of stderr.
    process.stderr.on("error", () => undefined)
    if (overrides === undefined && process.stdin.isTTY) process.stderr.write(notice)
    const credentials = yield* keyCredentials(settings)
    const stdio = Effect.promise(() => import("./stdio.ts"))
    // Names of tools are checked before anything is served; without any, the tools can wait until they are asked for.
    if (choosesTools(settings)) yield* Effect.flatMap(stdio, ({ checkSelection }) => checkSelection(settings))
    yield* serve(Effect.flatMap(stdio, ({ stdioHandlers }) => stdioHandlers(settings))).pipe(
      Effect.provideService(Credentials, credentials),
      Effect.provide(loggerLayer(settings))
    )
  })
