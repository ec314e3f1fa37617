import { assert, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { toolsets } from "../../src/tools/catalog/all.ts"
import { makeArgumentsReader } from "../../src/tools/readArguments.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { AnyDeclaration } from "../../src/tools/Tool.ts"
import { scripted, type Sent } from "../support/http.ts"
import { many, spoiling } from "../support/mutate.ts"
import { calling, overHttp } from "../support/tools.ts"
import { allCases } from "../tools/cases.ts"

const ajv = new Ajv2020({ strict: true, allErrors: true })

const sent: Array<Sent> = []

/** A Sequentum where nothing exists, so that no call succeeds and none waits. */
const nothing = overHttp(scripted(() => ({ status: 404 }), sent))

const inputs = new Map(
  toolsets.flatMap(({ declarations }) =>
    Object.entries<AnyDeclaration>(declarations).map(([name, { input }]) => [name, input] as const)
  )
)

layer(nothing)("any arguments", (it) => {
  for (const { arguments: valid, name, tool } of allCases) {
    const accepts = ajv.compile(tool.inputSchema)
    const input = inputs.get(name)
    const read = input === undefined ? (args: unknown) => args : makeArgumentsReader(input)
    it.effect.prop(
      `either fit the schema of ${name} once read, or are refused before anything is sent`,
      [many(spoiling)],
      ([spoilings]) =>
        Effect.gen(function* () {
          const call = calling(yield* ToolRegistry)
          for (const spoil of spoilings) {
            sent.length = 0
            const args = spoil(valid)
            const outcome = yield* Effect.either(call(name, args))
            if (Either.isRight(outcome)) {
              // Only a build without a web address is answered by this server alone: with a question.
              assert.property(outcome.right, "question", JSON.stringify(args))
              assert.deepStrictEqual(sent, [])
              continue
            }
            const error = outcome.left
            const shown = `${JSON.stringify(args)} ${String(error)}`
            if (error._tag === "InvalidArguments") {
              assert.deepStrictEqual(sent, [], shown)
              for (const problem of error.problems) {
                assert.match(problem, /^.{3,1200}\.$/u, shown)
                assert.notMatch(problem, /undefined|\[object/u)
              }
            } else {
              assert.isTrue(accepts(read(args)), shown)
              assert.isAbove(sent.length, 0, shown)
            }
          }
        }),
      { fastCheck: { numRuns: 6 } }
    )
  }
})
