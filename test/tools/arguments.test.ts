import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { errorText } from "../../src/mcp/results.ts"
import { account } from "../support/account.ts"
import { toolsOver } from "../support/tools.ts"

const nested = (depth: number): unknown => {
  const value: unknown = JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`)
  return value
}

/** The text with which a call refuses its arguments. */
const refusal = (name: string, args: unknown) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(account)
    const error = yield* Effect.flip(call(name, args))
    assert.deepStrictEqual(sent, [])
    assert.strictEqual(error._tag, "InvalidArguments")
    return error._tag === "UnknownTool" ? "" : errorText(error, () => true)
  })

describe("arguments", () => {
  for (const [what, args, said] of [
    [
      "with too many keys",
      Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 1])),
      "The arguments are"
    ],
    ["with too long a list", { usageTypes: Array.from({ length: 100_000 }, () => "none") }, '"usageTypes" is'],
    ["nested too deep", { agentId: nested(5000) }, '"agentId" is'],
    ["nested deeper than the stack", { agentId: nested(100_000) }, '"agentId" is']
  ] as const) {
    it.effect(`${what} are refused in one sentence, without further checks`, () =>
      Effect.gen(function* () {
        const text = yield* refusal("get_agents_usage", args)
        assert.strictEqual(
          text,
          `Invalid arguments for get_agents_usage; nothing was done. ${said} too large: at most 500 values, 8 levels deep.`
        )
      })
    )
  }

  const wide = (members: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: members }, (_, index) => [`k${index}`, 1])))
  const deep = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`

  it.effect("of JSON text are refused past the bounds of a message, wherever they go", () =>
    Effect.gen(function* () {
      for (const inputParameters of [wide(10_000), deep(17), deep(400_000)]) {
        for (const [tool, args] of [
          ["start_agent", { agentId: 7, allowUnknownInputs: true }],
          ["run_space_agents", { spaceId: 5 }],
          ["create_agent_schedule", { agentId: 7, name: "n", cronExpression: "0 0 * * *" }]
        ] as const) {
          assert.strictEqual(
            yield* refusal(tool, { ...args, inputParameters }),
            `Invalid arguments for ${tool}; nothing was done. inputParameters must be JSON text of an object of at most 10000 values and 16 levels, but was a text of ${inputParameters.length} characters.`
          )
        }
      }
      for (const tables of [`[${deep(400_000)}]`, "[".repeat(400_000) + "]".repeat(400_000)]) {
        assert.match(yield* refusal("query_run_data", { sql: "select 1", tables }), /tables must be an array/u)
      }
      const { call } = yield* toolsOver(account)
      for (const inputParameters of [wide(9999), deep(16)]) {
        yield* call("start_agent", { agentId: 7, allowUnknownInputs: true, inputParameters })
      }
    })
  )

  it.effect("with many problems report at most ten", () =>
    Effect.gen(function* () {
      const args = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, 1]))
      const text = yield* refusal("get_agent", args)
      assert.match(text, /There are 391 more problems\.$/u)
      assert.isBelow(text.length, 2000)
    })
  )
})
