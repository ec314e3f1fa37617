import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Settings } from "../config.ts"
import { makeConfirmations } from "../mcp/confirm.ts"
import { makeHandlers, type RunRequest } from "../mcp/handlers.ts"
import { makeTasks } from "../mcp/tasks.ts"
import { makeRunEffect } from "../mcp/runRequest.ts"
import type { Era } from "../mcp/era.ts"
import { makeLoggable } from "../mcp/requestLog.ts"
import { makeSealing } from "../runtime/sealed.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { operatorSelection, serverLayer } from "./layers.ts"
import { allTools } from "../tools/catalog/all.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { Stopping } from "../tools/Stopping.ts"

/** Fails with InvalidSettings if the settings name an unknown tool or toolset. */
export const checkSelection = (settings: Settings) => Effect.asVoid(operatorSelection(settings))

/** Makes the function that logs a request, masked, at debug level. */
export const makeRequestLog = () => {
  const { loggable } = makeLoggable(allTools)
  return (request: unknown): Effect.Effect<void> =>
    Effect.annotateLogs(Effect.logDebug("request"), { body: JSON.stringify(loggable(request)) })
}

/** The handlers for the one caller over stdio. Their services live as long as the scope. */
export const stdioHandlers = (settings: Settings) =>
  Effect.gen(function* () {
    const credentials = yield* Credentials
    const stopping = yield* Stopping
    const selection = yield* Effect.orDie(operatorSelection(settings))
    const services = yield* Layer.build(serverLayer(settings))
    return yield* Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const runEffect = yield* makeRunEffect
      const clock = yield* Effect.clock
      const run: RunRequest = (effect, ctx, own) =>
        runEffect(
          effect,
          own.pipe(Context.add(Credentials, credentials), Context.add(Stopping, stopping)),
          ctx.mcpReq.signal
        )
      const sealing = makeSealing(settings.stateKey)
      const confirm = makeConfirmations({ mode: settings.confirm, skip: settings.confirmSkip, sealing })
      const tasks = makeTasks({ sealing, taskOf: tools.taskOf })
      return (era: Era) => makeHandlers({ tools, run, clock, selection: () => selection, era, confirm, tasks })
    }).pipe(Effect.provide(services))
  })
