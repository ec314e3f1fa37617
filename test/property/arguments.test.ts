import { assert, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { scripted, type Sent } from "../support/http.ts"
import { many, spoiling } from "../support/mutate.ts"
import { calling, overHttp } from "../support/tools.ts"
import { allCases } from "../tools/cases.ts"

const ajv = new Ajv2020({ strict: true, allErrors: true })

const sent: Array<Sent> = []

/** A Sequentum where nothing exists, so that no call succeeds and none waits. */
const nothing = overHttp(scripted(() => ({ status: 404 }), sent))

layer(nothing)("any arguments", (it) => {
  for (const { arguments: valid, name, tool } of allCases) {
    const accepts = ajv.compile(tool.inputSchema)
    it.effect.prop(
      `either fit the schema of ${name} or are refused before anything is sent`,
      [many(spoiling)],
      ([spoilings]) =>
        Effect.gen(function* () {
          const call = calling(yield* ToolRegistry)
          for (const spoil of spoilings) {
            sent.length = 0
            const args = spoil(valid)
            const error = yield* Effect.flip(call(name, args))
            const shown = `${JSON.stringify(args)} ${String(error)}`
            if (error._tag === "InvalidArguments") {
              assert.deepStrictEqual(sent, [], shown)
              for (const problem of error.problems) {
                assert.match(problem, /^.{3,1200}\.$/u, shown)
                assert.notMatch(problem, /undefined|\[object/u)
              }
            } else {
              assert.isTrue(accepts(args), shown)
              assert.isAbove(sent.length, 0, shown)
            }
          }
        }),
      { fastCheck: { numRuns: 6 } }
    )
  }
})
