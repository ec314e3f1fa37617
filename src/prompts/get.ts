import * as Data from "effect/Data"
import * as Either from "effect/Either"
import { sanitise, type Prompt, type PromptValues } from "./Prompt.ts"
import { allPrompts } from "./prompts.ts"

/** The prompt can't be built. `problem` says why in one sentence. */
export class PromptProblem extends Data.TaggedError("PromptProblem")<{ readonly problem: string }> {}

type IsOffered = (tool: string) => boolean

/** The prompts whose tools are all offered. */
export const listPrompts = (isOffered: IsOffered): ReadonlyArray<Prompt> =>
  allPrompts.filter(({ tools }) => tools.every(isOffered))

/** Builds a prompt. Fails with PromptProblem if the name is unknown or a required argument is missing or blank. */
export const getPrompt = (
  name: string,
  args: Readonly<Record<string, string>>,
  isOffered: IsOffered
): Either.Either<{ readonly description: string; readonly text: string }, PromptProblem> => {
  const prompt = listPrompts(isOffered).find((candidate) => candidate.name === name)
  if (prompt === undefined) {
    return Either.left(new PromptProblem({ problem: `Unknown prompt: ${JSON.stringify(name.slice(0, 100))}` }))
  }
  const values: PromptValues = Object.fromEntries(
    prompt.arguments.map((argument) => {
      const value = Object.hasOwn(args, argument.name) ? sanitise(args[argument.name] ?? "", argument.maxLength) : ""
      return [argument.name, value === "" ? undefined : value]
    })
  )
  const missing = prompt.arguments.filter((argument) => argument.required && values[argument.name] === undefined)
  return missing.length > 0
    ? Either.left(
        new PromptProblem({
          problem: `${prompt.name} needs ${missing.map((argument) => argument.name).join(" and ")}.`
        })
      )
    : Either.right({ description: prompt.description, text: prompt.text(values) })
}
