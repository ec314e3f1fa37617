import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { optionsFirst, unknownFlag } from "../../src/cli/optionsFirst.ts"
import { bar, cut, describe as describeResult, table } from "../../src/cli/print.ts"

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

  it("leaves out columns that are empty in every row", () => {
    assert.notInclude(table([{ a: 1, b: undefined }, { a: 2 }], 40), "b")
  })

  it.prop(
    "never is wider than the screen",
    [
      FastCheck.array(FastCheck.record({ a: FastCheck.string(), b: FastCheck.string(), c: FastCheck.integer() }), {
        minLength: 1
      })
    ],
    ([rows]) => {
      for (const line of table(rows, 60).split("\n")) assert.isAtMost(line.length, 60)
    }
  )
})

describe("a cut text", () => {
  it("keeps what fits, on one line", () => {
    assert.strictEqual(cut("a\n b", 10), "a b")
  })

  it("ends in an ellipsis where something is missing", () => {
    assert.strictEqual(cut("abcdef", 4), "abc…")
  })
})

describe("a described result", () => {
  it("shows values by name, lists of records as tables and nested values indented", () => {
    assert.strictEqual(
      describeResult({ total: 2, agents: [{ id: 1 }], stats: { pages: 3 }, causes: ["a login"], none: [] }, 60),
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
        "none: none"
      ].join("\n")
    )
  })
})

describe("a progress bar", () => {
  it("is filled by the part that is done and keeps to the width", () => {
    assert.strictEqual(bar(15, 30, "Running", 60), `[${"█".repeat(12)}${"░".repeat(12)}] Running`)
    assert.isAtMost(bar(99, 30, "x".repeat(200), 50).length, 50)
  })
})

describe("the command line", () => {
  it("takes flags behind a command's arguments", () => {
    assert.deepStrictEqual(
      optionsFirst(["node", "main", "call", "get_agent", "{}", "--sandbox", "--tools", "get_agent"]),
      ["node", "main", "call", "--sandbox", "--tools", "get_agent", "get_agent", "{}"]
    )
  })

  it("names the first flag that it does not know", () => {
    assert.strictEqual(unknownFlag(["node", "main", "--sandbox", "--bogus=1"]), "--bogus")
    assert.isUndefined(unknownFlag(["node", "main", "--tools", "--odd-but-a-value"]))
  })
})
