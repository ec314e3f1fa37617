import { assert, describe, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { DataWorkers } from "../../src/data/DataWorkers.ts"
import { dataLayer } from "../support/data.ts"

/** What a preview of the file has, in pieces of any size. */
const read = (fileName: string, bytes: Uint8Array, pieceSize: number) =>
  Effect.gen(function* () {
    const { run } = yield* DataWorkers
    const pieces = Array.from({ length: Math.ceil(bytes.length / pieceSize) }, (_, index) =>
      bytes.slice(index * pieceSize, (index + 1) * pieceSize)
    )
    const answer = yield* run(
      { kind: "preview", fileName, offset: 0, maxRows: 100, format: "records", maxBytes: 10_000_000 },
      [Stream.fromIterable(pieces)],
      { limit: Duration.seconds(30) }
    )
    return answer.kind === "preview" ? answer : assert.fail(answer.kind)
  })

const character = FastCheck.oneof(
  {
    weight: 3,
    arbitrary: FastCheck.constantFrom(
      ",",
      ";",
      "\t",
      "|",
      '"',
      "'",
      "\n",
      "\r",
      " ",
      "\\",
      "0",
      "-",
      "é",
      "😀",
      "村",
      "{",
      "["
    )
  },
  { weight: 2, arbitrary: FastCheck.fullUnicode().filter((one) => one !== "\0" && one !== "\ufeff") }
)
const text = FastCheck.array(character, { maxLength: 8 }).map((characters) => characters.join(""))
const name = text.filter((one) => one !== "")

const table = FastCheck.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((columns) =>
  FastCheck.record({
    columns: FastCheck.constant(columns),
    rows: FastCheck.array(FastCheck.array(text, { minLength: columns.length, maxLength: columns.length }), {
      maxLength: 6
    })
  })
)

interface Dialect {
  readonly separator: string
  readonly lineEnd: string
  readonly quotesAll: boolean
  readonly endsLine: boolean
  readonly encoding: "utf8" | "utf16le"
}

const dialect = FastCheck.record<Dialect>({
  separator: FastCheck.constantFrom(",", ";", "\t", "|"),
  lineEnd: FastCheck.constantFrom("\n", "\r\n"),
  quotesAll: FastCheck.boolean(),
  endsLine: FastCheck.boolean(),
  encoding: FastCheck.constantFrom("utf8", "utf16le")
})

const needsQuotes = /[,;\t|"\r\n]/u

describe("any table", () => {
  layer(dataLayer)((it) => {
    it.effect.prop(
      "of texts, written as CSV in any dialect, reads back the same",
      [table, dialect, FastCheck.integer({ min: 1, max: 40 })],
      ([{ columns, rows }, { encoding, endsLine, lineEnd, quotesAll, separator }, pieceSize]) =>
        Effect.gen(function* () {
          const cell = (value: string) =>
            quotesAll || needsQuotes.test(value) || (value === "" && columns.length === 1)
              ? `"${value.replaceAll('"', '""')}"`
              : value
          const lines = [columns, ...rows].map((cells) => cells.map(cell).join(separator)).join(lineEnd)
          const file = `${encoding === "utf8" ? "" : "\ufeff"}${lines}${endsLine ? lineEnd : ""}`
          const answer = yield* read("a.csv", Buffer.from(file, encoding), pieceSize)
          assert.deepStrictEqual(answer.columns, columns)
          assert.deepStrictEqual(
            answer.rows,
            rows.map((cells) => Object.fromEntries(cells.map((value, index) => [columns[index] ?? "", value])))
          )
          assert.deepStrictEqual(answer.notes, [])
        }),
      { fastCheck: { numRuns: 200 } }
    )

    const record = FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
    it.effect.prop(
      "of records, written as JSON in any of its forms, reads back the same",
      [
        FastCheck.array(record, { minLength: 1, maxLength: 8 }),
        FastCheck.constantFrom("array", "spaced", "lines", "object"),
        FastCheck.integer({ min: 1, max: 40 })
      ],
      ([records, form, pieceSize]) =>
        Effect.gen(function* () {
          const forms: Readonly<Record<string, string>> = {
            array: JSON.stringify(records),
            spaced: `\ufeff ${JSON.stringify(records, null, 2)}\r\n`,
            lines: records.map((one) => `${JSON.stringify(one)}\n`).join("\n"),
            object: JSON.stringify({ total: 1, items: records, next: ["a"] })
          }
          const answer = yield* read(form === "lines" ? "a.jsonl" : "a.json", Buffer.from(forms[form] ?? ""), pieceSize)
          assert.deepStrictEqual(answer.rows.map(inOrder), records.map(inOrder))
        }),
      { fastCheck: { numRuns: 200 } }
    )
  })
})

/** JSON with members in one order, since columns have that of the first record, and with long integers as texts. */
const inOrder = (record: Readonly<Record<string, unknown>>) =>
  JSON.stringify(
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)),
    (_, value: unknown) => (Number.isInteger(value) && !Number.isSafeInteger(value) ? String(value) : value)
  )
