import * as NodeStream from "@effect/platform-node/NodeStream"
import { JSONParser } from "@streamparser/json"
import { parse } from "csv-parse"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

export type Row = Readonly<Record<string, unknown>>

export interface Preview {
  readonly format: "csv" | "json"
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
  /** Whether the file goes on after the last row given. */
  readonly more: boolean
}

/** The file is not CSV or JSON, or is broken; `problem` says how. */
export class UnreadableFile extends Data.TaggedError("UnreadableFile")<{ readonly problem: string }> {}

/** Limit for reading a file in search of rows, in bytes. */
const maxBytes = 8 * 1024 * 1024

/** How much of a file tells its format, in bytes. */
const headBytes = 4096

const isRow: (value: unknown) => value is Row = Predicate.isRecord

const asRow = (value: unknown): Row => (isRow(value) ? value : { value })

const decoder = () => new TextDecoder("utf-8")

const firstCharacter = (head: Uint8Array) => decoder().decode(head.subarray(0, 1024)).trimStart().charAt(0)

const formatOf = (name: string, head: Uint8Array): Option.Option<"csv" | "json"> => {
  const extension = /\.([a-z0-9]+)$/iu.exec(name)?.[1]?.toLowerCase()
  switch (extension) {
    case "json":
    case "jsonl":
    case "ndjson":
      return Option.some("json")
    case "csv":
    case "tsv":
      return Option.some("csv")
    case undefined:
    case "txt":
    case "dat": {
      const first = firstCharacter(head)
      return head.includes(0) ? Option.none() : Option.some(first === "{" || first === "[" ? "json" : "csv")
    }
    default:
      return Option.none()
  }
}

/** The delimiter seen most often in the header line. */
const delimiterOf = (head: Uint8Array) => {
  const line = decoder().decode(head).split(/\r?\n/u, 1)[0] ?? ""
  const count = (delimiter: string) => line.split(delimiter).length
  return [",", ";", "\t", "|"].reduce((best, next) => (count(next) > count(best) ? next : best))
}

/** Lets the parser's other side run: it takes whatever it is given, so rows must get out before more bytes go in. */
const nextTurn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const csvRows = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, head: Uint8Array) =>
  NodeStream.pipeThroughDuplex<R, E, Uint8Array, UnreadableFile, Row>(
    Stream.tap(bytes, () => nextTurn),
    () =>
      parse({
        bom: true,
        columns: (header: ReadonlyArray<string>) => header.map((name, index) => name || `column${index + 1}`),
        delimiter: delimiterOf(head),
        relax_column_count: true,
        relax_quotes: true,
        skip_empty_lines: true,
        max_record_size: maxBytes
      }),
    () => new UnreadableFile({ problem: "it is not valid CSV" })
  )

interface JsonValue {
  readonly value: unknown
  readonly depth: number
  readonly inArray: boolean
}

/**
 * Records of a JSON file as they complete: the elements of the outermost array, of the first array inside an outer
 * object, or, where each line is a value of its own, those values.
 */
const jsonRows = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, head: Uint8Array) => {
  const isArray = firstCharacter(head) === "["
  const values = Stream.unwrap(
    Effect.sync(() => {
      const found: Array<JsonValue> = []
      const parser = new JSONParser({
        paths: isArray ? ["$.*"] : ["$", "$.*.*"],
        keepStack: !isArray,
        separator: ""
      })
      parser.onValue = ({ key, stack, value }) => {
        found.push({ value, depth: stack.length, inArray: typeof key === "number" })
      }
      const fail = () => new UnreadableFile({ problem: "it is not valid JSON" })
      return Stream.mapConcatEffect(bytes, (chunk) =>
        Effect.try({
          try: () => {
            parser.write(chunk)
            return found.splice(0)
          },
          catch: fail
        })
      )
    })
  )
  if (isArray) return Stream.map(values, ({ value }) => asRow(value))
  return values.pipe(
    Stream.mapAccum(false, (nested, { depth, inArray, value }): [boolean, ReadonlyArray<Row>] => {
      if (depth > 0) return inArray ? [true, [asRow(value)]] : [nested, []]
      return nested ? [false, []] : [false, [asRow(value)]]
    }),
    Stream.mapConcat((rows) => rows)
  )
}

/** Enough of a file to tell what it is, however small the pieces in which it arrives. */
const firstBytes = Sink.fold(
  new Uint8Array(),
  (head: Uint8Array) => head.length < headBytes,
  (head, chunk: Uint8Array): Uint8Array => Buffer.concat([head, chunk])
)

/**
 * The stream to its end or, where it goes on beyond what is read, failing after `cut`: a mere end would let a parser
 * take the row at the cut for a whole one.
 */
const bounded = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, cut: Effect.Effect<void>) =>
  bytes.pipe(
    Stream.mapAccum(0, (before, chunk) => [before + chunk.length, { before, chunk }] as const),
    Stream.mapEffect(({ before, chunk }) =>
      before < maxBytes
        ? Effect.succeed(chunk)
        : Effect.zipRight(cut, new UnreadableFile({ problem: "its rows are too long" }))
    )
  )

/**
 * The first `maxRows` records of a CSV or JSON file. Reading stops as soon as they are complete.
 * Fails with UnreadableFile, or with what `bytes` fails with.
 */
export const preview = <E, R>(
  name: string,
  bytes: Stream.Stream<Uint8Array, E, R>,
  maxRows: number
): Effect.Effect<Preview, E | UnreadableFile, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const [head, rest] = yield* Stream.peel(bytes, firstBytes)
      if (head.length === 0) return { format: "csv" as const, columns: [], rows: [], more: false }
      const format = yield* Option.match(formatOf(name, head), {
        onNone: () => new UnreadableFile({ problem: "it is neither CSV nor JSON" }),
        onSome: Effect.succeed
      })
      const cut = yield* Ref.make(false)
      const all = Stream.concat(Stream.make(head), bounded(rest, Ref.set(cut, true)))
      const rows = (format === "csv" ? csvRows(all, head) : jsonRows(all, head)).pipe(
        // What was read before the cut counts.
        Stream.catchAll((error) =>
          Stream.unwrap(Effect.map(Ref.get(cut), (isCut) => (isCut ? Stream.empty : Stream.fail(error))))
        )
      )
      const taken = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(rows, maxRows + 1)))
      const shown = taken.slice(0, maxRows)
      return {
        format,
        columns: [...new Set(shown.flatMap((row) => Object.keys(row)))],
        rows: shown,
        more: taken.length > maxRows || (yield* Ref.get(cut))
      }
    })
  )
