import * as Effect from "effect/Effect"
import { ownCredentials, logToStderr } from "../serve/caller.ts"
import { operatorSelection, serverLayer } from "../serve/layers.ts"
import { loadSettings, type Overrides } from "../config.ts"
import { errorText } from "../mcp/results.ts"
import { Stop } from "../serve/runMain.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { Progress } from "../tools/Progress.ts"
import { allTools } from "../tools/catalog/all.ts"
import { Confirm, type Unconfirmed } from "../tools/Confirm.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { everything, type Selection } from "../tools/selection.ts"
import { readCallArguments } from "./callArguments.ts"
import { makeTerminalConfirm } from "./confirm.ts"
import { didYouMean } from "./nearest.ts"
import { callProblem, waitProblem } from "./outcome.ts"
import { bar, clearLine, note, out, printable, screenWidth, stdoutStyle } from "./print.ts"
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

const listHint = "List them with: sequentum-mcp tools"

/** The tool of that name. Fails with Stop if it is unknown or not offered. */
export const findTool = (name: string, selection: Selection = everything) => {
  const tool = allTools.find((one) => one.name === name)
  if (tool !== undefined && selection(tool)) return Effect.succeed(tool)
  if (tool !== undefined) {
    return new Stop({ lines: [`The tool ${name} is not offered under these flags and settings.`], problem: "usage" })
  }
  const names = allTools.filter(selection).map((one) => one.name)
  return new Stop({
    lines: [`Unknown tool: ${JSON.stringify(name.slice(0, 100))}.${didYouMean(name, names)} ${listHint}`],
    problem: "usage"
  })
}

const keepSandbox =
  "This sandbox has ended. To keep one between calls, run sequentum-mcp sandbox, and call with SEQUENTUM_API_URL=http://127.0.0.1:4010 SEQUENTUM_API_KEY=any in place of --sandbox."

interface CallOptions {
  readonly asJson: boolean
  readonly failOnFailure: boolean
  /** The account ends with the command. */
  readonly isSandbox: boolean
  /** The answer to every question of a confirmation. */
  readonly isYes: boolean
}

/**
 * Calls one tool and prints its result. If the tool fails, fails with Stop and the text that a model would get. After a
 * wait that ended before the run did, fails with Stop once the result is printed.
 */
export const call = (
  name: string,
  words: ReadonlyArray<string>,
  { asJson, failOnFailure, isSandbox, isYes }: CallOptions,
  overrides: Overrides
) =>
  Effect.gen(function* () {
    const settings = yield* loadSettings(overrides)
    const selection = yield* operatorSelection(settings)
    const tool = yield* findTool(name, selection)
    const args = yield* readCallArguments(tool, words)
    const credentials = yield* ownCredentials(settings)
    const { clear, progress } = progressBar()
    let isRefused = false
    const { ask } = makeTerminalConfirm(settings, isYes)
    const confirm = {
      ask: (call: Unconfirmed) =>
        Effect.tap(ask(call), (answer) =>
          Effect.sync(() => {
            isRefused = !answer.confirmed
          })
        )
    }
    yield* Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const result = yield* tools.call(name, args, selection).pipe(
        Effect.provideService(Confirm, confirm),
        Effect.ensuring(clear),
        Effect.mapError((error) => {
          const text =
            error._tag === "UnknownTool"
              ? `Unknown tool. ${listHint}`
              : errorText(error, (one) => tools.offers(one, selection))
          return new Stop({ lines: [printable(text)], problem: callProblem(error) })
        })
      )
      yield* out(asJson ? result.json : describe(result.value, screenWidth(), yield* stdoutStyle))
      if (isSandbox && !asJson && !tool.annotations.readOnlyHint) yield* note(keepSandbox)
      if (isRefused) return yield* new Stop({ lines: [], problem: "refused" })
      const problem = waitProblem(name, args, result.value, failOnFailure)
      if (problem === undefined) return
      yield* note(problem.line)
      return yield* new Stop({ lines: [], problem: problem.problem })
    }).pipe(
      Effect.provide(progress),
      Effect.provideService(Credentials, credentials),
      Effect.provide(serverLayer(settings)),
      logToStderr(settings)
    )
  })
