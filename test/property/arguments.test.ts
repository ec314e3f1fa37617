import { assert, describe, it, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { allTools } from "../../src/tools/catalog/all.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { validArguments } from "../registry/arguments.ts"
import { overHttp, scripted, type Sent } from "../registry/upstream.ts"
import { asCaller } from "../support/http.ts"
import { many, spoiling } from "../support/mutate.ts"

const ajv = new Ajv2020({ strict: true, allErrors: true })

const sent: Array<Sent> = []

/** A Sequentum where nothing exists, so that no call succeeds and none waits. */
const nothing = overHttp(scripted(() => ({ status: 404 }), sent))

layer(nothing)("any arguments", (it) => {
  for (const tool of allTools) {
    const validate = ajv.compile(tool.inputSchema)
    it.effect.prop(
      `either pass the schema of ${tool.name} or are refused, and then nothing is sent`,
      [many(spoiling)],
      ([spoilings]) =>
        Effect.gen(function* () {
          const tools = yield* ToolRegistry
          for (const spoil of spoilings) {
            sent.length = 0
            const args = spoil(validArguments[tool.name])
            const exit = yield* Effect.exit(asCaller(tools.call(tool.name, args)))
            const shown = `${JSON.stringify(args)} ${String(exit)}`
            if (!Exit.isFailure(exit) || exit.cause._tag !== "Fail") return assert.fail(`It must fail: ${shown}`)
            const { error } = exit.cause
            if (error._tag === "InvalidArguments") {
              assert.deepStrictEqual(sent, [], shown)
              for (const problem of error.problems) {
                assert.match(problem, /^.{3,1200}\.$/u, shown)
                assert.notMatch(problem, /undefined|\[object/u)
              }
            } else {
              assert.isTrue(validate(args), shown)
              assert.isAbove(sent.length, 0, shown)
            }
          }
        }),
      { fastCheck: { numRuns: 6 } }
    )
  }
})

describe("valid arguments", () => {
  for (const tool of allTools) {
    it.effect(`of ${tool.name} reach Sequentum`, () =>
      Effect.gen(function* () {
        const tools = yield* Effect.provide(ToolRegistry, nothing)
        sent.length = 0
        assert.isTrue(ajv.validate(tool.inputSchema, validArguments[tool.name]))
        yield* Effect.flip(asCaller(tools.call(tool.name, validArguments[tool.name])))
        assert.isAbove(sent.length, 0)
      })
    )
  }
})
