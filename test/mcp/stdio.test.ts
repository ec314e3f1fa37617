import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/TestClock"
import { EventEmitter, once } from "node:events"
import { createInterface } from "node:readline"
import { PassThrough } from "node:stream"
import type { Handlers } from "../../src/mcp/handlers.ts"
import { serve } from "../../src/mcp/stdio.ts"
import { asCaller } from "../support/http.ts"
import { readWire } from "../support/stdioMessages.ts"

const line = (message: object) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`

const initialize = line({
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } }
})
const call = (id: number) => line({ id, method: "tools/call", params: { name: "wait", arguments: {} } })

const drain = Duration.seconds(10)

interface Response {
  readonly id: unknown
  readonly error: { readonly code: number; readonly message: string } | undefined
}

/** A server over two streams, whose one tool waits for the test. */
const served = Effect.gen(function* () {
  const input = new PassThrough()
  const output = new PassThrough()
  const responses = yield* Queue.unbounded<Response>()
  const lines = createInterface({ input: output }).on("error", () => undefined)
  lines.on("line", (text) => {
    const message = Option.getOrThrow(readWire(text))
    if ("id" in message) {
      Queue.unsafeOffer(responses, { id: message.id, error: "error" in message ? message.error : undefined })
    }
  })
  const called = yield* Deferred.make<AbortSignal>()
  const events = new EventEmitter()
  const handlers: Handlers = {
    "tools/list": () => ({ tools: [] }),
    "tools/call": async (_, { mcpReq }) => {
      Deferred.unsafeDone(called, Effect.succeed(mcpReq.signal))
      await once(events, "release")
      return { content: [] }
    },
    "resources/list": () => ({ resources: [] }),
    "resources/templates/list": () => ({ resourceTemplates: [] }),
    "resources/read": () => ({ contents: [] }),
    "prompts/list": () => ({ prompts: [] }),
    "prompts/get": () => ({ messages: [] }),
    "completion/complete": () => ({ completion: { values: [] } }),
    tasks: {
      "tasks/get": () => Promise.resolve({}),
      "tasks/update": () => Promise.resolve({}),
      "tasks/cancel": () => Promise.resolve({})
    },
    skills: { list: () => Promise.resolve({}), get: () => Promise.resolve({}) }
  }
  const fiber = yield* Effect.fork(
    asCaller(
      serve(
        Effect.succeed(() => handlers),
        { drain, input, output }
      )
    )
  )
  return {
    input,
    output,
    next: Queue.take(responses),
    /** The signal of the call, once it has come. */
    called: Deferred.await(called),
    release: Effect.sync(() => events.emit("release")),
    ended: Fiber.join(fiber),
    interrupt: Fiber.interrupt(fiber)
  }
})

const ok = (id: number): Response => ({ id, error: undefined })

describe("the end of the input", () => {
  it.effect("comes after the responses to all that was asked before", () =>
    Effect.gen(function* () {
      const { ended, input, next } = yield* served
      input.end(initialize + line({ method: "notifications/initialized" }) + line({ id: 2, method: "tools/list" }))
      assert.deepStrictEqual([yield* next, yield* next], [ok(1), ok(2)])
      yield* ended
    })
  )

  it.effect("ends a server that was asked nothing", () =>
    Effect.gen(function* () {
      const { ended, input } = yield* served
      input.end()
      yield* ended
    })
  )

  it.effect("lets a call that is under way finish", () =>
    Effect.gen(function* () {
      const { called, ended, input, next, release } = yield* served
      input.end(initialize + call(2))
      const signal = yield* called
      yield* TestClock.adjust("9 seconds")
      assert.isFalse(signal.aborted)
      yield* release
      assert.deepStrictEqual([yield* next, yield* next], [ok(1), ok(2)])
      yield* ended
    })
  )

  it.effect("interrupts a call that takes longer than the drain, and answers that its outcome is not known", () =>
    Effect.gen(function* () {
      const { called, ended, input, next } = yield* served
      input.end(initialize + call(2))
      const signal = yield* called
      yield* TestClock.adjust(drain)
      yield* ended
      assert.isTrue(signal.aborted)
      assert.deepStrictEqual(yield* next, ok(1))
      const { error, id } = yield* next
      assert.deepStrictEqual({ id, code: error?.code }, { id: 2, code: -32603 })
      assert.include(error?.message, "10 seconds later there was no result")
    })
  )
})

describe("an end without a drain", () => {
  it.effect("is that of the output", () =>
    Effect.gen(function* () {
      const { called, ended, input, output } = yield* served
      input.write(initialize + call(2))
      const signal = yield* called
      output.destroy(new Error("EPIPE"))
      yield* ended
      assert.isTrue(signal.aborted)
    })
  )

  it.effect("is an interruption", () =>
    Effect.gen(function* () {
      const { called, input, interrupt } = yield* served
      input.write(initialize + call(2))
      const signal = yield* called
      yield* interrupt
      assert.isTrue(signal.aborted)
    })
  )
})

describe("params of a wrong type", () => {
  const envelope = {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {}
    }
  }
  const wrong = [
    ["tools/call", { name: 7 }],
    ["tools/call", { name: "x", arguments: "y" }],
    ["prompts/get", {}],
    ["prompts/get", { name: "x", arguments: { agentName: 5 } }],
    ["resources/read", { uri: ["x"] }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "x" }, argument: 5 }],
    ["tools/list", { cursor: 5 }]
  ] as const

  it.effect.each([
    ["the older eras", initialize, {}],
    ["the 2026-07-28 era", line({ id: 1, method: "server/discover", params: envelope }), envelope]
  ] as const)("are refused by a code and one sentence, in %s", ([, opening, more]) =>
    Effect.gen(function* () {
      const { input, next } = yield* served
      input.write(opening)
      for (const [index, [method, params]] of wrong.entries()) {
        input.write(line({ id: index + 2, method, params: { ...params, ...more } }))
      }
      const responses = yield* Effect.replicateEffect(next, wrong.length + 1)
      for (const [index, [method]] of wrong.entries()) {
        const error = responses.find(({ id }) => id === index + 2)?.error
        assert.strictEqual(error?.code, -32602)
        assert.match(
          error?.message ?? "",
          new RegExp(`^Invalid params for ${method}: params[.\\w]* [^\\n[{]+\\.$`, "u")
        )
      }
    })
  )
})
