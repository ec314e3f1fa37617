import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { entries } from "../../src/cli/help.ts"
import { nearest } from "../../src/cli/nearest.ts"
import { bar, cut, displayWidth, pad, printable, wrap } from "../../src/cli/print.ts"

describe("the width of text", () => {
  it("counts terminal columns: two for wide characters, none for combining marks", () => {
    assert.strictEqual(displayWidth("村上 光"), 7)
    assert.strictEqual(displayWidth("Cafe\u0301"), 4)
    assert.strictEqual(displayWidth("José 📚"), 7)
  })

  it("is padded on either side", () => {
    assert.strictEqual(pad("光", 4), "光  ")
    assert.strictEqual(pad("7", 3, "left"), "  7")
  })
})

describe("a cut text", () => {
  it("keeps text that fits, on one line", () => {
    assert.strictEqual(cut("a\n b", 10), "a b")
  })

  it("ends in an ellipsis if something is missing", () => {
    assert.strictEqual(cut("abcdef", 4), "abc…")
    assert.strictEqual(cut("村上光", 4), "村…")
  })

  it.prop("is never too wide and never ends in half a character", [FastCheck.string({ unit: "binary" })], ([text]) => {
    const shown = cut(text, 5)
    assert.isAtMost(displayWidth(shown), 5)
    assert.notMatch(shown, /\p{Cs}/u)
  })
})

describe("data from elsewhere", () => {
  it("can't control the terminal", () => {
    assert.strictEqual(printable("\u001b[2Jgone\u0007\u009b1m\u202eabc"), "\ufffd[2Jgone\ufffd\ufffd1m\ufffdabc")
  })
})

describe("wrapped text", () => {
  it("breaks between words and keeps paragraphs", () => {
    assert.deepStrictEqual(wrap("one two three\n\nfour", 8), ["one two", "three", "", "four"])
  })

  it("keeps a URL whole, so that it can be copied", () => {
    assert.deepStrictEqual(wrap("see https://example.com/a/long/path now", 10), [
      "see",
      "https://example.com/a/long/path",
      "now"
    ])
  })
})

describe("a progress bar", () => {
  it("shows the part that is done and keeps to the width", () => {
    assert.strictEqual(bar(15, 30, "Running", 60), `[${"█".repeat(12)}${"░".repeat(12)}] 15/30 s · Running`)
    assert.isAtMost(displayWidth(bar(99, 30, "x".repeat(200), 50)), 50)
    assert.include(bar(1, 0, "Queuing", 60), "░".repeat(24))
  })
})

describe("the nearest name", () => {
  it("is suggested if one is close", () => {
    assert.strictEqual(nearest("get_agnet", ["list_agents", "get_agent", "get_agent_runs"]), "get_agent")
    assert.isUndefined(nearest("frobnicate", ["list_agents", "get_agent"]))
  })
})

describe("two columns", () => {
  const list = [["--a-long-flag <value>", "What it is good for, in words"]] as const

  it("stand beside each other where there is room, else below each other, and never wider than the terminal", () => {
    assert.deepStrictEqual(entries(list, 80), ["  --a-long-flag <value>  What it is good for, in words"])
    assert.deepStrictEqual(entries(list, 40), ["  --a-long-flag <value>\n      What it is good for, in words"])
    for (const width of [26, 30, 40, 50, 80]) {
      for (const line of entries(list, width).flatMap((text) => text.split("\n"))) assert.isAtMost(line.length, width)
    }
  })
})
