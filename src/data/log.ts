import { jsonBytes } from "./fit.ts"
import { logLevels, type LogAnswer, type LogJob, type LogLevel } from "./protocol.ts"
import { unpacked } from "./readTable.ts"
import { Decoder } from "./text.ts"

const levelWord = /\b(?:(Fatal|FATAL)|(Error|ERROR)|(Warning|WARNING)|(Info|INFO))\b/u

/** The level that a line names; undefined if it names none. */
const levelOf = (line: string): LogLevel | undefined => {
  const found = levelWord.exec(line)
  return found === null ? undefined : logLevels.find((_, index) => found[index + 1] !== undefined)
}

/** The longest line that is shown, in characters. */
const maxLineLength = 2000

/** The longest line that is kept while it is read, in characters. */
const maxHeldLine = 2 ** 20

/**
 * The last lines of a log that have the level or a graver one and contain the text, whatever its case. A line without
 * a level has that of the line before.
 */
export const readLog = async (job: LogJob, bytes: AsyncIterable<Uint8Array>): Promise<LogAnswer> => {
  const wanted = job.level === undefined ? undefined : logLevels.indexOf(job.level)
  const text = job.contains?.toLowerCase()
  const kept: Array<string> = []
  let matchingLines = 0
  let totalLines = 0
  let level: LogLevel | undefined
  let rest = ""

  const line = (raw: string) => {
    const one = raw.endsWith("\r") ? raw.slice(0, -1) : raw
    if (one === "") return
    totalLines += 1
    level = levelOf(one) ?? level
    if (wanted !== undefined && (level === undefined || logLevels.indexOf(level) > wanted)) return
    if (text !== undefined && !one.toLowerCase().includes(text)) return
    matchingLines += 1
    kept.push(
      one.length > maxLineLength
        ? `${one.slice(0, maxLineLength)}… [${one.length - maxLineLength} more characters omitted]`
        : one
    )
    if (kept.length > job.lines) kept.shift()
  }
  const write = (piece: string) => {
    // A carriage return at the end may be half of a line end.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/u)
    rest = lines.pop() ?? ""
    lines.forEach(line)
    if (rest.length > maxHeldLine) {
      line(rest)
      rest = ""
    }
  }

  const decoder = new Decoder()
  for await (const chunk of unpacked(bytes)) write(decoder.write(chunk))
  write(decoder.end())
  line(rest)

  let left = job.maxBytes
  let from = kept.length
  while (from > 0) {
    left -= jsonBytes(kept[from - 1])
    if (left < 0) break
    from -= 1
  }
  const lines = kept.slice(from)
  return {
    kind: "log",
    lines,
    matchingLines,
    totalLines,
    notes: [
      ...(lines.length < kept.length
        ? [`${lines.length} of ${kept.length} lines fit the size limit: the last ones are shown.`]
        : []),
      ...(decoder.hasReplaced ? ["Characters that are not valid in the file's encoding are shown as \ufffd."] : [])
    ]
  }
}
