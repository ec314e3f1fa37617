import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { errorText } from "../../src/mcp/results.ts"
import { account } from "./account.ts"
import { toolsOver } from "./upstream.ts"

const nested = (depth: number): unknown => {
  const value: unknown = JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)
  return value
}

/** What a call is told that fails for its arguments. */
const refusal = (name: string, args: unknown) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(account)
    const error = yield* Effect.flip(call(name, args))
    assert.deepStrictEqual(sent, [])
    assert.strictEqual(error._tag, "InvalidArguments")
    return error._tag === "UnknownTool" ? "" : errorText(error, () => true)
  })

describe("arguments that hold too much", () => {
  for (const [what, args, said] of [
    [
      "in keys",
      Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 1])),
      "The arguments hold"
    ],
    ["in one list", { usageTypes: Array.from({ length: 100_000 }, () => "none") }, '"usageTypes" holds'],
    ["in depth", { agentId: nested(5000) }, '"agentId" holds'],
    ["in depth, beyond what there is of stack", { agentId: nested(100_000) }, '"agentId" holds']
  ] as const) {
    it.effect(`${what} are refused in a sentence, unchecked`, () =>
      Effect.gen(function* () {
        const text = yield* refusal("get_agents_usage", args)
        assert.strictEqual(
          text,
          `Invalid arguments for get_agents_usage; nothing was done. ${said} too much: at most 500 values, nested at most 8 deep.`
        )
      })
    )
  }

  it.effect("of problems are told the first ones", () =>
    Effect.gen(function* () {
      const args = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, 1]))
      const text = yield* refusal("get_agent", args)
      assert.match(text, /There are 391 more problems\.$/u)
      assert.isBelow(text.length, 2000)
    })
  )
})
