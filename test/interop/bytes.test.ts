import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { start } from "../cli/program.ts"

const Message = Schema.parseJson(
  Schema.Struct({ jsonrpc: Schema.Literal("2.0"), id: Schema.optional(Schema.NullOr(Schema.Number)) })
)

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bytes", version: "1" } }
})

const request = (id: number, method: string, params: unknown = {}) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params })

/** A server on a slow sandbox, with what it wrote and a wait for the answer to a request. */
const server = (env: Readonly<Record<string, string>> = {}) =>
  Effect.map(start(["--sandbox"], { env }), ({ child, exited, written }) => ({
    child,
    exited,
    written,
    send: (line: string) => void child.stdin.write(`${line}\n`),
    answered: (id: number) =>
      Effect.async<void>((resume) => {
        const look = () => {
          if (written.stdout.includes(`"id":${id}}`) || written.stdout.includes(`"id":${id},`)) {
            child.stdout.off("data", look)
            resume(Effect.void)
          }
        }
        child.stdout.on("data", look)
        look()
      })
  }))

describe("over stdio", () => {
  for (const debug of ["0", "1"]) {
    it.scopedLive(`stdout carries nothing but messages, with DEBUG=${debug}`, () =>
      Effect.gen(function* () {
        const { answered, child, exited, send, written } = yield* server({ DEBUG: debug })
        send(initialize)
        send("this is not JSON")
        send('{"jsonrpc":"2.0"}')
        send(request(2, "no/such/method"))
        send(JSON.stringify({ jsonrpc: "2.0", method: "notifications/unknown" }))
        send(request(3, "tools/call", { name: "get_agent", arguments: { agentId: 99 } }))
        send(request(4, "tools/list"))
        yield* answered(4)
        yield* answered(3)
        child.stdin.end()
        yield* Effect.promise(() => exited)
        const lines = written.stdout.trimEnd().split("\n")
        const messages = yield* Effect.forEach(lines, (line) => Schema.decode(Message)(line))
        assert.sameMembers(
          messages.flatMap(({ id }) => (typeof id === "number" ? [id] : [])),
          [1, 2, 3, 4]
        )
      })
    )
  }

  it.scopedLive("the end of input ends the process, also in the middle of a call", () =>
    Effect.gen(function* () {
      const { answered, child, exited, send } = yield* server()
      send(initialize)
      yield* answered(1)
      send(request(2, "tools/call", { name: "start_agent", arguments: { agentId: 4101 } }))
      yield* answered(2)
      send(request(3, "tools/call", { name: "start_agent", arguments: { agentId: 4302, isRunSynchronously: true } }))
      send(request(4, "ping"))
      yield* answered(4)
      child.stdin.end()
      yield* Effect.promise(() => exited)
      assert.strictEqual(child.exitCode, 0)
    })
  )

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.scopedLive(`${signal} ends the process`, () =>
      Effect.gen(function* () {
        const { answered, child, exited, send } = yield* server()
        send(initialize)
        yield* answered(1)
        child.kill(signal)
        yield* Effect.promise(() => exited)
        assert.strictEqual(child.exitCode, 0)
      })
    )
  }
})
