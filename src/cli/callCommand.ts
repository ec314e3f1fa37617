import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { keyCredentials, loggerLayer } from "../serve/caller.ts"
import { operatorSelection, serverLayer } from "../serve/layers.ts"
import { loadSettings, type Overrides } from "../config.ts"
import { errorText } from "../mcp/results.ts"
import { Stop } from "../serve/runMain.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { Progress } from "../tools/Progress.ts"
import { allTools } from "../tools/catalog/all.ts"
import { ToolRegistry } from "../tools/registry.ts"
import type { Selection } from "../tools/selection.ts"
import { nearest } from "./nearest.ts"

import { bar, clearLine, out, printable, screenWidth } from "./print.ts"
import { describe } from "./table.ts"

/** Shows progress as a line on stderr, on a terminal only, and clears it. */
const progressBar = () => {
  let isDrawn = false
  const write = (text: string) => Effect.sync(() => void process.stderr.write(text))
  const width = () => Math.min(process.stderr.columns || 80, 120) - 1
  return {
    progress: Progress.context({
      report: ({ message, progress, total }) =>
        Effect.suspend(() => {
          if (!process.stderr.isTTY) return Effect.void
          isDrawn = true
          return write(clearLine + bar(progress, total, message, width()))
        })
    }),
    clear: Effect.suspend(() => (isDrawn ? write(clearLine) : Effect.void))
  }
}

const parseArguments = (json: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(json),
    catch: () =>
      new Stop({
        lines: [`The arguments are not JSON: ${JSON.stringify(json.slice(0, 60))}. Quote them: '{"name":"value"}'.`]
      })
  })

const listHint = "List them with: sequentum-mcp tools"

/** Fails with Stop if the tool is unknown or not offered. Checked before the key is needed. */
const checkTool = (name: string, selection: Selection) => {
  const tool = allTools.find((one) => one.name === name)
  if (tool !== undefined && selection(tool)) return Effect.void
  if (tool !== undefined) {
    return new Stop({ lines: [`The tool ${name} is not offered under these flags and settings.`] })
  }
  const close = nearest(
    name,
    allTools.filter(selection).map((one) => one.name)
  )
  const suggestion = close === undefined ? "" : ` Did you mean ${close}?`
  return new Stop({ lines: [`Unknown tool: ${JSON.stringify(name.slice(0, 100))}.${suggestion} ${listHint}`] })
}

/** Calls one tool and prints its result. If the tool fails, fails with Stop and the text that a model would get. */
export const call = (name: string, json: string, asJson: boolean, overrides: Overrides) =>
  Effect.gen(function* () {
    const args = yield* parseArguments(json)
    const settings = yield* loadSettings(overrides)
    const selection = yield* operatorSelection(settings)
    yield* checkTool(name, selection)
    const credentials = yield* keyCredentials(settings)
    const { clear, progress } = progressBar()
    yield* Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const result = yield* tools.call(name, args, selection).pipe(
        Effect.ensuring(clear),
        Effect.mapError((error) => {
          const text =
            error._tag === "UnknownTool"
              ? `Unknown tool. ${listHint}`
              : errorText(error, (one) => tools.offers(one, selection))
          return new Stop({ lines: [printable(text)] })
        })
      )
      yield* out(asJson ? result.json : describe(result.value, screenWidth()))
    }).pipe(
      Effect.provide(progress),
      Effect.provideService(Credentials, credentials),
      Effect.provide(Layer.merge(serverLayer(settings), loggerLayer(settings)))
    )
  })
