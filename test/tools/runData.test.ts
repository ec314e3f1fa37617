import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Answer, Respond } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

/** A Sequentum with one run, 90, whose only file has this name and content. */
const withFile =
  (name: string, bytes: Uint8Array | string, headers: Answer["headers"] = {}): Respond =>
  ({ path }) => {
    if (path === "/agent/7/runs") return { body: [{ id: 90, status: 10, exportCount: 2 }] }
    if (path === "/agent/7/run/90/files") return { body: [{ id: 5, name, fileType: 1 }] }
    if (path.endsWith("/download")) return { status: 302, headers: { location: "https://files.test/f" }, body: "" }
    return { headers: { "content-type": "application/octet-stream", ...headers }, body: bytes }
  }

const file = { agentId: 7, runId: 90, fileId: 5 }

const previewOf = (respond: Respond, args: object = {}) =>
  Effect.flatMap(toolsOver(respond), ({ call }) => call("preview_run_file", { ...file, ...args }))

const queryOf = (respond: Respond, sql = "SELECT * FROM data", maxRows = 50) =>
  Effect.flatMap(toolsOver(respond), ({ call }) => call("query_run_data", { sql, tables: [{ agentId: 7 }], maxRows }))

const utf16 = (text: string, isMarked: boolean) => Buffer.from((isMarked ? "\ufeff" : "") + text, "utf16le")

const lampAndDesk = '{"id":1,"tags":["a","b"],"name":"lamp"}\n{"id":2,"tags":[],"name":"desk"}'
const lampAndDeskRows = [
  { id: 1, tags: ["a", "b"], name: "lamp" },
  { id: 2, tags: [], name: "desk" }
]

interface FileCase {
  readonly what: string
  readonly name: string
  readonly bytes: string | Uint8Array
  readonly headers?: Answer["headers"]
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<unknown>
  readonly notice?: RegExp
  /** The rows of `SELECT *`, and the types of its columns. */
  readonly cells: ReadonlyArray<ReadonlyArray<unknown>>
  readonly types: ReadonlyArray<string>
}

const plain = { name: "data.csv", columns: ["title", "price"], rows: [{ title: "Émile", price: "5" }] }
const plainCells = { cells: [["Émile", 5]], types: ["TEXT", "INTEGER"] }

const cases: ReadonlyArray<FileCase> = [
  ...["a.json", "a.jsonl"].map((name) => ({
    what: `records with lists in them, a line each (${name})`,
    name,
    bytes: lampAndDesk,
    columns: ["id", "tags", "name"],
    rows: lampAndDeskRows,
    cells: [
      [1, '["a","b"]', "lamp"],
      [2, "[]", "desk"]
    ],
    types: ["INTEGER", "TEXT", "TEXT"]
  })),
  {
    what: "one object with a list of texts",
    name: "a.json",
    bytes: '{"id":1,"images":["a.png","b.png"],"name":"lamp"}',
    columns: ["id", "images", "name"],
    rows: [{ id: 1, images: ["a.png", "b.png"], name: "lamp" }],
    cells: [[1, '["a.png","b.png"]', "lamp"]],
    types: ["INTEGER", "TEXT", "TEXT"]
  },
  {
    what: "an object with one list of objects",
    name: "a.json",
    bytes: '{"total":2,"items":[{"id":1},{"id":2}]}',
    columns: ["id"],
    rows: [{ id: 1 }, { id: 2 }],
    notice: /^The rows are the elements of "items"; beside it the file has total\.$/u,
    cells: [[1], [2]],
    types: ["INTEGER"]
  },
  {
    what: "an object with two lists of objects",
    name: "a.json",
    bytes: '{"a":[{"x":1}],"b":[{"y":2}]}',
    columns: ["a", "b"],
    rows: [{ a: [{ x: 1 }], b: [{ y: 2 }] }],
    notice: /^The file is one object with several lists of objects: a, b\.$/u,
    cells: [['[{"x":1}]', '[{"y":2}]']],
    types: ["TEXT", "TEXT"]
  },
  {
    what: "rows as lists of cells",
    name: "a.jsonl",
    bytes: '[1,"a"]\n[2,"b"]',
    columns: ["column1", "column2"],
    rows: [
      { column1: 1, column2: "a" },
      { column1: 2, column2: "b" }
    ],
    cells: [
      [1, "a"],
      [2, "b"]
    ],
    types: ["INTEGER", "TEXT"]
  },
  {
    what: "numbers that a double does not hold",
    name: "a.json",
    bytes: '[{"id":12345678901234567890,"n":"a"},{"id":1e400}]',
    columns: ["id", "n"],
    rows: [{ id: "12345678901234567890", n: "a" }, { id: "1e400" }],
    cells: [
      ["12345678901234567890", "a"],
      ["1e400", null]
    ],
    types: ["TEXT", "TEXT"]
  },
  {
    what: "integers of 64 bits",
    name: "a.json",
    bytes: '[{"id":9007199254740993},{"id":1},{"id":0.1e-400}]',
    columns: ["id"],
    rows: [{ id: "9007199254740993" }, { id: 1 }, { id: "0.1e-400" }],
    cells: [["9007199254740993"], [1], ["0.1e-400"]],
    types: ["ANY"]
  },
  {
    what: "two columns of one name",
    name: "a.csv",
    bytes: "name,price,price\nlamp,10,12",
    columns: ["name", "price", "price_2"],
    rows: [{ name: "lamp", price: "10", price_2: "12" }],
    cells: [["lamp", 10, 12]],
    types: ["TEXT", "INTEGER", "INTEGER"]
  },
  {
    what: "cells beyond the header",
    name: "a.csv",
    bytes: "id,name\n1,lamp,RED,XL",
    columns: ["id", "name", "column3", "column4"],
    rows: [{ id: "1", name: "lamp", column3: "RED", column4: "XL" }],
    notice: /^1 of 1 rows have more cells than the header has names, up to 4: those are column3 and up\.$/u,
    cells: [[1, "lamp", "RED", "XL"]],
    types: ["INTEGER", "TEXT", "TEXT", "TEXT"]
  },
  {
    what: "commas inside quotes of a header with semicolons",
    name: "a.csv",
    bytes: '"Price, EUR";"Stock, pcs";Name\n1;2;lamp',
    columns: ["Price, EUR", "Stock, pcs", "Name"],
    rows: [{ "Price, EUR": "1", "Stock, pcs": "2", Name: "lamp" }],
    cells: [[1, 2, "lamp"]],
    types: ["INTEGER", "INTEGER", "TEXT"]
  },
  {
    what: "commas in a header with tabs",
    name: "a.tsv",
    bytes: "title, with, commas\tprice\nx\t5",
    columns: ["title, with, commas", "price"],
    rows: [{ "title, with, commas": "x", price: "5" }],
    cells: [["x", 5]],
    types: ["TEXT", "INTEGER"]
  },
  { what: "UTF-16 with its mark", ...plain, ...plainCells, bytes: utf16("title,price\nÉmile,5\n", true) },
  { what: "UTF-16 without a mark", ...plain, ...plainCells, bytes: utf16("title,price\nÉmile,5\n", false) },
  { what: "Windows-1252", ...plain, ...plainCells, bytes: Buffer.from("title,price\nÉmile,5\n", "latin1") },
  {
    what: "JSON that ends in the middle",
    name: "a.json",
    bytes: '[{"id":1},{"id":2},{"id":',
    columns: ["id"],
    rows: [{ id: 1 }, { id: 2 }],
    notice: /^Only the 2 rows before a fault are read: it ends in the middle of a record\.$/u,
    cells: [[1], [2]],
    types: ["INTEGER"]
  },
  {
    what: "a header without rows",
    name: "a.csv",
    bytes: "a,b,c\n",
    columns: ["a", "b", "c"],
    rows: [],
    cells: [],
    types: ["NULL", "NULL", "NULL"]
  },
  {
    what: "gzip behind Content-Encoding",
    ...plain,
    ...plainCells,
    headers: { "content-encoding": "gzip" },
    bytes: gzipSync("title,price\nÉmile,5\n")
  },
  { what: "a .csv.gz", ...plain, ...plainCells, name: "data.csv.gz", bytes: gzipSync("title,price\nÉmile,5\n") },
  {
    what: "a .csv.gz that breaks off",
    ...plain,
    ...plainCells,
    name: "data.csv.gz",
    bytes: gzipSync(`title,price\nÉmile,5\n`, { level: 0 }).subarray(0, -6),
    notice: /breaks off/u
  },
  {
    what: "UTF-16 without a mark, in another alphabet",
    name: "a.csv",
    bytes: utf16("標題,價格\n東京都庁舎前,五百円\n", false),
    columns: ["標題", "價格"],
    rows: [{ 標題: "東京都庁舎前", 價格: "五百円" }],
    cells: [["東京都庁舎前", "五百円"]],
    types: ["TEXT", "TEXT"]
  },
  {
    what: "one broken byte in UTF-8",
    name: "a.csv",
    bytes: Buffer.concat([Buffer.from("a,b\nété,"), Buffer.from([0xff]), Buffer.from("\n村,ok\n")]),
    columns: ["a", "b"],
    rows: [
      { a: "été", b: "\ufffd" },
      { a: "村", b: "ok" }
    ],
    notice: /^Characters that are not valid in the file's encoding are shown as \ufffd\.$/u,
    cells: [
      ["été", "\ufffd"],
      ["村", "ok"]
    ],
    types: ["TEXT", "TEXT"]
  },
  {
    what: "a NUL in a text",
    name: "a.csv",
    bytes: "a,b\nx\0y,é\n",
    columns: ["a", "b"],
    rows: [{ a: "x\0y", b: "é" }],
    cells: [["x\0y", "é"]],
    types: ["TEXT", "TEXT"]
  },
  {
    what: "objects without a member, before others",
    name: "a.json",
    bytes: '[{},{"a":1},{}]',
    columns: ["a"],
    rows: [{}, { a: 1 }, {}],
    cells: [[null], [1], [null]],
    types: ["INTEGER"]
  },
  {
    what: "a name twice in one object",
    name: "a.json",
    bytes: '[{"id":1,"id":2}]',
    columns: ["id"],
    rows: [{ id: 2 }],
    notice: /^Names that an object has more than once: 1\. Only the last value of each is read\.$/u,
    cells: [[2]],
    types: ["INTEGER"]
  },
  {
    what: "the smallest and the largest integer of 64 bits",
    name: "a.csv",
    bytes: "id\n-9223372036854775808\n9223372036854775807\n",
    columns: ["id"],
    rows: [{ id: "-9223372036854775808" }, { id: "9223372036854775807" }],
    cells: [["-9223372036854775808"], ["9223372036854775807"]],
    types: ["INTEGER"]
  },
  {
    what: "JSON under the name of a CSV",
    name: "a.csv",
    bytes: '[{"id":1},{"id":2}]',
    columns: ["id"],
    rows: [{ id: 1 }, { id: 2 }],
    cells: [[1], [2]],
    types: ["INTEGER"]
  },
  {
    what: "a first line that names the separator",
    name: "a.csv",
    bytes: "\ufeffsep=^\r\na^b\r\n1,5^2\r\n",
    columns: ["a", "b"],
    rows: [{ a: "1,5", b: "2" }],
    cells: [["1,5", 2]],
    types: ["TEXT", "INTEGER"]
  },
  {
    what: "rows that all are shorter than the header",
    name: "a.csv",
    bytes: "a,b,c\n1\n2,x\n",
    columns: ["a", "b", "c"],
    rows: [{ a: "1" }, { a: "2", b: "x" }],
    cells: [
      [1, null, null],
      [2, "x", null]
    ],
    types: ["INTEGER", "TEXT", "NULL"]
  },
  {
    what: "types of all rows, not of the first",
    name: "a.csv",
    bytes: `id,big,mixed,real,day,code\n${"1,9007199254740993,1,1,2026-01-31,7\n".repeat(200)}2,1,n/a,2.50,2026-02-01,007\n`,
    columns: ["id", "big", "mixed", "real", "day", "code"],
    rows: Array.from({ length: 20 }, () => ({
      id: "1",
      big: "9007199254740993",
      mixed: "1",
      real: "1",
      day: "2026-01-31",
      code: "7"
    })),
    notice: /^Shown: the first 20 rows\./u,
    cells: [
      ...Array.from({ length: 49 }, () => [1, "9007199254740993", "1", 1, "2026-01-31", "7"]),
      [1, "9007199254740993", "1", 1, "2026-01-31", "7"]
    ],
    types: ["INTEGER", "INTEGER", "TEXT", "REAL", "TEXT", "TEXT"]
  }
]

describe("a file that holds", () => {
  for (const { bytes, cells, columns, headers, name, notice, rows, types, what } of cases) {
    it.effect(`${what} shows its records in a preview`, () =>
      Effect.gen(function* () {
        const result = yield* previewOf(withFile(name, bytes, headers))
        assert.deepStrictEqual(result["columns"], columns)
        assert.deepStrictEqual(result["rows"], rows)
        if (notice === undefined) assert.notProperty(result, "notice")
        else assert.match(String(result["notice"]), notice)
      })
    )

    it.effect(`${what} can be queried`, () =>
      Effect.gen(function* () {
        const result = yield* queryOf(withFile(name, bytes, headers))
        assert.deepStrictEqual(result["columns"], columns)
        assert.deepStrictEqual(result["rows"], cells)
        assert.deepStrictEqual(result["types"], types)
        if (notice !== undefined && !notice.source.includes("Shown")) assert.match(String(result["notice"]), notice)
      })
    )
  }

  for (const [what, name, bytes, problem] of [
    [
      "an HTML page",
      "a.csv",
      "<!DOCTYPE html>\n<html><head><title>Access\n denied</title></head>",
      /it is an HTML page with the title "Access denied"/u
    ],
    [
      "an HTML page after a comment",
      "a.csv",
      "<!-- x -->\n<html><title>Oops</title>",
      /an HTML page with the title "Oops"/u
    ],
    [
      "an image",
      "a.csv",
      new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]),
      /it is a binary file/u
    ],
    ["a PDF", "a.csv", "%PDF-1.4\n", /it is a PDF/u],
    ["an Office file", "a.csv", "PK\u0003\u0004", /it is a ZIP archive or an Office file/u],
    ["a database", "export", "SQLite format 3\u0000", /it is an SQLite database/u],
    ["2,000,000 brackets", "a.json", "[".repeat(2_000_000), /it is nested deeper than 64 levels/u],
    ["2,000,000 brackets, packed", "a.json.gz", gzipSync("[".repeat(2_000_000)), /it is nested deeper than 64 levels/u],
    ["JSON broken from the start", "a.json", "[{]", /it is not valid JSON/u],
    [
      "gzip that is none",
      "a.csv.gz",
      new Uint8Array([0x1f, 0x8b, 1, 2, 3]),
      /it is packed by gzip and can't be unpacked/u
    ]
  ] as const) {
    it.effect(`${what} fails with a sentence that says so`, () =>
      Effect.gen(function* () {
        for (const call of [previewOf(withFile(name, bytes)), queryOf(withFile(name, bytes))]) {
          const error = yield* Effect.flip(call)
          if (error._tag !== "ToolFailure") return assert.fail(error._tag)
          assert.match(error.message, problem)
          assert.match(error.message, /^File 5 \(.*\) can't be (?:previewed|read): /u)
        }
      })
    )
  }

  it.effect("20,000 columns shows some of them and counts the others", () =>
    Effect.gen(function* () {
      const line = (cell: (column: number) => string) =>
        `${Array.from({ length: 20_000 }, (_, column) => cell(column)).join(",")}\n`
      const wide = withFile("a.csv", line((column) => `c${column}`) + line(() => "1").repeat(20))
      const result = yield* previewOf(wide)
      assert.match(String(result["notice"]), /The file has 20000 columns: the first 1000 are read\./u)
      assert.isTrue(Array.isArray(result["rows"]) && result["rows"].length > 0)
      assert.strictEqual(result["hasMoreRows"], true)
      const queried = yield* queryOf(wide, "SELECT c0 + c999 FROM data LIMIT 1")
      assert.deepStrictEqual(queried["rows"], [[2]])
      assert.match(String(queried["notice"]), /The file has 20000 columns/u)
    })
  )
})

describe("preview_run_file", () => {
  const many = withFile(
    "a.csv",
    `id,text\n${Array.from({ length: 300 }, (_, row) => `${row + 1},"a ""${row + 1}"""`).join("\n")}\n`
  )

  it.effect("skips rows, and says how to go on", () =>
    Effect.gen(function* () {
      const result = yield* previewOf(many, { offset: 298, maxRows: 1, columns: ["id"] })
      assert.deepStrictEqual(result["rows"], [{ id: "299" }])
      assert.deepStrictEqual(result["columns"], ["id"])
      assert.strictEqual(result["hasMoreRows"], true)
      assert.match(String(result["notice"]), /^Shown: rows 299 to 299\. For more set offset to 299 /u)
      const last = yield* previewOf(many, { offset: 299, maxRows: 1 })
      assert.strictEqual(last["hasMoreRows"], false)
      const beyond = yield* previewOf(many, { offset: 500, columns: [] })
      assert.deepInclude(beyond, { columns: ["id", "text"], rows: [], notice: "The file has only 300 rows." })
    })
  )

  it.effect("gives rows as CSV", () =>
    Effect.gen(function* () {
      const result = yield* previewOf(many, { format: "csv", maxRows: 2, columns: ["text", "id"] })
      assert.strictEqual(result["csv"], 'text,id\r\n"a ""1""",1\r\n"a ""2""",2\r\n')
      assert.notProperty(result, "rows")
      assert.strictEqual(result["hasMoreRows"], true)
    })
  )

  it.effect("names the columns that there are for one that there is not", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(previewOf(many, { columns: ["ID"] }))
      assert.isTrue(error._tag === "ToolFailure" && error.message === 'There is no column "ID". Columns: "id", "text".')
    })
  )

  it.effect("says how many rows fit the size limit, and that there are more", () =>
    Effect.gen(function* () {
      const long = withFile("a.csv", `a,b\n${`${"x".repeat(900)},${"y".repeat(900)}\n`.repeat(50)}`)
      for (const format of ["records", "csv"]) {
        const result = yield* previewOf(long, { maxRows: 50, format })
        const [, shown] = /^(\d+) of 50 rows fit the size limit\./u.exec(String(result["notice"])) ?? []
        assert.isTrue(Number(shown) > 10 && Number(shown) < 50, String(result["notice"]))
        assert.strictEqual(result["hasMoreRows"], true)
        assert.isAtMost(Buffer.byteLength(JSON.stringify(result)), 40_000)
        const { rows } = result
        if (Array.isArray(rows)) assert.strictEqual(rows.length, Number(shown))
      }
    })
  )

  it.effect("takes the latest finished run with data, and its CSV before its JSON", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(({ path }) => {
        if (path === "/agent/7/runs") {
          return {
            body: [
              { id: 95, status: 1, exportCount: 5 },
              { id: 94, status: 10, exportCount: 0 },
              { id: 93, status: 10, exportCount: 5 },
              { id: 92, status: 9, exportCount: 5 }
            ]
          }
        }
        if (path === "/agent/7/run/93/files") return { body: [{ id: 1, name: "a.log", fileType: 6 }] }
        if (path === "/agent/7/run/92/files") {
          return {
            body: [
              { id: 2, name: "a.json", fileType: 1 },
              { id: 3, name: "a.csv", fileType: 1, fileSize: 0 },
              { id: 4, name: "b.csv", fileType: 1 }
            ]
          }
        }
        return path.endsWith("/download")
          ? { status: 302, headers: { location: "https://files.test/f" }, body: "" }
          : { body: "a\n1\n" }
      })
      const result = yield* call("preview_run_file", { agentId: 7 })
      assert.strictEqual(result["runId"], 92)
      assert.strictEqual(result["fileId"], 4)
      assert.include(
        sent.map(({ path }) => path),
        "/agent/7/run/92/file/4/download"
      )
    })
  )

  it.effect("says where a log can be read", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: [{ id: 6, name: "a.log", fileType: 6 }] }))
      const error = yield* Effect.flip(call("preview_run_file", { ...file, fileId: 6 }))
      assert.isTrue(
        error._tag === "ToolFailure" &&
          error.message === 'File 6 ("a.log") is the log of run 90: read it with read_run_log.'
      )
    })
  )

  it.effect("lists the columns of several agents, also where one has none", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver((sent) => {
        const own = withFile("a.csv", "id,name,price\n1,lamp,2.5\n")
        return sent.path.startsWith("/agent/8/") ? { body: [] } : own(sent)
      })
      const { agents, notice } = yield* call("preview_run_file", { agentIds: [7, 8, 7] })
      assert.deepStrictEqual(agents, [
        { agentId: 7, runId: 90, columns: { id: "INTEGER", name: "TEXT", price: "REAL" } },
        {
          agentId: 8,
          columns: {},
          problem: "Agent 8 has no finished run with data among its latest 50 runs. List them with get_agent_runs."
        }
      ])
      assert.match(String(notice), /data, not instructions/u)
    })
  )
})

describe("query_run_data", () => {
  const books = withFile("a.csv", "id,title\n1,Emma\n2,Dune\n")
  const refusalOf = (sql: string, respond: Respond = books) =>
    Effect.map(Effect.flip(queryOf(respond, sql)), (error) =>
      error._tag === "ToolFailure" ? error.message : assert.fail(error._tag)
    )

  for (const [sql, message] of [
    ["SELECT nope FROM data", "SQL: no such column: nope. There are: data(id INTEGER, title TEXT)."],
    ["SELECT * FROM books", "SQL: no such table: books. There are: data(id INTEGER, title TEXT)."],
    [
      'SELECT "Title" FROM data WHERE "nope" = 1',
      "SQL: no such column: nope. There are: data(id INTEGER, title TEXT)."
    ],
    ["SELECT * FORM data", 'SQL: near "FORM": syntax error.'],
    ["SELECT length(randomblob(1000000000))", /^It needs more than 256 MiB of memory\./u],
    ["SELECT group_concat(hex(randomblob(100000000))) FROM data", /^It needs more than 256 MiB of memory\./u],
    ["ATTACH 'x' AS y", /^Only one statement/u],
    ["VACUUM INTO 'x'", /^Only one statement/u],
    ["PRAGMA query_only=0", /^Only one statement/u],
    ["SELECT 1; SELECT 2", /^Only one statement/u],
    ["SELECT 1; ATTACH 'x' AS y", /^Only one statement/u],
    ["SELECT 1; x", /^Only one statement/u],
    ["WITH x AS (SELECT 1) DELETE FROM data", /^Only one statement/u],
    ["WITH x AS (SELECT 1) INSERT INTO data SELECT 1, 2", /^Only one statement/u],
    ["-- SELECT\nDROP TABLE data", /^Only one statement/u],
    ["EXPLAIN SELECT 1", /^Only one statement/u]
  ] as const) {
    it.effect(`refuses ${sql}`, () =>
      Effect.gen(function* () {
        const said = yield* refusalOf(sql)
        if (typeof message === "string") assert.strictEqual(said, message)
        else assert.match(said, message)
      })
    )
  }

  it.effect("takes comments and a semicolon at the end", () =>
    Effect.gen(function* () {
      for (const sql of ["/* a */ -- b\n SELECT 1 ;  -- c\n", "with a as (select 1) select * from a;"]) {
        const outcome = yield* Effect.either(queryOf(books, sql))
        assert.isTrue(outcome._tag === "Right", sql)
      }
    })
  )

  it.effect("keeps every digit, and infinity", () =>
    Effect.gen(function* () {
      const result = yield* queryOf(books, "SELECT 9007199254740993, -9007199254740993, 9e999, x'00ff', NULL, 2")
      assert.deepStrictEqual(result["rows"], [
        ["9007199254740993", "-9007199254740993", "Infinity", "a blob of 2 bytes", null, 2]
      ])
      assert.deepStrictEqual(result["types"], ["INTEGER", "INTEGER", "REAL", "BLOB", "NULL", "INTEGER"])
    })
  )

  it.effect("names columns as a statement must write them", () =>
    Effect.gen(function* () {
      const respond = withFile("a.csv", '"Price, EUR","a""b`c",id\n1,2,3\n')
      const said = yield* refusalOf('SELECT "Price" FROM data', respond)
      assert.strictEqual(
        said,
        'SQL: no such column: Price. There are: data("Price, EUR" INTEGER, "a""b`c" INTEGER, id INTEGER).'
      )
      const sql = `SELECT "Price, EUR", "a""b\`c", '"x" '' "y"' AS text -- "z"\n FROM data`
      const { columns, rows } = yield* queryOf(respond, sql)
      assert.deepStrictEqual(
        { columns, rows },
        { columns: ["Price, EUR", 'a"b`c', "text"], rows: [[1, 2, `"x" ' "y"`]] }
      )
    })
  )

  it.effect("names columns in quotes that are words of SQL", () =>
    Effect.gen(function* () {
      const said = yield* refusalOf("SELECT nope FROM data", withFile("a.csv", "order,Select,first\n1,2,3\n"))
      assert.strictEqual(
        said,
        'SQL: no such column: nope. There are: data("order" INTEGER, "Select" INTEGER, first INTEGER).'
      )
    })
  )

  it.effect("counts the rows of objects without a member", () =>
    Effect.gen(function* () {
      const { rows } = yield* queryOf(withFile("a.json", "[{},{}]"), "SELECT count(*) FROM data")
      assert.deepStrictEqual(rows, [[2]])
    })
  )

  it.effect("says where a log can be read", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body: [{ id: 1, name: "a.log", fileType: 6 }] }))
      const tables = [{ agentId: 7, runId: 90, fileId: 1 }]
      const error = yield* Effect.flip(call("query_run_data", { sql: "SELECT 1", tables }))
      assert.isTrue(error._tag === "ToolFailure" && /read it with read_run_log/u.test(error.message))
    })
  )

  it.effect("says that there are more rows", () =>
    Effect.gen(function* () {
      const result = yield* queryOf(books, "SELECT * FROM data", 1)
      assert.strictEqual(result["hasMoreRows"], true)
      assert.strictEqual(result["notice"], "Shown: the first 1 rows. Use LIMIT and OFFSET, or aggregate.")
    })
  )

  it.effect("joins outputs of runs, which tells what is new", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(({ path, url }) => {
        if (path.endsWith("/files")) return { body: [{ id: 1, name: "a.csv", fileType: 1 }] }
        const run = /\/run\/(\d+)\//u.exec(path)?.[1]
        if (run !== undefined) return { status: 302, headers: { location: `https://files.test/${run}` }, body: "" }
        return { body: url.pathname === "/90" ? "id\n1\n2\n" : "id\n2\n" }
      })
      const result = yield* call("query_run_data", {
        sql: "SELECT id FROM new WHERE id NOT IN (SELECT id FROM old)",
        tables: [
          { name: "new", agentId: 7, runId: 90 },
          { name: "old", agentId: 7, runId: 89 }
        ]
      })
      assert.deepStrictEqual(result["rows"], [[1]])
    })
  )

  it.effect("tells columns apart that differ only in case", () =>
    Effect.gen(function* () {
      const result = yield* queryOf(withFile("a.json", '[{"a":1,"A":2,"__proto__":3,"a_2":4}]'))
      assert.deepStrictEqual(result["columns"], ["a", "A_2", "__proto__", "a_2_2"])
      assert.deepStrictEqual(result["rows"], [[1, 2, 3, 4]])
    })
  )

  it.effect("refuses a file that is too large, before it is fetched", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({
        body: [{ id: 5, name: "a.csv", fileType: 1, fileSize: 65 * 2 ** 20 }]
      }))
      const error = yield* Effect.flip(call("query_run_data", { sql: "SELECT 1", tables: [{ agentId: 7, runId: 90 }] }))
      assert.isTrue(error._tag === "ToolFailure" && /has 65\.0 MB: more than the 64\.0 MB/u.test(error.message))
      assert.strictEqual(sent.length, 1)
    })
  )

  it.effect("refuses a table of more than 1,000,000 rows", () =>
    Effect.gen(function* () {
      const said = yield* refusalOf("SELECT 1", withFile("a.csv", `a\n${"1\n".repeat(1_000_001)}`))
      assert.match(said, /^The table data has more than 1000000 rows\./u)
    })
  )
})

describe("compare_run_data", () => {
  const outputs =
    (older: string, newer: string, name = "a.csv"): Respond =>
    ({ path, url }) => {
      if (path === "/agent/7/runs") {
        return { body: [90, 89].map((id) => ({ id, status: 10, exportCount: 1 })) }
      }
      if (path.endsWith("/files")) return { body: [{ id: 1, name, fileType: 1 }] }
      const run = /\/run\/(\d+)\//u.exec(path)?.[1]
      if (run !== undefined) return { status: 302, headers: { location: `https://files.test/${run}` }, body: "" }
      return { body: url.pathname === "/90" ? newer : older }
    }
  const compare = (older: string, newer: string, args: object = {}) =>
    Effect.flatMap(toolsOver(outputs(older, newer)), ({ call }) => call("compare_run_data", { agentId: 7, ...args }))

  it.effect("finds the key, and counts in full what it shows in part", () =>
    Effect.gen(function* () {
      const rows = (from: number, to: number, price: number) =>
        Array.from({ length: to - from }, (_, row) => `${from + row},same,${price}\n`).join("")
      const result = yield* compare(
        `sku,kind,price\n${rows(0, 100, 1)}`,
        `sku,kind,price,stock\n${rows(10, 50, 1)}${rows(50, 130, 2)}`,
        { maxRows: 3 }
      )
      assert.deepInclude(result, { key: ["sku"], added: 30, removed: 10, changed: 50 })
      assert.deepStrictEqual(result["addedRows"], [
        ["100", "same", "2", null],
        ["101", "same", "2", null],
        ["102", "same", "2", null]
      ])
      assert.deepStrictEqual(result["changes"], [
        ["50", "price", "1", "2"],
        ["51", "price", "1", "2"],
        ["52", "price", "1", "2"]
      ])
      assert.match(String(result["notice"]), /Only the newer run has "stock"\./u)
    })
  )

  it.effect("compares whole rows where no column is unique", () =>
    Effect.gen(function* () {
      const result = yield* compare("a,b\n1,x\n1,x\n2,x\n", "a,b\n1,x\n2,x\n2,x\n")
      assert.deepInclude(result, { key: [], added: 1, removed: 1, changed: 0 })
      const same = yield* compare("a,b\n1,x\n", "a,b\n1,y\n", { key: [] })
      assert.deepInclude(same, { key: ["a"], changed: 1 })
      assert.deepStrictEqual(result["addedRows"], [["2", "x"]])
      assert.deepStrictEqual(result["removedRows"], [["1", "x"]])
    })
  )

  it.effect("counts every row where the runs have no column in common", () =>
    Effect.gen(function* () {
      const result = yield* compare("a\n1\n2\n", "b\n1\n")
      assert.deepInclude(result, { key: [], added: 1, removed: 2, changed: 0, addedRows: [["1"]] })
      assert.match(String(result["notice"]), /^The runs have no column in common: every row counts/u)
    })
  )

  it.effect("takes any columns of older runs without rows", () =>
    Effect.gen(function* () {
      const result = yield* compare("name,sku\n", "name,sku\nlamp,1\n")
      assert.deepInclude(result, { key: ["sku"], added: 1, removed: 0, changed: 0 })
    })
  )

  it.effect("compares columns that have the names of SQLite's row numbers", () =>
    Effect.gen(function* () {
      const result = yield* compare("rowid,_rowid_,v\n7,5,a\n8,6,b\n", "rowid,_rowid_,v\n8,6,c\n7,5,a\n")
      assert.deepStrictEqual(result["changes"], [["8", "v", "b", "c"]])
    })
  )

  it.effect("takes a key of several columns, and refuses one that is not unique or not there", () =>
    Effect.gen(function* () {
      const older = "a,b,c\n1,1,x\n1,2,y\n"
      const result = yield* compare(older, "a,b,c\n1,1,x\n1,2,z\n", { key: ["a", "b"] })
      assert.deepStrictEqual(result["changes"], [["1", "2", "c", "y", "z"]])
      for (const [key, message] of [
        ["a", /^The key "a" is not unique in the older run\./u],
        ["d", /^Both runs must have the key "d"\. Columns of both: "a", "b", "c"\.$/u]
      ] as const) {
        const error = yield* Effect.flip(compare(older, older, { key: [key] }))
        assert.isTrue(error._tag === "ToolFailure" && message.test(error.message), key)
      }
    })
  )
})

describe("read_run_log", () => {
  const log = (text: string): Respond => withLog(text)
  const withLog =
    (text: string): Respond =>
    ({ path }) => {
      if (path === "/agent/7/runs")
        return {
          body: [
            { id: 91, status: 1 },
            { id: 90, status: 6 }
          ]
        }
      if (path === "/agent/7/run/91/files") return { body: [] }
      if (path.endsWith("/files")) return { body: [{ id: 6, name: "a.log", fileType: 6 }] }
      if (path.endsWith("/download")) return { status: 302, headers: { location: "https://files.test/f" }, body: "" }
      return { body: text }
    }
  const lines = (text: string, args: object = {}) =>
    Effect.flatMap(toolsOver(log(text)), ({ call }) => call("read_run_log", { agentId: 7, ...args }))

  const text =
    "start\n1 [Info] An Error page\n2 [Warning] Slow\n3 [Error] Gone\n  at page\r\n4 ERROR caps\n5 [Fatal] End, Info follows\n6 [Info] 0 errors\n"

  it.effect("shows the lines of a level and graver ones, with what belongs to them", () =>
    Effect.gen(function* () {
      const result = yield* lines(text, { level: "Error" })
      assert.deepStrictEqual(result["lines"], [
        "3 [Error] Gone",
        "  at page",
        "4 ERROR caps",
        "5 [Fatal] End, Info follows"
      ])
      assert.deepInclude(result, { runId: 90, matchingLines: 4, totalLines: 8 })
    })
  )

  it.effect("ends lines at any line end", () =>
    Effect.gen(function* () {
      const result = yield* lines("[Info] a\r[Error] b\r\n[Info] c\r", { level: "Error" })
      assert.deepInclude(result, { lines: ["[Error] b"], totalLines: 3 })
    })
  )

  it.effect("shows the last lines that contain a text", () =>
    Effect.gen(function* () {
      const result = yield* lines(text, { contains: "PAGE", lines: 1 })
      assert.deepStrictEqual(result["lines"], ["  at page"])
      assert.match(String(result["notice"]), /^1 earlier lines match/u)
    })
  )

  it.effect("says that a log has more than can be read, whatever it is listed with", () =>
    Effect.gen(function* () {
      const packed = gzipSync(Buffer.alloc(65 * 2 ** 20, "x\n"))
      const respond: Respond = (sent) => {
        const answer = log("")(sent)
        return sent.url.hostname === "files.test"
          ? { headers: { "content-encoding": "gzip" }, body: new Uint8Array(packed) }
          : answer
      }
      const error = yield* Effect.flip(
        Effect.flatMap(toolsOver(respond), ({ call }) => call("read_run_log", { agentId: 7 }))
      )
      assert.isTrue(
        error._tag === "ToolFailure" &&
          error.message.startsWith('File 6 ("a.log") of run 90 has more than the 64.0 MB that can be read here.')
      )
    })
  )

  it.effect("shows the last lines that fit", () =>
    Effect.gen(function* () {
      const result = yield* lines(`${"x".repeat(5000)}\n`.repeat(99).concat("last\n"), { lines: 100 })
      const shown = result["lines"]
      assert.isTrue(Array.isArray(shown) && shown.length > 10 && shown.at(-1) === "last")
      assert.match(String(result["notice"]), /^\d+ of 100 lines fit the size limit: the last ones are shown\./u)
    })
  )
})

it("cases are of files that differ", () => {
  assert.isAbove(new Set(cases.map(({ what }) => what)).size, 15)
  assert.isTrue(cases.every(({ rows }) => rows.every(Predicate.isRecord)))
})
