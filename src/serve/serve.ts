import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { loadSettings, type Overrides, type Settings } from "../config.ts"
import { serve } from "../mcp/stdio.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { version } from "../runtime/version.ts"
import { ownCredentials, logToStderr } from "./caller.ts"

const choosesTools = ({ excludeTools, readOnly, tools, toolsets }: Settings) =>
  readOnly || [toolsets, tools, excludeTools].some(Option.isSome)

/** For a person who starts the program by itself, where a client would. */
const notice = `sequentum-mcp ${version} speaks MCP over stdin and stdout: an MCP client starts it and talks to it.
To see it work: sequentum-mcp demo. To try it without an account: sequentum-mcp --sandbox.
For all commands and settings: sequentum-mcp --help.
`

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
    // Logs are worth no failure: a client may close its end of stderr.
    process.stderr.on("error", () => undefined)
    if (overrides === undefined && process.stdin.isTTY) process.stderr.write(notice)
    const credentials = yield* ownCredentials(settings)
    const stdio = Effect.promise(() => import("./stdio.ts"))
    // Invalid tool names must stop the start. Without any, loading the tools can wait until the client needs them.
    if (choosesTools(settings)) yield* Effect.flatMap(stdio, ({ checkSelection }) => checkSelection(settings))
    const handlers = Effect.flatMap(stdio, ({ stdioHandlers }) => stdioHandlers(settings))
    const log = yield* Effect.cached(Effect.map(stdio, ({ makeRequestLog }) => makeRequestLog()))
    const logRequest = settings.debug
      ? (request: unknown) => Effect.flatMap(log, (logOne) => logOne(request))
      : undefined
    yield* serve(handlers, { drain: settings.drain, logRequest }).pipe(
      Effect.provideService(Credentials, credentials),
      logToStderr(settings)
    )
  })
