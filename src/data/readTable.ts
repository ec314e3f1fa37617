import { pipeline, Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { csvReader } from "./csv.ts"
import { Unreadable } from "./errors.ts"
import { jsonReader } from "./json.ts"
import type { Reader, TakeRow } from "./Reader.ts"
import { Decoder } from "./text.ts"

/** How much text tells the format of a file, in characters. */
const headLength = 65_536

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/** What a stream gives. Whatever came before a failure is given first, which the stream's own iterator drops. */
const drained = async function* (stream: Readable): AsyncGenerator<Uint8Array> {
  const pieces: Array<Uint8Array> = []
  const end: { isOver: boolean; failure?: Error } = { isOver: false }
  let wake = () => {}
  const ended = (error?: Error) => {
    end.isOver = true
    if (error !== undefined) end.failure ??= error
    wake()
  }
  stream.on("end", () => ended())
  stream.on("error", ended)
  stream.on("data", (piece: Uint8Array) => {
    pieces.push(piece)
    stream.pause()
    wake()
  })
  for (;;) {
    while (pieces.length === 0 && !end.isOver) await new Promise<void>((resolve) => (wake = resolve))
    const piece = pieces.shift()
    if (piece !== undefined) yield piece
    else if (end.failure !== undefined) throw end.failure
    else return
    stream.resume()
  }
}

/** Undoes gzip where the bytes begin like it, whatever the file's name is. */
export const unpacked = async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array()
  let next = await iterator.next()
  while (next.done !== true) {
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
    if (head.length >= 2) break
    next = await iterator.next()
  }
  const all = async function* () {
    yield head
    for (let more = await iterator.next(); more.done !== true; more = await iterator.next()) yield more.value
  }
  if (!isGzip(head)) {
    yield* all()
    return
  }
  const gunzip = createGunzip()
  pipeline(Readable.from(all(), { objectMode: false }), gunzip, () => undefined)
  yield* drained(gunzip)
}

/** The name of a file without what only says how it is packed. */
const plainName = (name: string) => name.toLowerCase().replace(/\.gz$/u, "")

const extensionOf = (name: string) => /\.([a-z0-9]+)$/u.exec(plainName(name))?.[1]

const kinds: ReadonlyArray<readonly [RegExp, string]> = [
  [/^PK(?:\u0003\u0004|$)/u, "it is a ZIP archive or an Office file"],
  [/^%PDF/u, "it is a PDF"],
  [/^SQLite format 3/u, "it is an SQLite database"],
  [/^\s*(?:<!--[\s\S]{0,10000}?-->\s*)*<(?:!doctype\s+html|html|head|body)/iu, "it is an HTML page"],
  [/^\s*<\?xml/iu, "it is XML"]
]

/** What a file is that holds no rows; undefined if it may hold some. */
const otherKind = (head: string): string | undefined => {
  const kind = kinds.find(([begins]) => begins.test(head))?.[1]
  if (kind !== "it is an HTML page") return kind
  const title = /<title[^>]*>([^<]{1,200})/iu.exec(head)?.[1]?.replaceAll(/\s+/gu, " ").trim()
  return title === undefined ? kind : `${kind} with the title ${JSON.stringify(title)}`
}

const neither = "it is neither CSV nor JSON"

/** An image or the like: many of its first characters are control characters, and some are NUL. */
const isBinary = (head: string): boolean => {
  const start = head.slice(0, 1000)
  const controls = start.match(/[\0-\x08\x0e-\x1f]/gu)?.length ?? 0
  return start.includes("\0") && controls > start.length / 10
}

/** An object, or a list of them, whose first member has a name: no CSV begins so, since quotes in it would be doubled. */
const beginsAsJson = /^\s*\[?\s*\{\s*"(?:[^"\\]|\\.){0,1000}"\s*:/u

const readerFor = (name: string, head: string, isWhole: boolean, take: TakeRow): Reader => {
  const other = otherKind(head)
  if (other !== undefined) throw new Unreadable({ problem: other })
  const extension = extensionOf(name)
  if (extension === "jsonl" || extension === "ndjson") return jsonReader(true, take)
  if (extension === "json") return jsonReader(false, take)
  if (isBinary(head)) throw new Unreadable({ problem: "it is a binary file" })
  if (extension === "csv" && beginsAsJson.test(head)) return jsonReader(false, take)
  if (extension === "csv") return csvReader(head, isWhole, ",", take)
  if (extension === "tsv" || extension === "tab") return csvReader(head, isWhole, "\t", take)
  if (extension === "psv") return csvReader(head, isWhole, "|", take)
  if (extension !== undefined && extension !== "txt" && extension !== "dat") throw new Unreadable({ problem: neither })
  if (head.includes("\0")) throw new Unreadable({ problem: neither })
  const first = head.trimStart().charAt(0)
  return first === "{" || first === "[" ? jsonReader(false, take) : csvReader(head, isWhole, ",", take)
}

export interface ReadTable {
  readonly reader: Reader
  readonly notes: ReadonlyArray<string>
  /** Whether the file was read to its end. */
  readonly isWhole: boolean
}

/** What a reading does with what it finds. */
export interface TableUse {
  /** Called once, before the first row. */
  readonly begin: (reader: Reader) => void
  readonly take: TakeRow
  /** Called with how many bytes there were, unpacked, after each piece. May throw. */
  readonly seen?: (bytes: number) => void
}

/**
 * Reads the rows of a file until they end or are enough. Rejects with Unreadable; where a file breaks off after some
 * rows, these count, and a note says so.
 */
export const readTable = async (
  fileName: string,
  bytes: AsyncIterable<Uint8Array>,
  { begin, seen, take }: TableUse
): Promise<ReadTable> => {
  const decoder = new Decoder()
  const notes: Array<string> = []
  let reader: Reader | undefined
  let head = ""
  let total = 0
  const seenRows = { isEnough: false }
  const takeRow: TakeRow = (cells) => {
    seenRows.isEnough = !take(cells)
    return !seenRows.isEnough
  }
  const start = (isWhole: boolean) => {
    const made = readerFor(fileName, head, isWhole, takeRow)
    begin(made)
    return made
  }
  const write = async (text: string) => {
    if (reader !== undefined) return reader.write(text)
    head += text
    if (head.length < headLength) return
    reader = start(false)
    await reader.write(head)
  }

  const read = async () => {
    for await (const chunk of unpacked(bytes)) {
      total += chunk.length
      seen?.(total)
      await write(decoder.write(chunk))
      if (seenRows.isEnough) return
    }
  }
  // A packed file that breaks off is what it held up to there.
  const failure = await read().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error)))
  )
  const isPackingBroken = failure instanceof Error && "code" in failure && String(failure.code).startsWith("Z_")
  if (failure !== undefined && !isPackingBroken) throw failure
  if (isPackingBroken) {
    if (total === 0) throw new Unreadable({ problem: "it is packed by gzip and can't be unpacked" })
    notes.push("The file is packed by gzip and breaks off: what came before is read.")
  }
  if (!seenRows.isEnough) {
    const rest = decoder.end()
    if (reader === undefined) {
      head += rest
      reader = start(true)
      await reader.write(head)
    } else await reader.write(rest)
    await reader.end()
  }
  if (reader === undefined) reader = start(false)
  if (decoder.hasReplaced) notes.push("Characters that are not valid in the file's encoding are shown as \ufffd.")
  return { reader, notes: [...reader.notes(), ...notes], isWhole: !seenRows.isEnough }
}
