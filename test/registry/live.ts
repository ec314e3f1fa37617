import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { serve } from "../../src/sandbox/server.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { caller, calling, overHttp } from "./upstream.ts"

const Stats = Schema.Struct({ reads: Schema.Int, writes: Schema.Int })

/** When the sandboxes of these tests begin, so that their accounts are the same each time. */
export const beginning = "2026-03-11T12:00:00.000Z"

/** One turn of the event loop: sockets need no time, only their turn. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Runs an effect over sockets while the TestClock goes on in steps, until it ends. Dies when it does not end. */
export const whileTimePasses = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  step: Duration.DurationInput = "1 second"
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    for (let steps = 0; steps < 400; steps++) {
      for (let turns = 0; turns < 200; turns++) {
        if (Option.isSome(yield* Fiber.poll(fiber))) return yield* Fiber.join(fiber)
        yield* turn
      }
      yield* TestClock.adjust(step)
    }
    return yield* Effect.dieMessage("It did not end in time")
  })

/** A client that notes each request which could change something, before it goes out. */
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

/** The tools over the real client, a loopback socket and a fresh sandbox; all end with the Scope. */
export const overSandbox = (options: { readonly speed?: number; readonly maxResultBytes?: number } = {}) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(beginning))
    const { url } = yield* serve({ rateLimitPerMinute: 1_000_000, speed: options.speed ?? 60 })
    const writes = { sent: 0 }
    const http = counting(writes)
    const context = yield* Layer.build(Layer.merge(overHttp(http, url, options.maxResultBytes), http))
    const client = Context.get(context, HttpClient.HttpClient)
    /** What the sandbox has been asked for and has done so far. */
    const stats = client
      .execute(
        HttpClientRequest.get(`${url}/sandbox/stats`, {
          headers: { authorization: `${caller.scheme} ${Redacted.value(caller.secret)}` }
        })
      )
      .pipe(
        Effect.flatMap((response) => response.json),
        Effect.flatMap(Schema.decodeUnknown(Stats)),
        Effect.orDie
      )
    return { call: calling(Context.get(context, ToolRegistry)), stats, writes } as const
  })
