// @effect-diagnostics missingEffectError:off missingEffectContext:off -- one of the mistakes below is to fail otherwise
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Confirm, declined, saidYes, type Answer, type Unconfirmed } from "../../src/tools/Confirm.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { readOnly } from "../../src/tools/Tool.ts"
import * as Toolset from "../../src/tools/Toolset.ts"
import { asCaller } from "../support/caller.ts"

const declared = { title: "Title", description: "What it does.", annotations: readOnly, scope: "agents:read" } as const

const Numbers = Toolset.make("numbers", "Count", {
  double: {
    ...declared,
    input: Schema.Struct({ value: Schema.NumberFromString }),
    output: Schema.Struct({ result: Schema.Number })
  },
  name_of: {
    ...declared,
    bound: { list: "names", advice: "Ask for fewer." },
    confirms: ({ value }) => value > 10,
    input: Schema.Struct({ value: Schema.Number }),
    output: Schema.Struct({ names: Schema.Array(Schema.String) })
  }
})

const double = ({ value }: { readonly value: number }) => Effect.succeed({ result: value * 2 })
const failing = (): Effect.Effect<{ readonly result: number }, string> => Effect.fail("no")
const named = ({ value }: { readonly value: number }) => Effect.succeed({ names: [String(value)] })
const nameOf = {
  question: ({ value }: { readonly value: number }) =>
    Effect.succeed(value > 20 ? Option.some(`Name ${value}?`) : Option.none()),
  call: named,
  declined: (_: { readonly value: number }, notice: string) => ({ names: [notice] })
}

const schemas = { input: Schema.Struct({}), output: Schema.Struct({}) }

/** What must not compile. Nothing here runs. */
export const mistakes = [
  // @ts-expect-error -- name_of has no handler
  () => Numbers.of({ double }),
  // @ts-expect-error -- there is no tool of this name
  () => Numbers.of({ double, name_of: nameOf, halve: double }),
  // @ts-expect-error -- the result has another shape
  () => Numbers.of({ double: () => Effect.succeed({ result: "2" }), name_of: nameOf }),
  // @ts-expect-error -- the result lacks a member
  () => Numbers.of({ double: () => Effect.succeed({}), name_of: nameOf }),
  // @ts-expect-error -- no argument is called amount
  () => Numbers.of({ double: ({ amount }) => Effect.as(Effect.logDebug(amount), { result: 1 }), name_of: nameOf }),
  // @ts-expect-error -- a handler fails with tool errors only
  () => Numbers.of({ double: failing, name_of: nameOf }),
  // @ts-expect-error -- name_of confirms, so it needs a question
  () => Numbers.of({ double, name_of: named }),
  // @ts-expect-error -- the Layer needs a handler for each tool
  () => Numbers.toLayer(Effect.succeed({ double })),
  // @ts-expect-error -- no scope is called agents:all
  () => Toolset.make("wrong", "", { one: { ...declared, ...schemas, scope: "agents:all" } }),
  // @ts-expect-error -- a tool without an output Schema
  () => Toolset.make("wrong", "", { one: { ...declared, input: schemas.input } }),
  // @ts-expect-error -- a bound without advice
  () => Toolset.make("wrong", "", { one: { ...declared, ...schemas, bound: { list: "rows" } } })
]

const catalogue = { tools: Numbers.tools, calls: Numbers.calls }

const registry = (handlers: Layer.Layer<Toolset.ToolHandlers<"numbers">>) =>
  ToolRegistry.layer(catalogue, { maxResultBytes: 1000 }).pipe(Layer.provide(handlers))

describe("a toolset", () => {
  it("lists its tools without any handler, in the order of their declarations", () => {
    assert.deepStrictEqual(
      Numbers.tools.map(({ name, toolset }) => [name, toolset]),
      [
        ["double", "numbers"],
        ["name_of", "numbers"]
      ]
    )
    assert.deepStrictEqual(Numbers.tools[0]?.inputSchema["required"], ["value"])
  })

  it.effect("hands checked arguments to the handlers of its Layer", () =>
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const { value } = yield* asCaller(tools.call("double", { value: "21" }))
      assert.deepStrictEqual(value, { result: 42 })
    }).pipe(Effect.provide(registry(Numbers.toLayer(Effect.succeed(Numbers.of({ double, name_of: nameOf }))))))
  )

  it.effect("calls no handler with arguments that do not fit", () =>
    Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const error = yield* Effect.flip(asCaller(tools.call("double", { value: "x", other: 1 })))
      assert.strictEqual(error._tag, "InvalidArguments")
    }).pipe(
      Effect.provide(
        registry(
          Numbers.toLayer(Effect.succeed(Numbers.of({ double: () => Effect.dieMessage("called"), name_of: nameOf })))
        )
      )
    )
  )

  it.effect("asks the user before a call that its declaration confirms", () => {
    const asked: Array<unknown> = []
    const asking = (answer: Answer) => ({
      ask: ({ args, question, tool }: Unconfirmed) =>
        Effect.map(question, (text) => {
          asked.push({ tool, args, text: Option.getOrUndefined(text) })
          return answer
        })
    })
    return Effect.gen(function* () {
      const tools = yield* ToolRegistry
      const call = (value: number, answer: Answer) =>
        Effect.map(
          asCaller(tools.call("name_of", { value })).pipe(Effect.provideService(Confirm, asking(answer))),
          (result) => result.value
        )
      assert.deepStrictEqual(yield* call(9, declined("No.")), { names: ["9"] })
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual(yield* call(21, saidYes), { names: ["21"] })
      assert.deepStrictEqual(yield* call(22, declined("No.")), { names: ["No."] })
      assert.deepStrictEqual(asked, [
        { tool: "name_of", args: { value: 21 }, text: "Name 21?" },
        { tool: "name_of", args: { value: 22 }, text: "Name 22?" }
      ])
    }).pipe(Effect.provide(registry(Numbers.toLayer(Effect.succeed(Numbers.of({ double, name_of: nameOf }))))))
  })

  it.effect("takes its services once, when its Layer is built", () => {
    let builds = 0
    const counting = Effect.sync(() => {
      builds += 1
      return Numbers.of({ double, name_of: nameOf })
    })
    return Effect.gen(function* () {
      const tools = yield* ToolRegistry
      yield* asCaller(tools.call("double", { value: "1" }))
      yield* asCaller(tools.call("name_of", { value: 1 }))
      assert.strictEqual(builds, 1)
    }).pipe(Effect.provide(registry(Numbers.toLayer(counting))))
  })
})
