import { ProtocolError, ProtocolErrorCode, Server, type ServerContext } from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Credentials } from "../sequentum/Credentials.ts"
import { Progress } from "../tools/Progress.ts"
import type { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import { version } from "../version.ts"
import { errorResult, successResult } from "./results.ts"

/** Runs a request's Effect, interrupted when the signal aborts. */
export type RunRequest = <A>(effect: Effect.Effect<A, never, Credentials>, signal: AbortSignal) => Promise<A>

export interface ServerEnvironment {
  readonly run: RunRequest
  readonly selection: Selection
}

const listCache = { ttlMs: 5 * 60 * 1000, cacheScope: "private" } as const

/** Sends progress to a client that asked for it; a client that went away is no reason to fail. */
const progressTo = (ctx: ServerContext): Context.Tag.Service<Progress> => {
  const progressToken = ctx.mcpReq._meta?.progressToken
  if (progressToken === undefined) return { report: () => Effect.void }
  return {
    report: (report) =>
      Effect.ignore(
        Effect.tryPromise(() =>
          ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, ...report } })
        )
      )
  }
}

const unknownTool = (name: string) =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${JSON.stringify(name.slice(0, 100))}`)

/** A defect's cause stays on this side: a client is told only that there was one. */
const internalError = new ProtocolError(ProtocolErrorCode.InternalError, "Internal error")

/**
 * Makes the protocol server for one connection or request: lists and calls from the registry, nothing of Sequentum.
 * Registries are built once; making a server only binds handlers to it.
 */
export const makeServer = (tools: Context.Tag.Service<ToolRegistry>, { run, selection }: ServerEnvironment): Server => {
  const server = new Server(
    { name: "sequentum-mcp", title: "Sequentum", version },
    {
      capabilities: { tools: {} },
      cacheHints: { "tools/list": listCache, "server/discover": listCache }
    }
  )
  const isOffered = (name: string) => tools.offers(name, selection)

  server.setRequestHandler("tools/list", () => ({
    tools: tools.list(selection).map(({ description, hints, inputSchema, name, outputSchema, title }) => ({
      name,
      title,
      description,
      inputSchema: { ...inputSchema, type: "object" as const },
      outputSchema: { ...outputSchema, type: "object" as const },
      annotations: { title, ...hints }
    }))
  }))

  server.setRequestHandler("tools/call", async ({ params }, ctx) => {
    const outcome = await run(
      tools.call(params.name, params.arguments ?? {}, selection).pipe(
        Effect.match({
          onSuccess: successResult,
          onFailure: (error) => (error._tag === "UnknownTool" ? unknownTool(error.tool) : errorResult(error, isOffered))
        }),
        Effect.provideService(Progress, progressTo(ctx)),
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.interrupt
            : Effect.as(Effect.logError("Tool call failed", cause), internalError)
        )
      ),
      ctx.mcpReq.signal
    )
    if (outcome instanceof ProtocolError) throw outcome
    return outcome
  })

  return server
}
