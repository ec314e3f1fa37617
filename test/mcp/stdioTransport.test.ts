import { assert, describe, it } from "@effect/vitest"
import { isJSONRPCRequest, type JSONRPCMessage } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { PassThrough } from "node:stream"
import { makeStdioTransport } from "../../src/mcp/stdioTransport.ts"
import { expectedId, readWire, spoiltLine } from "../support/stdioMessages.ts"

const ping = (id: string | number) => ({ jsonrpc: "2.0", id, method: "ping" }) as const
const pong = (id: string | number) => ({ jsonrpc: "2.0", id, result: {} }) as const
const line = (message: object) => `${JSON.stringify(message)}\n`

const nextTurn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

interface Options {
  readonly maxLineBytes?: number
  /** Called for each message that comes. By default every request is answered at once. */
  readonly onMessage?: (message: JSONRPCMessage) => void
}

/** A started transport between two streams. */
const opened = ({ onMessage, ...options }: Options = {}) =>
  Effect.gen(function* () {
    const input = new PassThrough()
    const output = new PassThrough()
    const made = yield* makeStdioTransport({ input, output, ...options })
    const received: Array<JSONRPCMessage> = []
    const written: Array<string> = []
    output.setEncoding("utf8").on("data", (text: string) => written.push(text))
    const answer = (message: JSONRPCMessage) => {
      if (isJSONRPCRequest(message)) void made.transport.send(pong(message.id))
    }
    made.transport.onmessage = (message) => {
      received.push(message)
      ;(onMessage ?? answer)(message)
    }
    yield* Effect.promise(() => made.transport.start())
    return {
      ...made,
      input,
      output,
      received,
      /** All that was written so far, once the streams have passed it on. */
      lines: Effect.map(Effect.zipRight(nextTurn, nextTurn), () => written.join("").split("\n").slice(0, -1))
    }
  })

const responses = (lines: ReadonlyArray<string>) =>
  lines.map((text) => {
    const message = Option.getOrThrow(readWire(text))
    return "error" in message ? [message.id, message.error.code] : "id" in message ? message.id : message.method
  })

describe("what comes in", () => {
  it.effect.each<{ readonly what: string; readonly bytes: string; readonly out: ReadonlyArray<unknown> }>([
    { what: "one message", bytes: line(ping(1)), out: [1] },
    { what: "several messages at once", bytes: line(ping(1)) + line(ping("two")), out: [1, "two"] },
    { what: "line ends of Windows", bytes: '{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n', out: [1] },
    { what: "blank lines", bytes: `\n \n\r\n\t\n${line(ping(1))}`, out: [1] },
    { what: "a byte order mark at the start", bytes: `\ufeff${line(ping(1))}`, out: [1] },
    { what: "byte order marks later", bytes: `${line(ping(1))}\ufeff${line(ping(2))}\ufeff\n`, out: [1, 2] },
    { what: "a line that is not JSON", bytes: `nope\n${line(ping(1))}`, out: [[null, -32700], 1] },
    { what: "JSON that is no message", bytes: `{"id":2,"method":"ping"}\n${line(ping(3))}`, out: [[2, -32600], 3] },
    { what: "a batch", bytes: `[${JSON.stringify(ping(1))}]\n${line(ping(2))}`, out: [[null, -32600], 2] },
    { what: "an id that is in use", bytes: line(ping(1)) + line(ping(1)), out: [1, 1] },
    { what: "a notification and a response", bytes: line({ jsonrpc: "2.0", method: "x" }) + line(pong(1)), out: [] }
  ])("is served or refused: $what", ({ bytes, out }) =>
    Effect.gen(function* () {
      const { input, lines } = yield* opened()
      input.write(bytes)
      assert.deepStrictEqual(responses(yield* lines), out)
    })
  )

  it.effect("is the same however it is cut into chunks", () =>
    Effect.gen(function* () {
      const bytes = Buffer.from(`\ufeff${line({ ...ping("Zoë 🕷"), params: { x: "\u2028" } })}`)
      for (let at = 0; at <= bytes.length; at += 1) {
        const { input, received } = yield* opened()
        input.write(bytes.subarray(0, at))
        yield* nextTurn
        input.write(bytes.subarray(at))
        yield* nextTurn
        assert.deepStrictEqual(received, [{ ...ping("Zoë 🕷"), params: { x: "\u2028" } }])
      }
    })
  )

  it.effect("beyond the limit of a line is refused once, and the next line is served", () =>
    Effect.gen(function* () {
      const { input, lines } = yield* opened({ maxLineBytes: 1000 })
      const long = Buffer.alloc(700, "x")
      input.write(long)
      input.write(long)
      assert.deepStrictEqual(responses(yield* lines), [[null, -32600]])
      input.write(long)
      input.write(`\n${line(ping(1))}`)
      assert.deepStrictEqual(responses(yield* lines), [[null, -32600], 1])
    })
  )
})

const messages = FastCheck.oneof(
  FastCheck.record({
    jsonrpc: FastCheck.constant("2.0"),
    id: FastCheck.oneof(FastCheck.nat(), FastCheck.string()),
    method: FastCheck.constantFrom("ping", "tools/call", "prompts/get", "tools/list"),
    params: FastCheck.constantFrom({}, { name: "x", arguments: {} }, { _meta: { progressToken: 1 } })
  }),
  FastCheck.constantFrom(
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 7, result: {} },
    { jsonrpc: "2.0", id: 7, error: { code: -1, message: "no" } }
  )
)

describe("any lines near valid ones", () => {
  it.effect.prop(
    "get each the response that is due, once, in valid messages",
    [FastCheck.array(spoiltLine(messages), { maxLength: 30 }), FastCheck.integer({ min: 1, max: 50 })],
    ([lines, size]) =>
      Effect.gen(function* () {
        const bytes = Buffer.concat(lines)
        const connection = yield* opened()
        for (let at = 0; at < bytes.length; at += size) connection.input.write(bytes.subarray(at, at + size))
        connection.input.end()
        yield* connection.answered
        const ids = (yield* connection.lines).map((text) => {
          const message = Option.getOrThrow(readWire(text))
          return "id" in message ? message.id : message.method
        })
        const due = bytes
          .toString("utf8")
          .split("\n")
          .map(expectedId)
          .filter((id) => id !== undefined)
        assert.deepStrictEqual(ids, due)
      }),
    { fastCheck: { numRuns: 100 } }
  )
})

describe("the end of the input", () => {
  it.effect("serves a last line that has no line end", () =>
    Effect.gen(function* () {
      const { answered, input, lines } = yield* opened()
      input.end(JSON.stringify(ping(1)))
      yield* answered
      assert.deepStrictEqual(responses(yield* lines), [1])
    })
  )

  it.effect("waits for the response of every request, also of two with one id", () =>
    Effect.gen(function* () {
      const { answered, input, inputEnded, transport } = yield* opened({ onMessage: () => undefined })
      input.end(line(ping(1)) + line(ping(1)) + line(ping("x")))
      yield* inputEnded
      const waiting = yield* Effect.fork(answered)
      for (const id of [1, "x", 1]) {
        yield* nextTurn
        assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
        yield* Effect.promise(() => transport.send(pong(id)))
      }
      yield* Fiber.join(waiting)
    })
  )

  it.effect("waits for no request that was cancelled, or that only listens", () =>
    Effect.gen(function* () {
      const { answered, input, transport } = yield* opened({ onMessage: () => undefined })
      input.write(line(ping(1)) + line({ jsonrpc: "2.0", id: 2, method: "subscriptions/listen" }))
      input.end(line({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }))
      yield* Effect.promise(() =>
        transport.send({
          jsonrpc: "2.0",
          method: "notifications/subscriptions/acknowledged",
          params: { _meta: { "io.modelcontextprotocol/subscriptionId": 2 } }
        })
      )
      yield* answered
    })
  )
})

describe("what goes out", () => {
  const notice = (progress: number) =>
    ({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress } }) as const
  const of = (relatedRequestId: string | number) => ({ relatedRequestId })

  it.effect("leaves out notices of progress that their result follows at once, and no others", () =>
    Effect.gen(function* () {
      const { lines, transport } = yield* opened()
      yield* Effect.promise(() => transport.send(notice(1), of(1)))
      assert.deepStrictEqual(responses(yield* lines), ["notifications/progress"])
      yield* Effect.promise(async () => {
        await transport.send(notice(2), of(1))
        await transport.send(notice(3), of(1))
        await transport.send(notice(1), of("other"))
        await transport.send(pong(1))
      })
      assert.deepStrictEqual(responses(yield* lines), ["notifications/progress", 1, "notifications/progress"])
    })
  )

  it.effect("fails to go out once the output is broken, which is said", () =>
    Effect.gen(function* () {
      const { output, outputBroken, transport } = yield* opened()
      output.destroy(new Error("EPIPE"))
      yield* outputBroken
      yield* Effect.flip(Effect.tryPromise(() => transport.send(pong(1))))
    })
  )

  it.effect("is nothing more after the transport was closed, which is said once", () =>
    Effect.gen(function* () {
      const { input, received, transport } = yield* opened()
      let closes = 0
      transport.onclose = () => {
        closes += 1
      }
      yield* Effect.promise(() => transport.close())
      yield* Effect.promise(() => transport.close())
      input.write(line(ping(1)))
      yield* nextTurn
      assert.deepStrictEqual(received, [])
      assert.strictEqual(closes, 1)
    })
  )
})
