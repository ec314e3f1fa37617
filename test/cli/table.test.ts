import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { displayWidth, plainStyle } from "../../src/cli/print.ts"
import { describe as describeResult, table } from "../../src/cli/table.ts"

describe("a table", () => {
  it("aligns columns, numbers to the right", () => {
    assert.strictEqual(
      table(
        [
          { id: 7, name: "Books" },
          { id: 12, name: "Laptops" }
        ],
        40
      ),
      ["id  name", "──  ───────", " 7  Books", "12  Laptops"].join("\n")
    )
  })

  it("aligns columns after wide characters", () => {
    const [, , first = "", second = ""] = table(
      [
        { author: "村上 光", pages: "12" },
        { author: "Claire", pages: "34" }
      ],
      40
    ).split("\n")
    assert.strictEqual(displayWidth(first.replace("12", "")), displayWidth(second.replace("34", "")))
  })

  it("leaves out columns that are empty in every row", () => {
    assert.strictEqual(table([{ id: 1, b: undefined, c: null, d: "" }, { id: 2 }], 40), "id\n──\n 1\n 2")
  })

  it("cuts texts, never numbers or times", () => {
    assert.strictEqual(
      table([{ id: 123456789, at: "2026-01-31T10:20:30.5Z", text: "a".repeat(60) }], 50).split("\n")[2],
      `123456789  2026-01-31 10:20Z  ${"a".repeat(19)}…`
    )
  })

  it("names the columns that do not fit", () => {
    const row = { title: "t".repeat(30), author: "a".repeat(30), url: "u".repeat(30), upc: "p".repeat(30) }
    const lines = table([row], 40).split("\n")
    assert.match(lines[0] ?? "", /^title\s+author$/u)
    assert.strictEqual(lines[3], "2 more columns: url, upc")
  })

  it.prop(
    "is never wider than the screen",
    [
      FastCheck.array(
        FastCheck.record({ a: FastCheck.string({ unit: "binary" }), b: FastCheck.string(), c: FastCheck.integer() }),
        { minLength: 1 }
      ),
      FastCheck.integer({ min: 20, max: 120 })
    ],
    ([rows, width]) => {
      for (const line of table(rows, width).split("\n")) assert.isAtMost(displayWidth(line), width)
    }
  )
})

describe("a described result", () => {
  it("shows values by name, lists of records as tables and nested values indented", () => {
    assert.strictEqual(
      describeResult(
        { total: 2, agents: [{ id: 1 }], stats: { pages: 3 }, causes: ["a login"], none: [], empty: {} },
        60
      ),
      [
        "total: 2",
        "agents (1)",
        "  id",
        "  ──",
        "   1",
        "stats",
        "  pages: 3",
        "causes",
        "  - a login",
        "none: none",
        "empty: none"
      ].join("\n")
    )
  })

  it("wraps long values and indents them to their start", () => {
    assert.strictEqual(
      describeResult({ note: "one two three four five six" }, 26),
      "note: one two three four\n      five six"
    )
  })

  it("highlights names and headers without changing a column", () => {
    const style = { ...plainStyle, bold: (text: string) => `<${text}>`, dim: (text: string) => `(${text})` }
    assert.strictEqual(
      describeResult({ total: 2, agents: [{ id: 1, name: "x" }], list: ["a"] }, 60, style),
      ["<total>: 2", "<agents> (1)", "  <id  name>", "  (──  ────)", "   1  x", "<list>", "  - a"].join("\n")
    )
  })

  it("keeps a URL whole", () => {
    const url = `https://files.example/${"x".repeat(200)}`
    assert.strictEqual(describeResult({ url }, 40), `url: ${url}`)
  })
})
