import { assert, layer } from "@effect/vitest"
import Ajv2020 from "ajv/dist/2020.js"
import * as Arbitrary from "effect/FastCheck"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { errorText } from "../../src/mcp/results.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { JsonObject } from "../../src/tools/Tool.ts"
import { overSandbox } from "./live.ts"

class Sandbox extends Context.Tag("test/Sandbox")<Sandbox, Effect.Effect.Success<ReturnType<typeof overSandbox>>>() {
  static readonly layer = Layer.scoped(Sandbox, overSandbox())
}

const agent = { agentId: 4101 }
const run = { ...agent, runId: 1_204_301 }
const schedule = { agentId: 4102, scheduleId: 9001 }
const options = { parallelism: 2, parallelMaxConcurrency: 1, parallelExport: "Combined", isWaitOnFailure: false }
const logging = { logLevel: "Info", logMode: "Text", isExclusive: true }

/** Every parameter of every tool that changes something, with values that the sandbox's account would take. */
const writes: Readonly<Record<string, JsonObject>> = {
  start_agent: {
    ...agent,
    ...options,
    ...logging,
    inputParameters: '{"maxPages":"1"}',
    isRunSynchronously: false,
    timeout: 60,
    proxyPoolId: 12
  },
  stop_agent: run,
  kill_agent: run,
  delete_run: { ...run, removeMethod: "RemoveEntireRun" },
  restore_agent_version: { ...agent, versionNumber: 1, comments: "Back" },
  create_agent_schedule: {
    ...agent,
    ...options,
    ...logging,
    name: "Nightly",
    scheduleType: 3,
    cronExpression: "0 2 * * *",
    startTime: "2026-05-01T06:00:00Z",
    runEveryCount: 1,
    runEveryPeriod: 3,
    timezone: "Europe/Berlin",
    inputParameters: "{}",
    isEnabled: true
  },
  update_agent_schedule: {
    ...schedule,
    ...options,
    ...logging,
    name: "Nightly",
    scheduleType: 3,
    cronExpression: "0 2 * * *",
    startTime: "2026-05-01T06:00:00Z",
    runEveryCount: 1,
    runEveryPeriod: 3,
    timezone: "Europe/Berlin",
    inputParameters: "{}",
    isEnabled: true
  },
  enable_agent_schedule: schedule,
  disable_agent_schedule: schedule,
  delete_agent_schedule: schedule,
  run_space_agents: { spaceId: 103, inputParameters: "{}" },
  start_agent_build: { prompt: "Scrape every book of https://books.example", spaceId: 101 },
  stop_agent_build: { sessionId: "nowhere" }
}

const ajv = new Ajv2020({ strict: true })
const changing = allTools.filter(({ annotations }) => !annotations.readOnlyHint)

const properties = (schema: JsonObject): ReadonlyArray<readonly [string, JsonObject]> =>
  Object.entries(Predicate.isRecord(schema["properties"]) ? schema["properties"] : {}).map(([name, value]) => [
    name,
    Predicate.isRecord(value) ? value : {}
  ])

/** Values that are often taken by mistake, and anything else that JSON can hold. */
const values = Arbitrary.oneof(
  Arbitrary.constantFrom<unknown>(0, -1, 1.5, 2 ** 53, 1e300, "1", "", " ", "\n", null, true, false, [], {}, [1], "[]"),
  Arbitrary.jsonValue({ maxDepth: 2 })
)

/** Arguments of a tool of which at least one is bad. */
const badArguments = (name: string, schema: JsonObject): Arbitrary.Arbitrary<JsonObject> => {
  const valid = writes[name] ?? {}
  const parameters = properties(schema)
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : []
  return Arbitrary.oneof(
    ...parameters.map(([parameter, itsSchema]) => {
      const takes = ajv.compile(itsSchema)
      return values.filter((value) => !takes(value)).map((value) => ({ ...valid, [parameter]: value }))
    }),
    ...required.map((parameter) =>
      Arbitrary.constant(Object.fromEntries(Object.entries(valid).filter(([key]) => key !== parameter)))
    ),
    Arbitrary.string({ minLength: 1 })
      .filter((key) => key !== "__proto__" && !parameters.some(([parameter]) => parameter === key))
      .map((key) => ({ ...valid, [key]: 1 }))
  )
}

layer(Sandbox.layer)("a tool that changes something", (it) => {
  it.effect("has all its parameters in these tests, and none other", () =>
    Effect.sync(() => {
      assert.deepStrictEqual(Object.keys(writes).sort(), changing.map(({ name }) => name).sort())
      for (const { inputSchema, name } of changing) {
        assert.sameMembers(
          Object.keys(writes[name] ?? {}),
          properties(inputSchema).map(([parameter]) => parameter),
          name
        )
        assert.isTrue(ajv.compile(inputSchema)(writes[name]), name)
      }
    })
  )

  for (const { inputSchema, name } of changing) {
    it.effect.prop(
      `${name} changes nothing when any argument is bad`,
      [badArguments(name, inputSchema)],
      ([args]) =>
        Effect.gen(function* () {
          const { call, stats, writes: counted } = yield* Sandbox
          const outcome = yield* Effect.either(call(name, args))
          const error = Either.isLeft(outcome) ? outcome.left : undefined
          assert.strictEqual(error?._tag, "InvalidArguments", JSON.stringify(args))
          if (error?._tag === "InvalidArguments") {
            assert.match(
              errorText(error, () => true),
              new RegExp(`^Invalid arguments for ${name}; nothing was done\\. \\S`)
            )
          }
          assert.strictEqual(counted.sent, 0)
          assert.strictEqual((yield* stats).writes, 0)
        }),
      { fastCheck: { numRuns: 60 } }
    )
  }

  it.effect("changes something, and is seen to, when its arguments are good", () =>
    Effect.gen(function* () {
      const { call, stats, writes: counted } = yield* Sandbox
      const before = yield* stats
      yield* call("start_agent", writes["start_agent"])
      yield* call("disable_agent_schedule", schedule)
      assert.strictEqual(counted.sent, 2)
      assert.strictEqual((yield* stats).writes, before.writes + 2)
    })
  )
})
