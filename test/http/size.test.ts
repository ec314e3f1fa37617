import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { maxCallSize, maxOtherSize, maxSize } from "../../src/http/admission/size.ts"
import { isWithin, sizeOf } from "../../src/runtime/jsonSize.ts"

const sizeOfText = (json: string) => sizeOf(Buffer.from(json))

/** What a parsed value is made of, counted the plain way. */
const measured = (value: unknown): { readonly values: number; readonly depth: number } => {
  if (typeof value !== "object" || value === null) return { values: 1, depth: 0 }
  const inner = Object.values(value).map(measured)
  return {
    values: inner.reduce((sum, { values }) => sum + values, 1),
    depth: inner.reduce((deepest, { depth }) => Math.max(deepest, depth + 1), 1)
  }
}

describe("the size of a message", () => {
  it.prop(
    "is that of the value it is parsed to, however it is written",
    [FastCheck.json({ maxDepth: 6 }), FastCheck.constantFrom(0, 1, "\t")],
    ([json, indent]) => {
      const value: unknown = JSON.parse(json)
      const text = JSON.stringify(value, null, indent)
      const { bytes, ...counts } = sizeOfText(text)
      assert.strictEqual(bytes, Buffer.byteLength(text))
      assert.deepStrictEqual(counts, measured(value))
    }
  )

  it("counts nothing inside strings", () => {
    for (const text of ['"[[[,,,{{{"', '"\\"[,"', '"\\\\"', '"\\\\\\"[,"', '"ü[,\u{1f600}"']) {
      assert.deepStrictEqual(sizeOfText(text), { bytes: Buffer.byteLength(text), values: 1, depth: 0 }, text)
    }
  })

  it("needs no stack, and no more time than the bytes take", () => {
    const json = "[".repeat(1_000_000)
    assert.strictEqual(sizeOfText(json).depth, 1_000_000)
  })

  it("has a higher limit for a call than for any other method", () => {
    assert.strictEqual(maxSize("tools/call"), maxCallSize)
    for (const method of ["ping", "initialize", undefined, 5, "__proto__"])
      assert.strictEqual(maxSize(method), maxOtherSize)
    assert.isTrue(isWithin(maxOtherSize, maxOtherSize))
    for (const over of ["bytes", "values", "depth"] as const) {
      assert.isFalse(isWithin({ ...maxOtherSize, [over]: maxOtherSize[over] + 1 }, maxOtherSize), over)
    }
  })
})
