import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Writes text to stdout. */
export const out = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Width to print for: that of the terminal, at most 120 columns, or 100 where there is none. */
export const screenWidth = () => Math.min(process.stdout.columns || 100, 120)

/** Ways to set text off; each gives it back as it is where there is no colour. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

/** The style for stdout: colour on a terminal only, and not where NO_COLOR asks for none. */
export const stdoutStyle: Effect.Effect<Style> = Effect.map(
  Effect.orElseSucceed(Config.option(Config.string("NO_COLOR")), () => Option.none<string>()),
  (noColor) => {
    const coloured = process.stdout.isTTY && !Option.exists(noColor, (value) => value !== "")
    const style = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text)
    return { bold: style(1), dim: style(2), good: style(32), bad: style(31) }
  }
)

/** Control characters, and those that turn the direction of text: data must not steer a terminal. */
const steering = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** Text on one line that a terminal only shows. */
export const printable = (text: string): string => text.replaceAll(/\s+/gu, " ").replaceAll(steering, "\ufffd")

const zeroWidth = /^[\p{M}\u200b-\u200d\ufeff]$/u
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u

const columnsOf = (character: string) => {
  if (character.length === 1 && character < "\u0300") return 1
  return zeroWidth.test(character) ? 0 : wide.test(character) ? 2 : 1
}

/** How many terminal columns text takes. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

/** Fills text with spaces to `width` columns, on its right or its left. */
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

/** Printable text that is cut to `width` columns, with an ellipsis where something is missing. */
export const cut = (text: string, width: number): string => {
  const line = printable(text)
  return displayWidth(line) <= width ? line : width < 1 ? "" : `${head(line, width - 1).trimEnd()}…`
}

/** Printable lines of at most `width` columns. A word that is longer, such as a URL, stays whole so it can be copied. */
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

/** Takes back the line that the cursor is on. */
export const clearLine = "\r\u001b[2K"
