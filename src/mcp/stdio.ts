import type { JSONRPCRequest } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import type { Readable, Writable } from "node:stream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Credentials } from "../sequentum/Credentials.ts"
import { Stopping } from "../tools/Stopping.ts"
import type { Era } from "./era.ts"
import type { Handlers } from "./handlers.ts"
import { makeServer } from "./server.ts"
import { makeStdioTransport } from "./stdioTransport.ts"

/** Makes the handlers for the era that the client opens with. */
type LoadHandlers = Effect.Effect<(era: Era) => Handlers, never, Scope.Scope | Credentials>

interface StdioOptions {
  /** How long requests under way may go on after the input has ended. Default 10 seconds. */
  readonly drain?: Duration.Duration
  /** Logs a request. */
  readonly logRequest?: ((request: JSONRPCRequest) => Effect.Effect<void>) | undefined
  readonly input?: Readable
  readonly output?: Writable
}

const tooLate = (drain: Duration.Duration) =>
  `The input has ended, and ${Duration.toSeconds(drain)} seconds later there was no result. If this request changes something, that may have been done or not: look before you try again.`

/**
 * Speaks MCP over stdin and stdout, in whichever era the client opens with. When the client closes stdin, requests
 * under way are answered first, waits with what they know by then, and what takes too long with an error; when it
 * closes stdout, they are interrupted. The handlers are loaded once the client has been greeted. Interruption closes
 * the connection and every request under way.
 */
export const serve = (
  load: LoadHandlers,
  { drain = Duration.seconds(10), logRequest, input = process.stdin, output = process.stdout }: StdioOptions = {}
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<Scope.Scope | Credentials>()
      const runPromise = Runtime.runPromise(runtime)
      const runFork = Runtime.runFork(runtime)
      const onRequest =
        logRequest === undefined ? undefined : (request: JSONRPCRequest) => void runFork(logRequest(request))
      const { answered, inputEnded, outputBroken, refusePending, transport } = yield* makeStdioTransport({
        input,
        output
      })
      const loadOnce = yield* Effect.cached(Effect.provideService(load, Stopping, { started: inputEnded }))
      const start = Effect.sync(() =>
        serveStdio(
          ({ era }) => {
            const handlers = () => runPromise(Effect.map(loadOnce, (make) => make(era)))
            setImmediate(() => void handlers())
            return makeServer({ era, handlers, onRequest })
          },
          { transport }
        )
      )
      const drained = Effect.zipRight(
        inputEnded,
        Effect.raceFirst(answered, Effect.delay(refusePending(tooLate(drain)), drain))
      )
      // The connection closes before the scope does, so that requests it interrupts get no response.
      yield* Effect.acquireUseRelease(
        start,
        () => Effect.raceFirst(drained, outputBroken),
        (handle) => Effect.promise(() => handle.close())
      )
    })
  )
