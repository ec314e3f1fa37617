import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { fitResult } from "../../src/tools/bounds.ts"

const bytes = (text: string) => new TextEncoder().encode(text).length
const bound = { list: "rows", advice: "Ask for less." }

describe("a result", () => {
  it("that fits stays as it is", () => {
    const result = { rows: [{ a: "x".repeat(500) }] }
    assert.deepStrictEqual(fitResult(result, { bound, maxBytes: 1000 }), {
      value: result,
      json: JSON.stringify(result)
    })
  })

  it("that is too large keeps the head of its list and says what is missing", () => {
    const result = { rows: Array.from({ length: 100 }, (_, index) => ({ index })) }
    const { value: fitted } = fitResult(result, { bound, maxBytes: 500 })
    const rows = fitted["rows"]
    assert.isTrue(Array.isArray(rows) && rows.length > 0 && rows.length < 100)
    assert.deepNestedPropertyVal(fitted, "rows[0].index", 0)
    assert.match(
      String(fitted["notice"]),
      /^The result was too large, so it shows the first \d+ of 100 rows\. Ask for less\.$/u
    )
  })

  it("without a list has its long texts cut, and says by how much", () => {
    const { value: fitted } = fitResult({ documentation: "x".repeat(10_000) }, { bound: undefined, maxBytes: 5000 })
    assert.match(String(fitted["documentation"]), /^x+… \[6000 more characters omitted\]$/u)
  })

  it("whose large member is no list loses that member", () => {
    const { value: fitted } = fitResult(
      { rows: { a: Array.from({ length: 1000 }, () => 1) } },
      { bound, maxBytes: 500 }
    )
    assert.notProperty(fitted, "rows")
    assert.match(String(fitted["notice"]), /so rows was omitted\. Ask for less\.$/u)
  })

  it("that is large outside its list is cut there too", () => {
    const columns = Array.from({ length: 5000 }, (_, index) => `column${index}`)
    const { json, value } = fitResult({ rows: [{ a: 1 }, { a: 2 }], columns }, { bound, maxBytes: 2000 })
    assert.isAtMost(bytes(json), 2000)
    assert.deepNestedPropertyVal(value, "columns[0]", "column0")
    assert.match(String(value["notice"]), /so each list is cut to its first \d+ items\./u)
  })

  it("too large by its members loses the largest optional ones, never a required one", () => {
    const inputParameters = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`p${index}`, "x"]))
    const required = () => ["agentId"]
    const { json, value } = fitResult(
      { agentId: 7, name: "Books", inputParameters },
      { bound: undefined, maxBytes: 1000, required }
    )
    assert.isAtMost(bytes(json), 1000)
    assert.deepStrictEqual(value, {
      agentId: 7,
      name: "Books",
      notice: "The result was too large, so inputParameters was omitted."
    })
  })

  it.prop(
    "is never larger than allowed",
    [
      FastCheck.array(
        FastCheck.record({ name: FastCheck.string({ unit: "binary", maxLength: 3000 }), count: FastCheck.integer() }),
        {
          maxLength: 200
        }
      ),
      FastCheck.integer({ min: 1000, max: 20_000 })
    ],
    ([rows, most]) => {
      const { json, value } = fitResult({ rows }, { bound, maxBytes: most })
      assert.isAtMost(bytes(json), most)
      assert.strictEqual(json, JSON.stringify(value))
    }
  )
})
