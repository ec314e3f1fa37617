import type { Completable } from "../resources/Completions.ts"
import { cleanName } from "../sequentum/schemas/text.ts"

/** One argument of a prompt. Values are cut to `maxLength` characters. */
export interface PromptArgument {
  readonly name: string
  readonly description: string
  readonly required: boolean
  readonly maxLength: number
  readonly completes?: Completable
}

/** The sanitised values of a prompt's arguments; undefined where absent. */
export type PromptValues = Readonly<Record<string, string | undefined>>

/** A prompt: numbered steps that name tools, then what to report. */
export interface Prompt {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly arguments: ReadonlyArray<PromptArgument>
  /** The tools that the text names. The prompt is offered only if all of them are. */
  readonly tools: ReadonlyArray<string>
  readonly text: (values: PromptValues) => string
}

/**
 * Makes a value safe for one line of a prompt: replaces control and line-breaking characters by spaces, removes other invisible
 * characters, collapses white space and cuts the value to `maxLength` characters.
 */
export const sanitise = (value: string, maxLength: number): string =>
  Array.from(
    cleanName(value.replace(/\p{Cc}/gu, " "))
      .replace(/\s+/gu, " ")
      .trim()
  )
    .slice(0, maxLength)
    .join("")
    .trim()
