import { createInterface } from "node:readline/promises"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "../config.ts"
import { declined, notAsked, saidYes, type Answer, type Confirm } from "../tools/Confirm.ts"
import { ConfirmationNeeded } from "../tools/errors.ts"
import { printable } from "./print.ts"

const saidNo = declined("You did not confirm this. Nothing was done.")

const yes = /^\s*(?:y|yes)\s*$/iu

/** Asks on the terminal. An end of input counts as no. */
const ask = (question: string): Effect.Effect<Answer> =>
  Effect.acquireUseRelease(
    Effect.sync(() => createInterface({ input: process.stdin, output: process.stderr })),
    (terminal) =>
      Effect.promise(async (signal) => {
        const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")))
        const answer = terminal.question(`${printable(question)} [y/N] `, { signal })
        return yes.test(await Promise.race([answer, closed])) ? saidYes : saidNo
      }),
    (terminal) => Effect.sync(() => terminal.close())
  )

const isTerminal = () => process.stdin.isTTY && process.stderr.isTTY

/** Asks the person at the terminal. `isYes` is their answer to every question, given beforehand. */
export const makeTerminalConfirm = (
  { confirm, confirmSkip }: Pick<Settings, "confirm" | "confirmSkip">,
  isYes: boolean
): Context.Tag.Service<Confirm> => ({
  ask: ({ question, tool }) => {
    if (isYes || confirm === "never" || confirmSkip.includes(tool)) return Effect.succeed(saidYes)
    if (confirm === "auto" && !isTerminal()) return Effect.succeed(notAsked)
    return Effect.flatMap(
      question,
      Option.match({
        onNone: () => Effect.succeed(notAsked),
        onSome: (text) =>
          isTerminal() ? ask(text) : new ConfirmationNeeded({ question: `${text} Answer by --yes.`, state: "" })
      })
    )
  }
})
