import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { serve } from "../../src/sandbox/server.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { keyCaller } from "./caller.ts"
import { warmUpData } from "./data.ts"
import { calling, overHttp } from "./tools.ts"

const Stats = Schema.Struct({ reads: Schema.Int, writes: Schema.Int })

/** Start time of these sandboxes, so that their accounts are always the same. */
const startTime = "2026-03-11T12:00:00.000Z"

/** A client that counts the requests which could change something, before they are sent. */
const counting = (writes: { sent: number }) =>
  Layer.map(NodeHttpClient.layer, (context) =>
    Context.make(
      HttpClient.HttpClient,
      HttpClient.tapRequest(Context.get(context, HttpClient.HttpClient), ({ method }) =>
        Effect.sync(() => {
          if (method !== "GET") writes.sent += 1
        })
      )
    )
  )

interface SandboxOptions {
  readonly maxResultBytes?: number
  /** Agents in addition to the usual ones. */
  readonly agents?: number
  readonly rateLimitPerMinute?: number
}

/** Asks the sandbox itself, as the caller, without the tools. The path is without `/api/v1`. */
export type Ask = (method: string, path: string, body?: unknown) => Effect.Effect<unknown>

const readJson = Schema.decodeUnknownOption(Schema.parseJson())

/** A direct request. Data that is no JSON is a text. */
const asking =
  (apiUrl: string): Ask =>
  (method, path, body) =>
    Effect.promise(async () => {
      const response = await fetch(`${apiUrl}${path.startsWith("/sandbox/") ? "" : "/api/v1"}${path}`, {
        method,
        headers: { authorization: `${keyCaller.scheme} ${Redacted.value(keyCaller.secret)}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      return Option.getOrElse(readJson(text), () => text)
    })

/** The tools over the real client, a loopback socket and a new sandbox. All end with the scope. */
export const overSandbox = ({ agents = 0, rateLimitPerMinute = 1_000_000, ...options }: SandboxOptions = {}) =>
  Effect.gen(function* () {
    yield* warmUpData
    yield* TestClock.setTime(Date.parse(startTime))
    const { url: apiUrl } = yield* serve({ rateLimitPerMinute, speed: 60, agents })
    const writes = { sent: 0 }
    const http = counting(writes)
    const context = yield* Layer.build(Layer.merge(overHttp(http, { ...options, apiUrl }), http))
    const client = Context.get(context, HttpClient.HttpClient)
    /** How many requests the sandbox has received, and how many of these changed something. */
    const stats = client
      .execute(
        HttpClientRequest.get(`${apiUrl}/sandbox/stats`, {
          headers: { authorization: `${keyCaller.scheme} ${Redacted.value(keyCaller.secret)}` }
        })
      )
      .pipe(
        Effect.flatMap((response) => response.json),
        Effect.flatMap(Schema.decodeUnknown(Stats)),
        Effect.orDie
      )
    const tools = Context.get(context, ToolRegistry)
    return { call: calling(tools), tools, ask: asking(apiUrl), stats, writes } as const
  })

/** A sandbox that the tests of a suite share. */
export class Sandbox extends Context.Tag("test/Sandbox")<
  Sandbox,
  Effect.Effect.Success<ReturnType<typeof overSandbox>>
>() {
  static readonly layer = Layer.scoped(Sandbox, overSandbox())
}
