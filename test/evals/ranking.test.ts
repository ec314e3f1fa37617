import { assert, describe, it } from "@effect/vitest"
import { allTools } from "../../src/tools/catalog/all.ts"
import { makeRanking } from "./ranking.ts"
import { requests } from "./requests.ts"

const names = new Set(allTools.map(({ name }) => name))
const rank = makeRanking()

describe("a search for tools by words", () => {
  for (const [request, ...tools] of requests) {
    const right = tools.filter((name) => names.has(name))
    it.skipIf(right.length === 0)(`finds ${tools.join(" or ")} for: ${request}`, () => {
      const found = rank(request).slice(0, 3)
      assert.isTrue(
        found.some((name) => right.includes(name)),
        found.join(", ")
      )
    })
  }

  it("has at least 40 requests, for 40 tools", () => {
    const asked = requests.filter(([, ...tools]) => tools.some((name) => names.has(name)))
    assert.isAtLeast(asked.length, 40)
    assert.isAtLeast(new Set(asked.map(([, tool]) => tool)).size, 40)
  })

  it("finds another tool where the words are another's", () => {
    assert.notInclude(rank("How many credits are left?").slice(0, 3), "delete_run")
  })
})
