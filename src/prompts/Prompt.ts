import type { Completable } from "../resources/Completions.ts"

/** One argument of a prompt. Longer values are cut to `maxLength` characters. */
export interface PromptArgument {
  readonly name: string
  readonly description: string
  readonly required: boolean
  readonly maxLength: number
  readonly completes?: Completable
}

/** The values of a prompt's arguments, made safe to stand in text; absent ones are undefined. */
export type PromptValues = Readonly<Record<string, string | undefined>>

/** A numbered walk through tools by name that ends in what to report. */
export interface Prompt {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly arguments: ReadonlyArray<PromptArgument>
  /** The tools that it names; it is offered only where they all are. */
  readonly tools: ReadonlyArray<string>
  readonly text: (values: PromptValues) => string
}

/**
 * Makes a value safe to stand on one line of a prompt: control, format and line-breaking characters become spaces, runs
 * of white space one space, and what is longer than `maxLength` characters is cut.
 */
export const sanitise = (value: string, maxLength: number): string =>
  Array.from(
    value
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ")
      .replace(/\s+/gu, " ")
      .trim()
  )
    .slice(0, maxLength)
    .join("")
    .trim()
