import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { eastAsianWidth } from "get-east-asian-width"

/** Writes text to stdout. */
export const out = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Writes a line to stderr, for what a program that reads stdout must not see. */
export const note = (text: string) => Effect.sync(() => void process.stderr.write(`${text}\n`))

/** Columns to print in: the width of the terminal, at most 120, or 100 if there is no terminal. */
export const screenWidth = () => Math.min(process.stdout.columns || 100, 120)

/** Highlights text. Without colour each returns the text unchanged. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

/** No highlights. */
export const plainStyle: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text
}

/** The style for a stream: colour on a terminal only, and not if NO_COLOR is set. Source: no-color.org. */
const styleFor = (isTerminal: () => boolean): Effect.Effect<Style> =>
  Effect.map(
    Effect.orElseSucceed(Config.option(Config.string("NO_COLOR")), () => Option.none<string>()),
    (noColor) => {
      if (!isTerminal() || Option.exists(noColor, (value) => value !== "")) return plainStyle
      const style = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
      return { bold: style(1), dim: style(2), good: style(32), bad: style(31) }
    }
  )

export const stdoutStyle = styleFor(() => process.stdout.isTTY)

export const stderrStyle = styleFor(() => process.stderr.isTTY)

/** Control characters and bidirectional overrides: data must not control the terminal. */
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** One line, with control characters replaced. */
export const printable = (text: string): string => text.replaceAll(/\s+/gu, " ").replaceAll(controls, "\ufffd")

const zeroWidth = /^[\p{M}\u200b-\u200d\ufeff]$/u

// Not `string-width`: its Intl.Segmenter adds 25 ms to the start of each command.
const columnsOf = (character: string) => {
  if (character < "\u0300") return 1
  return zeroWidth.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0)
}

/** How many terminal columns text takes. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

/** Pads text with spaces to `width` columns, on the right or the left. */
export const pad = (text: string, width: number, side: "right" | "left" = "right"): string => {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)))
  return side === "right" ? text + spaces : spaces + text
}

const head = (text: string, width: number) => {
  let taken = ""
  let room = width
  for (const character of text) {
    room -= columnsOf(character)
    if (room < 0) break
    taken += character
  }
  return taken
}

/** Printable text, cut to `width` columns. A cut ends in an ellipsis. */
export const cut = (text: string, width: number): string => {
  const line = printable(text)
  return displayWidth(line) <= width ? line : width < 1 ? "" : `${head(line, width - 1).trimEnd()}…`
}

/** Printable lines of at most `width` columns. A longer word, such as a URL, stays whole so that it can be copied. */
export const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text
    .replaceAll(/\s+$/gu, "")
    .split(/\r?\n/u)
    .flatMap((paragraph) => {
      const lines: Array<string> = []
      let line = ""
      for (const word of printable(paragraph).split(" ")) {
        const longer = line === "" ? word : `${line} ${word}`
        if (line !== "" && displayWidth(longer) > width) {
          lines.push(line)
          line = word
        } else line = longer
      }
      return [...lines, line]
    })

/** Indents each line. */
export const indent = (text: string, by = "  "): string => text.replaceAll(/^(?=.)/gmu, by)

const barWidth = 24

/** A progress bar in seconds with a message, such as `[████░░░░] 3/30 s · Running: 40 records`. */
export const bar = (progress: number, total: number, message: string, width: number): string => {
  const part = total <= 0 ? 0 : Math.min(1, Math.max(0, progress / total))
  const full = Math.round(part * barWidth)
  const filled = `${"█".repeat(full)}${"░".repeat(barWidth - full)}`
  return cut(`[${filled}] ${Math.round(progress)}/${Math.round(total)} s · ${message}`, width)
}

/** Clears the line that the cursor is on. */
export const clearLine = "\r\u001b[2K"
