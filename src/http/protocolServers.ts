import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { makeConfirmations, type ConfirmOptions } from "../mcp/confirm.ts"
import type { Era } from "../mcp/era.ts"
import { makeHandlers, type HandlerEnvironment, type RunRequest } from "../mcp/handlers.ts"
import { makeRunEffect } from "../mcp/runRequest.ts"
import { makeServer, type ServerExtension } from "../mcp/server.ts"
import { makeTasks } from "../mcp/tasks.ts"
import type { Sealing } from "../runtime/sealed.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { Deadline, since } from "../sequentum/Deadline.ts"
import { Recipient } from "../sequentum/Recipient.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { Stopping } from "../tools/Stopping.ts"
import { callerOf } from "./admission/Caller.ts"
import { challengeFor } from "./admission/oauth.ts"
import type { Drain } from "./drain.ts"

export interface ProtocolServerOptions {
  readonly extension?: ServerExtension | undefined
  /** Says so to clients. */
  readonly isSandbox: boolean
  readonly drain: Drain
  readonly sealing: Sealing
  /** When the user is asked before a call. */
  readonly confirm: Omit<ConfirmOptions, "sealing">
}

/** Makes protocol servers. Their handlers act for the caller of each request, and record its challenge. */
export const makeProtocolServers = ({ confirm, drain, extension, isSandbox, sealing }: ProtocolServerOptions) =>
  Effect.gen(function* () {
    const tools = yield* ToolRegistry
    const runEffect = yield* makeRunEffect
    const clock = yield* Effect.clock
    const scopes = new Map(tools.list().map(({ name, scope }) => [name, scope]))

    const run: RunRequest = (effect, ctx, own) => {
      const caller = callerOf(ctx)
      return caller === undefined
        ? Promise.reject(new Error("The request has no caller"))
        : runEffect(
            effect,
            own.pipe(
              Context.add(Credentials, caller.credentials),
              Context.add(Deadline, since(caller.arrivedAt)),
              Context.add(Recipient, { isGone: () => caller.isGone }),
              Context.add(Stopping, { started: drain.started })
            ),
            ctx.mcpReq.signal
          )
    }
    const selection: HandlerEnvironment["selection"] = (ctx) => callerOf(ctx)?.selection ?? (() => false)
    const onFailure: HandlerEnvironment["onFailure"] = (error, ctx, tool) => {
      const caller = callerOf(ctx)
      const challenge = challengeFor(error, scopes.get(tool ?? ""), caller?.scopes ?? [])
      if (challenge !== undefined) caller?.recordChallenge(challenge)
    }

    const shared = {
      tools,
      run,
      clock,
      selection,
      onFailure,
      confirm: makeConfirmations({ ...confirm, sealing }),
      tasks: makeTasks({ sealing, taskOf: tools.taskOf })
    }
    const handlersOf = (era: Era) => {
      const ready = Promise.resolve(makeHandlers({ ...shared, era }))
      return () => ready
    }
    const handlers = { legacy: handlersOf("legacy"), modern: handlersOf("modern") }
    return (era: Era) => makeServer({ era, handlers: handlers[era], extension, isSandbox })
  })
