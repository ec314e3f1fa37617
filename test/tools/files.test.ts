import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { FileId } from "../../src/sequentum/schemas/common.ts"
import { callOver } from "../support/fakes.ts"

const encoder = new TextEncoder()

/** The text in pieces, as it would arrive. They end anywhere, also inside a character. */
const pieces = (text: string, size = 7) => {
  const bytes = encoder.encode(text)
  return Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size))
  )
}

const previewOf = (name: string, content: Stream.Stream<Uint8Array>, maxRows = 2, fileId = 3) =>
  callOver(
    {
      files: {
        list: () => Effect.succeed([{ id: FileId.make(3), name, fileSize: 1_468_006 }]),
        content: () => content
      }
    },
    "preview_run_file",
    { agentId: 7, runId: 90, fileId, maxRows }
  )

const x1y2 = { x: "1", y: "2" }

/** What, name, text, rows, whether there are more, whether there is a notice (by default if there are more). */
const cases: ReadonlyArray<readonly [string, string, string, ReadonlyArray<unknown>, boolean, boolean?]> = [
  [
    "CSV with quotes, line breaks and a byte order mark",
    "a.csv",
    '\ufeffname,price\n"a,\n""b""",1\nç,2\nd,3\n',
    [
      { name: 'a,\n"b"', price: "1" },
      { name: "ç", price: "2" }
    ],
    true
  ],
  ["CSV with semicolons", "a.csv", "x;y\n1;2\n", [{ x: "1", y: "2" }], false],
  ["a header without rows", "a.csv", "x,y\n", [], false],
  ["tab-separated values", "a.tsv", "x\ty\n1\t2\n", [{ x: "1", y: "2" }], false],
  ["a JSON array", "a.json", '[{"a":1,"b":{"c":[1]}},{"a":2},{"a":3}]', [{ a: 1, b: { c: [1] } }, { a: 2 }], true],
  ["a JSON array inside an object", "a.json", '{"total":1,"records":[{"a":1}]}', [{ a: 1 }], false, true],
  ["a JSON value a line", "a.jsonl", '{"a":{"b":1}}\n{"a":2}\n{"a":3}\n', [{ a: { b: 1 } }, { a: 2 }], true],
  ["one JSON object", "a.json", '{"a":1}', [{ a: 1 }], false],
  ["a JSON array of plain values", "a.json", '[1,"two"]', [{ value: 1 }, { value: "two" }], false],
  ["an empty file", "a.csv", "", [], false],
  ["CSV with semicolons, and commas inside quotes", "a.csv", 'x;y\n"1,5";"2;5"\n', [{ x: "1,5", y: "2;5" }], false],
  ["CSV with Windows line ends and no last one", "a.CSV", "x,y\r\n1,2\r\n3,4", [x1y2, { x: "3", y: "4" }], false],
  [
    "CSV whose rows are of uneven length",
    "a.csv",
    "x,y\n1\n1,2,3\n",
    [{ x: "1" }, { ...x1y2, column3: "3" }],
    false,
    true
  ],
  ["CSV with columns that have no name", "a.csv", "x,,\n1,2,3\n", [{ x: "1", column2: "2", column3: "3" }], false],
  ["a file without extension that looks like CSV", "export", "x|y\n1|2\n", [x1y2], false],
  ["a file without extension that looks like JSON", "export", ' [{"a":1}]', [{ a: 1 }], false],
  ["JSON with a byte order mark", "a.json", '\ufeff[{"a":1}]', [{ a: 1 }], false],
  ["a JSON object with a byte order mark", "a.json", '\ufeff{"rows":[{"a":1}]}', [{ a: 1 }], false, true],
  ["JSON lines with Windows line ends", "a.ndjson", '{"a":1}\r\n\r\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }], false],
  ["JSON with escapes and characters beyond the first plane", "a.json", '[{"é":"\\u00e9😀"}]', [{ é: "é😀" }], false],
  ["an empty JSON array", "a.json", "[]", [], false],
  ["an empty JSON array inside an object", "a.json", '{"rows":[]}', [{ rows: [] }], false]
]

describe("preview_run_file shows", () => {
  for (const [what, name, text, rows, more, hasNotice = more] of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const result = yield* previewOf(name, pieces(text))
        assert.deepStrictEqual(result["rows"], rows)
        assert.strictEqual(result["hasMoreRows"], more)
        assert.strictEqual(result["size"], "1.4 MB")
        assert.strictEqual("notice" in result, hasNotice)
      })
    )

    it.effect(`${what}, in pieces of any size`, () =>
      Effect.gen(function* () {
        for (const size of [1, 3, 100_000]) {
          const result = yield* previewOf(name, pieces(text, size))
          assert.deepStrictEqual(result["rows"], rows, `in pieces of ${size}`)
          assert.strictEqual(result["hasMoreRows"], more, `in pieces of ${size}`)
        }
      })
    )
  }
})

describe("preview_run_file", () => {
  it.effect("reads only as much of a large file as its rows need", () =>
    Effect.gen(function* () {
      let read = 0
      const line = encoder.encode(`${"x".repeat(999)}\n`)
      const endless = Stream.repeatEffect(
        Effect.sync(() => {
          read += line.length
          return line
        })
      ).pipe(Stream.rechunk(1))
      const result = yield* previewOf("a.csv", endless)
      assert.isTrue(Array.isArray(result["rows"]) && result["rows"].length === 2)
      assert.isBelow(read, 1_000_000)
    })
  )

  it.effect("ends the download when it has its rows", () =>
    Effect.gen(function* () {
      let ended = false
      const endless = Stream.forever(pieces("1,2\n"))
      yield* previewOf(
        "a.csv",
        Stream.ensuring(
          endless,
          Effect.sync(() => (ended = true))
        )
      )
      assert.isTrue(ended)
    })
  )

  for (const [name, row] of [
    ["a.csv", (value: string) => `"${value}"\n`],
    ["a.json", (value: string) => `{"page":"${value}"}\n`]
  ] as const) {
    it.effect(`shows the huge rows of ${name}, cut, and says so`, () =>
      Effect.gen(function* () {
        const file = (name === "a.csv" ? "page\n" : "") + row("x".repeat(3_000_000)).repeat(3)
        const result = yield* previewOf(name, pieces(file, 65_536), 5)
        assert.isTrue(Array.isArray(result["rows"]) && result["rows"].length === 3)
        assert.strictEqual(result["hasMoreRows"], false)
        assert.strictEqual(result["notice"], "Long texts are cut.")
      })
    )

    it.effect(`fails for ${name} if a row never ends`, () =>
      Effect.gen(function* () {
        const endless = Stream.concat(
          pieces('[{"a":"'.repeat(name === "a.json" ? 1 : 0)),
          Stream.forever(pieces("x".repeat(65_536), 65_536))
        )
        const error = yield* Effect.flip(previewOf(name, endless))
        assert.isTrue(error._tag === "ToolFailure" && /its (?:rows|records) are too long\./u.test(error.message))
      })
    )
  }

  for (const [what, name, text] of [
    ["a file of another kind", "a.xlsx", "PK"],
    ["broken CSV", "a.csv", 'a,b\n"x'],
    ["broken JSON", "a.json", "[{]"]
  ] as const) {
    it.effect(`fails with a sentence for ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(previewOf(name, pieces(text)))
        assert.isTrue(error._tag === "ToolFailure" && /can't be previewed/u.test(error.message))
      })
    )
  }

  it.effect("lists the files of the run when asked for another", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(previewOf("a.csv", Stream.empty, 2, 4))
      assert.isTrue(error._tag === "ToolFailure" && error.message === "Run 90 has no file 4. Its files: 3 (a.csv).")
    })
  )
})

describe("get_run_files shows a size", () => {
  for (const [fileSize, size] of [
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1024, "1.0 KB"],
    [1_468_006, "1.4 MB"],
    [5 * 1024 ** 3, "5.0 GB"],
    [3000 * 1024 ** 4, "3000.0 TB"]
  ] as const) {
    it.effect(`of ${fileSize} bytes as ${size}`, () =>
      Effect.gen(function* () {
        const file = { id: FileId.make(1), name: "a.csv", fileSize }
        const result = yield* callOver({ files: { list: () => Effect.succeed([file]) } }, "get_run_files", {
          agentId: 7,
          runId: 90
        })
        assert.deepStrictEqual(result["files"], [{ fileId: 1, name: "a.csv", sizeBytes: fileSize, size }])
      })
    )
  }
})
