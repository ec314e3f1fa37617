import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { keyCredentials, loggerLayer } from "../app.ts"
import { operatorSelection, serverLayer } from "../services.ts"
import { loadSettings } from "../config.ts"
import { errorText } from "../mcp/results.ts"
import { Stop } from "../run.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { Progress } from "../tools/Progress.ts"
import { ToolRegistry } from "../tools/registry.ts"
import type { Overrides } from "./options.ts"
import { bar, describe, out, screenWidth } from "./print.ts"

const clearLine = "\r\u001b[2K"

const writeStatus = (text: string) => Effect.sync(() => void process.stderr.write(text))

/** Draws progress on stderr where that is a terminal. */
const terminalProgress = Progress.context({
  report: ({ message, progress, total }) =>
    process.stderr.isTTY ? writeStatus(`${clearLine}${bar(progress, total, message, screenWidth())}`) : Effect.void
})

const parseArguments = (json: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(json),
    catch: () => new Stop({ lines: [`The arguments are not JSON: ${JSON.stringify(json.slice(0, 60))}.`] })
  })

/** Calls one tool and prints its result. Fails with Stop, in the words a model would read, when the tool fails. */
export const call = (tool: string, json: string, asJson: boolean, overrides: Overrides) =>
  Effect.gen(function* () {
    const args = yield* parseArguments(json)
    const settings = yield* loadSettings(overrides)
    const selection = yield* operatorSelection(settings)
    const credentials = yield* keyCredentials(settings)
    yield* Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const result = yield* tools.call(tool, args, selection).pipe(
        Effect.ensuring(process.stderr.isTTY ? writeStatus(clearLine) : Effect.void),
        Effect.mapError((error) =>
          error._tag === "UnknownTool"
            ? new Stop({ lines: [`Unknown tool: ${JSON.stringify(tool)}. See them all with: sequentum-mcp tools`] })
            : new Stop({ lines: [errorText(error, (name) => tools.offers(name, selection))] })
        )
      )
      yield* out(asJson ? JSON.stringify(result) : describe(result, screenWidth()))
    }).pipe(
      Effect.provide(terminalProgress),
      Effect.provideService(Credentials, credentials),
      Effect.provide(Layer.merge(serverLayer(settings), loggerLayer(settings)))
    )
  })
