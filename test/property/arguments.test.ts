import { assert, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { allTools } from "../../src/tools/registry.ts"
import { overHttp, scripted, type Sent } from "../registry/upstream.ts"
import { asCaller } from "../support/http.ts"

const ajv = new Ajv2020({ strict: true, allErrors: true, formats: {} })

const value = FastCheck.oneof(
  FastCheck.jsonValue({ maxDepth: 2 }),
  FastCheck.integer({ min: -2, max: 60 }),
  FastCheck.constantFrom("asc", "desc", "2026-01-31", "2026-02-30", '{"a":1}', "[]", " ", "name", "CRON", "* * * * *")
)

const sent: Array<Sent> = []

/** A Sequentum where nothing exists, so that no call succeeds and none waits. */
const nothing = overHttp(scripted(() => ({ status: 404 }), sent))

layer(nothing)("any arguments", (it) => {
  for (const tool of allTools) {
    const validate = ajv.compile(tool.inputSchema)
    const properties = tool.inputSchema["properties"]
    const known = typeof properties === "object" && properties !== null ? Object.keys(properties) : []
    const args = FastCheck.oneof(
      FastCheck.jsonValue(),
      FastCheck.dictionary(FastCheck.constantFrom(...known, "surprise"), value, { maxKeys: known.length + 1 })
    )
    it.effect.prop(
      `either pass the schema of ${tool.name} or are refused, and then nothing is sent`,
      [args],
      ([given]) =>
        Effect.gen(function* () {
          sent.length = 0
          const tools = yield* ToolRegistry
          const exit = yield* Effect.exit(asCaller(tools.call(tool.name, given)))
          if (!Exit.isFailure(exit) || exit.cause._tag !== "Fail") return assert.fail("a call must fail here")
          if (exit.cause.error._tag === "InvalidArguments") {
            assert.isTrue(sent.every(({ method }) => method === "GET"))
          } else assert.isTrue(validate(given), JSON.stringify(validate.errors))
        }),
      { fastCheck: { numRuns: 60 } }
    )
  }
})
