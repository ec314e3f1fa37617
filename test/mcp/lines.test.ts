import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { makeLineSplitter } from "../../src/mcp/lines.ts"

const tooLong = Symbol("too long")

/** What the splitter says of the chunks and of their end. */
const split = (chunks: ReadonlyArray<Uint8Array>, maxBytes = 100) => {
  const seen: Array<string | typeof tooLong> = []
  const lines = makeLineSplitter({
    maxBytes,
    onLine: (line) => seen.push(line),
    onTooLong: () => seen.push(tooLong)
  })
  for (const chunk of chunks) lines.push(chunk)
  lines.end()
  return seen
}

describe("lines", () => {
  it("are the same however the bytes are cut in two", () => {
    const text = "Zoë 🕷\r\n\n\ufeffsecond\nlast"
    const bytes = Buffer.from(text)
    for (let at = 0; at <= bytes.length; at += 1) {
      assert.deepStrictEqual(split([bytes.subarray(0, at), bytes.subarray(at)]), text.split("\n"))
    }
  })

  it.prop(
    "are the same however the bytes are cut",
    [FastCheck.array(FastCheck.string({ unit: "grapheme" })), FastCheck.array(FastCheck.nat({ max: 12 }))],
    ([texts, cuts]) => {
      const text = texts.join("\n")
      let rest = Buffer.from(text)
      const chunks = cuts.map((cut) => {
        const chunk = rest.subarray(0, cut)
        rest = rest.subarray(cut)
        return chunk
      })
      assert.deepStrictEqual(split([...chunks, rest], 100_000), text.split("\n"))
    }
  )

  it("that are too long are said to be so once, as soon as that is known, and skipped", () => {
    const seen: Array<unknown> = []
    const lines = makeLineSplitter({
      maxBytes: 5,
      onLine: (line) => seen.push(line),
      onTooLong: () => seen.push(tooLong)
    })
    lines.push(Buffer.from("12345\n123"))
    assert.deepStrictEqual(seen, ["12345"])
    lines.push(Buffer.from("456"))
    lines.push(Buffer.from("7890123"))
    assert.deepStrictEqual(seen, ["12345", tooLong])
    lines.push(Buffer.from("\nnext\n"))
    assert.deepStrictEqual(seen, ["12345", tooLong, "next"])
  })
})
