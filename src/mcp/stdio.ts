import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Credentials } from "../sequentum/Credentials.ts"
import type { Era } from "./era.ts"
import type { Handlers } from "./handlers.ts"
import { makeServer } from "./server.ts"

/** Makes the handlers for the era that the client opens with. */
type LoadHandlers = Effect.Effect<(era: Era) => Handlers, never, Scope.Scope | Credentials>

/**
 * Speaks MCP over stdin and stdout, in whichever era the client opens with, until the client closes stdin or stdout
 * breaks. The handlers are loaded once the client has been greeted. Interruption closes the connection and every call
 * under way.
 */
export const serve = (load: LoadHandlers) =>
  Effect.scoped(
    Effect.gen(function* () {
      const runPromise = Runtime.runPromise(yield* Effect.runtime<Scope.Scope | Credentials>())
      const loadOnce = yield* Effect.cached(load)
      yield* Effect.async<void>((resume) => {
        const transport = new StdioServerTransport()
        const ended = () => resume(Effect.void)
        process.stdin.once("end", ended).once("close", ended)
        process.stdout.once("error", ended)
        const handle = serveStdio(
          ({ era }) => {
            const handlers = () => runPromise(Effect.map(loadOnce, (make) => make(era)))
            setImmediate(() => void handlers())
            return makeServer({ era, handlers })
          },
          { transport }
        )
        return Effect.promise(() => handle.close())
      })
    })
  )
