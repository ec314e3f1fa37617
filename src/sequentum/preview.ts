import * as NodeStream from "@effect/platform-node/NodeStream"
import { JSONParser } from "@streamparser/json"
import { parse } from "csv-parse"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
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

/** The most that is read of a file in search of rows, in bytes. */
const mostBytes = 8 * 1024 * 1024

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
        max_record_size: mostBytes
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
      const bounded = bytes.pipe(
        Stream.mapAccum(0, (sofar, chunk) => [sofar + chunk.length, { chunk, sofar }] as const),
        Stream.takeWhile(({ sofar }) => sofar < mostBytes),
        Stream.map(({ chunk }) => chunk)
      )
      const [first, rest] = yield* Stream.peel(bounded, Sink.head<Uint8Array>())
      if (Option.isNone(first)) return { format: "csv" as const, columns: [], rows: [], more: false }
      const head = first.value
      const format = yield* Option.match(formatOf(name, head), {
        onNone: () => new UnreadableFile({ problem: "it is neither CSV nor JSON" }),
        onSome: Effect.succeed
      })
      const all = Stream.concat(Stream.make(head), rest)
      const rows = format === "csv" ? csvRows(all, head) : jsonRows(all, head)
      const taken = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(rows, maxRows + 1)))
      const shown = taken.slice(0, maxRows)
      return {
        format,
        columns: [...new Set(shown.flatMap((row) => Object.keys(row)))],
        rows: shown,
        more: taken.length > maxRows
      }
    })
  )
