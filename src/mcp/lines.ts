const lineFeed = 0x0a

interface LineOptions {
  /** Longest line in bytes. */
  readonly maxBytes: number
  /** Called for each line, without its line feed. */
  readonly onLine: (line: string) => void
  /** Called once for each line that is too long, as soon as that is known. The line is skipped. */
  readonly onTooLong: () => void
}

/** Splits UTF-8 bytes into lines, however they are cut into chunks. Never keeps more than one line. */
export const makeLineSplitter = ({ maxBytes, onLine, onTooLong }: LineOptions) => {
  let parts: Array<Uint8Array> = []
  let size = 0
  let isSkipping = false

  const add = (part: Uint8Array) => {
    if (isSkipping) return
    size += part.length
    parts.push(part)
    if (size <= maxBytes) return
    parts = []
    isSkipping = true
    onTooLong()
  }

  const endLine = () => {
    const line = isSkipping ? undefined : Buffer.concat(parts).toString("utf8")
    parts = []
    size = 0
    isSkipping = false
    if (line !== undefined) onLine(line)
  }

  return {
    push: (chunk: Uint8Array): void => {
      let start = 0
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
        add(chunk.subarray(start, end))
        endLine()
        start = end + 1
      }
      if (start < chunk.length) add(chunk.subarray(start))
    },
    /** Ends the last line, which may lack its line feed. */
    end: endLine
  }
}
