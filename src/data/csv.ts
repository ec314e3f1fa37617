import { parse } from "csv-parse"
import { Columns, distinct } from "./Columns.ts"
import { Unreadable } from "./errors.ts"
import type { Reader, TakeRow } from "./Reader.ts"

const separators = [",", ";", "\t", "|"] as const
type Separator = (typeof separators)[number]

const isSeparator = (character: string) => separators.some((separator) => separator === character)

/** How many records after the header are looked at for the separator. */
const maxSampled = 20

/** The longest record, in bytes of UTF-8. */
const maxRecordBytes = 8 * 2 ** 20

/** How many cells each of the first records has if `separator` stands between them, quoted parts aside. */
const cellCounts = (text: string, separator: Separator, isWhole: boolean): ReadonlyArray<number> => {
  const counts: Array<number> = []
  let cells = 1
  let isQuoted = false
  let isEmpty = true
  /** Whether a quote begins a quoted part here: at the start of a cell, or as the second of a doubled one. */
  let opens = true
  for (const character of text) {
    if (isQuoted) {
      isQuoted = character !== '"'
      opens = !isQuoted
    } else if (character === "\n" || character === "\r") {
      if (!isEmpty) counts.push(cells)
      if (counts.length > maxSampled) return counts
      cells = 1
      isEmpty = true
      opens = true
    } else {
      isEmpty = false
      isQuoted = character === '"' && opens
      // After any of the separators: the quotes are the same whichever it is.
      opens = isSeparator(character)
      if (character === separator) cells += 1
    }
  }
  if (isWhole && !isEmpty) counts.push(cells)
  return counts
}

/** The separator by which the header has more than one cell and most of the next records have as many. */
const separatorOf = (head: string, isWhole: boolean, preferred: Separator): Separator => {
  const scored = [...new Set([preferred, ...separators])].map((separator) => {
    const [header = 1, ...next] = cellCounts(head, separator, isWhole)
    const agreeing = next.filter((cells) => cells === header).length
    return { separator, header, share: next.length === 0 ? 0 : agreeing / next.length }
  })
  const [best] = scored.sort(
    (left, right) =>
      Number(right.header > 1) - Number(left.header > 1) || right.share - left.share || right.header - left.header
  )
  return best?.separator ?? preferred
}

const namesOf = (header: ReadonlyArray<string>): ReadonlyArray<string> => {
  const taken = new Set(header.filter((name) => name !== ""))
  const used = new Set<string>()
  return header.map((given, index) => {
    const name = given === "" ? distinct(`column${index + 1}`, (one) => taken.has(one) || used.has(one)) : given
    const own = distinct(name, (one) => used.has(one) || (one !== name && taken.has(one)))
    used.add(own)
    return own
  })
}

const problemOf = (error: Error): string => {
  if ("code" in error && error.code === "CSV_MAX_RECORD_SIZE") return "its rows are too long"
  return "code" in error && error.code === "CSV_QUOTE_NOT_CLOSED"
    ? "it ends in the middle of a quoted text"
    : "it is not valid CSV"
}

/** Reads CSV and its relatives. `head` is the beginning of the file, which is also written. */
export const csvReader = (head: string, isWhole: boolean, preferred: Separator, take: TakeRow): Reader => {
  const columns = new Columns()
  let names: ReadonlyArray<string> | undefined
  let places: ReadonlyArray<number> = []
  let rows = 0
  let longRows = 0
  let longest = 0
  let isEnough = false
  let broken: string | undefined

  /** Columns for cells beyond the header. */
  const widen = (length: number) => {
    const added: Array<number> = [...places]
    for (let index = added.length; index < length; index++) {
      const name = distinct(`column${index + 1}`, (one) => columns.names.includes(one))
      added.push(columns.place(name))
    }
    places = added
  }

  const record = (cells: ReadonlyArray<string>): null => {
    // Else the library makes an error, with copies of the row, of each that is longer or shorter than the first: 60 µs.
    info.records = 0
    if (isEnough) return null
    if (names === undefined) {
      names = namesOf(cells)
      places = names.map((name) => columns.place(name))
      return null
    }
    rows += 1
    if (cells.length > names.length) {
      longRows += 1
      longest = Math.max(longest, cells.length)
      if (cells.length > places.length) widen(cells.length)
    }
    const kept = columns.omitted === 0 ? cells : cells.filter((_, index) => (places[index] ?? -1) >= 0)
    isEnough = !take(kept)
    return null
  }

  // Excel's first line, which is no record: it names the separator.
  const [firstLine, named] = /^sep=([^\r\n])(?:\r\n?|\n)/iu.exec(head) ?? []
  let skipped = firstLine?.length ?? 0
  const parser = parse({
    bom: true,
    delimiter: named ?? separatorOf(head, isWhole, preferred),
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: maxRecordBytes,
    on_record: record
  })
  const info: { records: number } = parser.info
  parser.resume()

  /** What was read before the fault counts, if there is any. */
  const settle = (error: Error | null | undefined): string | undefined => {
    if (error === null || error === undefined || isEnough || broken !== undefined) return undefined
    broken = problemOf(error)
    return rows === 0 ? broken : undefined
  }
  const settled = (send: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      send((error) => {
        const problem = settle(error)
        if (problem === undefined) resolve()
        else reject(new Unreadable({ problem }))
      })
    })
  // Every failure is also given to the callback of its write.
  parser.on("error", () => undefined)

  return {
    format: "csv",
    columns,
    isUntyped: true,
    write: (text) => {
      const rest = text.slice(skipped)
      skipped -= text.length - rest.length
      return broken === undefined && !isEnough ? settled((done) => parser.write(rest, done)) : Promise.resolve()
    },
    end: () => (broken === undefined && !isEnough ? settled((done) => parser.end(done)) : Promise.resolve()),
    notes: () => [
      ...(columns.omitted > 0
        ? [
            `The file has ${columns.names.length + columns.omitted} columns: the first ${columns.names.length} are read.`
          ]
        : []),
      ...(longRows > 0
        ? [
            `${longRows} of ${rows} rows have more cells than the header has names, up to ${longest}: those are column${(names?.length ?? 0) + 1} and up.`
          ]
        : []),
      ...(broken === undefined ? [] : [`Only the ${rows} rows before a fault are read: ${broken}.`])
    ]
  }
}
