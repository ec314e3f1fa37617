import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import * as Effect from "effect/Effect"
import { Credentials } from "../sequentum/Credentials.ts"
import { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import { makeRunEffect } from "./runRequest.ts"
import { makeServer, type RunRequest } from "./server.ts"

/**
 * Speaks MCP over stdin and stdout, in whichever era the client opens with, until the client closes stdin or stdout
 * breaks. Interruption closes the connection and every call under way.
 */
export const serve = (selection: Selection) =>
  Effect.scoped(
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const credentials = yield* Credentials
      const runEffect = yield* makeRunEffect
      const run: RunRequest = (effect, ctx) =>
        runEffect(Effect.provideService(effect, Credentials, credentials), ctx.mcpReq.signal)
      yield* Effect.async<void>((resume) => {
        const transport = new StdioServerTransport()
        const ended = () => resume(Effect.void)
        process.stdin.once("end", ended).once("close", ended)
        process.stdout.once("error", ended)
        const handle = serveStdio(({ era }) => makeServer({ tools, run, selection: () => selection, era }), {
          transport
        })
        return Effect.promise(() => handle.close())
      })
    })
  )
