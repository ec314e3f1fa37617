import assert from "node:assert/strict"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Completions } from "../../src/resources/Completions.ts"
import { services } from "../../src/sequentum/services.ts"
import { catalogue, ToolsLive } from "../../src/tools/catalog/all.ts"
import { StartLimit } from "../../src/tools/catalog/StartLimit.ts"
import type { UnknownTool } from "../../src/tools/errors.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { JsonObject, ToolError } from "../../src/tools/Tool.ts"
import { ResultLimit } from "../../src/tools/ResultLimit.ts"
import { asCaller } from "./caller.ts"
import { dataLayer } from "./data.ts"
import { clientOver, requestLine, scripted, type Respond, type Sent } from "./http.ts"

interface Options {
  readonly apiUrl?: string
  readonly maxResultBytes?: number
  /** 0, the default, sets no ceiling on starts. */
  readonly maxStartsPerMinute?: number
}

/** Tools and completions over the real client and services. */
export const overHttp = (
  http: Layer.Layer<HttpClient.HttpClient>,
  { apiUrl, maxResultBytes = 40_000, maxStartsPerMinute = 0 }: Options = {}
) =>
  Layer.merge(ToolRegistry.layer(catalogue, { maxResultBytes }), Completions.layer).pipe(
    Layer.provide(ToolsLive),
    Layer.provide(StartLimit.layer(maxStartsPerMinute)),
    Layer.provide(Layer.succeed(ResultLimit, { maxBytes: maxResultBytes })),
    Layer.provide(dataLayer),
    Layer.provide(services),
    Layer.provide(clientOver(http, apiUrl)),
    Layer.provide(http)
  )

export type Call = (name: string, args: unknown) => Effect.Effect<JsonObject, ToolError | UnknownTool>

/** Calls tools as the test's caller. */
export const calling =
  (tools: Context.Tag.Service<ToolRegistry>): Call =>
  (name, args) =>
    Effect.map(asCaller(tools.call(name, args)), ({ value }) => value)

/** Tools over a scripted Sequentum: how to call them, and the requests sent so far. */
export const toolsOver = (respond: Respond) =>
  Effect.gen(function* () {
    const sent: Array<Sent> = []
    const tools = yield* Effect.provide(ToolRegistry, overHttp(scripted(respond, sent)))
    return { call: calling(tools), sent, tools } as const
  })

/** The body of the only request of a call that may change something. */
export const written = (respond: Respond, name: string, args: unknown) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    yield* call(name, args)
    const bodies = sent.filter(({ method }) => method !== "GET").map(({ json }) => json)
    assert.strictEqual(bodies.length, 1)
    return bodies[0]
  })

/** The sentences with which a call refuses its arguments. Nothing may be changed. */
export const refused = (respond: Respond, name: string, args: unknown) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    const error = yield* Effect.flip(call(name, args))
    assert.deepStrictEqual(sent.filter(({ method }) => method !== "GET").map(requestLine), [])
    return error._tag === "InvalidArguments" ? error.problems : assert.fail(`It failed with ${error._tag}`)
  })
