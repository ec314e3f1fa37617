import { assert, layer } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Predicate from "effect/Predicate"
import { errorText } from "../../src/mcp/results.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { many } from "../support/mutate.ts"
import { Sandbox } from "../support/sandbox.ts"
import { allCases, casesFile } from "./cases.ts"
import { runCases } from "./runs.cases.ts"
import { scheduleCases } from "./schedules.cases.ts"

const ajv = new Ajv2020({ strict: true })
const changing = allCases.filter(({ tool }) => !tool.annotations.readOnlyHint)

const properties = (schema: JsonObject): ReadonlyArray<readonly [string, JsonObject]> =>
  Object.entries(Predicate.isRecord(schema["properties"]) ? schema["properties"] : {}).map(([name, value]) => [
    name,
    Predicate.isRecord(value) ? value : {}
  ])

/** Values that are often sent by mistake, and anything else that JSON can hold. */
const values = FastCheck.oneof(
  FastCheck.constantFrom<unknown>(0, -1, 1.5, 2 ** 53, 1e300, "1", "", " ", "\n", null, true, false, [], {}, [1], "[]"),
  FastCheck.jsonValue({ maxDepth: 2 })
)

/** All that a value may be read as; the tools accept what can be read in one way only. */
const readings = (value: unknown, schema: JsonObject): ReadonlyArray<unknown> => {
  if (typeof value === "number") return Array.isArray(schema["enum"]) ? [schema["enum"][0]] : [value, String(value)]
  if (typeof value === "object" && value !== null) return [value, JSON.stringify(value)]
  if (typeof value !== "string") return [value]
  const words = Array.isArray(schema["enum"]) ? schema["enum"].map(String) : []
  // A text of digits may be the integer that the API has for a word.
  const isCode = /^\s*\d+\s*$/u.test(value)
  const word = isCode ? words[0] : words.find((one) => one.toLowerCase() === value.trim().toLowerCase())
  return [value, Number(value), /^\s*(?:true|false)\s*$/iu.test(value) ? true : value, word ?? value]
}

/** Arguments of which at least one is bad. */
const badArguments = (valid: JsonObject, schema: JsonObject): FastCheck.Arbitrary<JsonObject> => {
  const parameters = properties(schema)
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : []
  return FastCheck.oneof(
    ...parameters.map(([parameter, itsSchema]) => {
      const accepts = ajv.compile(itsSchema)
      const isAbsent = (value: unknown) => (value === null || value === "") && !required.includes(parameter)
      return values
        .filter((value) => !isAbsent(value) && !readings(value, itsSchema).some((reading) => accepts(reading)))
        .map((value) => ({ ...valid, [parameter]: value }))
    }),
    ...required.map((parameter) =>
      FastCheck.constant(Object.fromEntries(Object.entries(valid).filter(([key]) => key !== parameter)))
    ),
    FastCheck.string({ minLength: 1 })
      .filter((key) => key !== "__proto__" && !parameters.some(([parameter]) => parameter === key))
      .map((key) => ({ ...valid, [key]: 1 }))
  )
}

layer(Sandbox.layer)("a tool that changes something", (it) => {
  it.effect("has exactly its parameters in everyArgument", () =>
    Effect.sync(() => {
      for (const { everyArgument, name, tool } of changing) {
        const file = `${name}: see everyArgument in ${casesFile(tool.toolset)}`
        assert.sameMembers(
          Object.keys(everyArgument ?? {}),
          properties(tool.inputSchema).map(([parameter]) => parameter),
          file
        )
        assert.isTrue(ajv.compile(tool.inputSchema)(everyArgument), file)
      }
    })
  )

  for (const { everyArgument = {}, name, tool } of changing) {
    it.effect.prop(
      `${name} changes nothing when any argument is bad`,
      [many(badArguments(everyArgument, tool.inputSchema))],
      ([calls]) =>
        Effect.gen(function* () {
          const { call, stats, writes } = yield* Sandbox
          for (const args of calls) {
            const error = yield* Effect.flip(call(name, args))
            if (error._tag !== "InvalidArguments") return assert.fail(`${error._tag}: ${JSON.stringify(args)}`)
            assert.match(
              errorText(error, () => true),
              new RegExp(`^Invalid arguments for ${name}; nothing was done\\. \\S`)
            )
          }
          assert.strictEqual(writes.sent, 0)
          assert.strictEqual((yield* stats).writes, 0)
        }),
      { fastCheck: { numRuns: 6 } }
    )
  }

  it.effect("changes something when its arguments are good", () =>
    Effect.gen(function* () {
      const { call, stats, writes } = yield* Sandbox
      const before = yield* stats
      yield* call("start_agent", runCases.start_agent.everyArgument)
      yield* call("disable_agent_schedule", scheduleCases.disable_agent_schedule.everyArgument)
      assert.strictEqual(writes.sent, 2)
      assert.strictEqual((yield* stats).writes, before.writes + 2)
    })
  )
})
