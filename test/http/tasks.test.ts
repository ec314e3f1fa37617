import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Json } from "../support/conversation.ts"
import { endpoint, legacy, message, modern, openSession, type Ask } from "../support/endpoint.ts"
import { jwt, refusing, rpcErrorOf } from "../support/wire.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const declared = {
  "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } }
}

const ask = (mcp: string, method: string, params: Json, options: Ask = {}) =>
  modern(mcp, method, params, options, declared)

const resultOf = (response: Response) => Effect.map(message(response), (answer) => record(record(answer)["result"]))

const started = (mcp: string, options: Ask = {}) =>
  Effect.flatMap(ask(mcp, "tools/call", { name: "start_agent", arguments: { agentId: 4101 } }, options), resultOf)

describe("a task over HTTP", () => {
  it.scopedLive("tells the client to sign in again where Sequentum refuses its token, and keeps the task", () =>
    Effect.gen(function* () {
      const STATE_KEY = randomBytes(32).toString("base64")
      const { mcp } = yield* endpoint({ STATE_KEY }, 1)
      const refusal = yield* refusing(401, {})
      const other = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: refusal })
      const token = jwt({ sub: "alice", exp: 4_000_000_000 })
      const { taskId } = yield* started(mcp, { token })
      for (const method of ["tasks/get", "tasks/cancel"]) {
        const response = yield* ask(other.mcp, method, { taskId }, { token })
        assert.strictEqual(response.status, 401)
        assert.match(response.headers.get("www-authenticate") ?? "", /error="invalid_token"/u)
        assert.strictEqual((yield* rpcErrorOf(response)).code, -32001)
      }
      const seen = yield* Effect.flatMap(ask(mcp, "tasks/get", { taskId }, { token }), resultOf)
      assert.strictEqual(seen["status"], "working")
    })
  )

  it.scopedLive("is read by a request that is narrowed to reading, which stops nothing", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 1)
      const { taskId } = yield* started(mcp)
      for (const headers of [
        { "x-mcp-readonly": "true" },
        { "x-mcp-exclude-tools": "stop_agent,wait_for_run" },
        { "x-mcp-toolsets": "billing" }
      ]) {
        const cancelled = yield* Effect.flatMap(ask(mcp, "tasks/cancel", { taskId }, { headers }), message)
        assert.isUndefined(record(cancelled)["error"])
        const seen = yield* Effect.flatMap(ask(mcp, "tasks/get", { taskId }, { headers }), resultOf)
        assert.strictEqual(seen["status"], "working")
        assert.notMatch(String(seen["statusMessage"]), /Stop/u)
      }
      yield* ask(mcp, "tasks/cancel", { taskId })
      const seen = yield* Effect.flatMap(ask(mcp, "tasks/get", { taskId }), resultOf)
      assert.match(String(seen["statusMessage"]), /Stop/u)
    })
  )

  it.scopedLive("is named by a header that agrees with the body", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 1)
      const { taskId } = yield* started(mcp)
      for (const named of ["", "start_agent", `${String(taskId)}x`]) {
        const response = yield* ask(mcp, "tasks/get", { taskId }, { headers: { "mcp-name": named } })
        assert.strictEqual(response.status, 400)
        assert.strictEqual((yield* rpcErrorOf(response)).code, -32020)
      }
    })
  )

  it.scopedLive("is unknown to a session of the older era", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 1)
      const { taskId } = yield* started(mcp)
      const session = yield* openSession(mcp)
      for (const ids of [{ session }, {}]) {
        const { error } = record(yield* Effect.flatMap(legacy(mcp, "tasks/get", { taskId }, ids), message))
        assert.strictEqual(record(error)["code"], -32601)
        const call = { name: "start_agent", arguments: { agentId: 4101 }, task: { ttl: 1000 } }
        const plain = yield* Effect.flatMap(legacy(mcp, "tools/call", call, ids), resultOf)
        assert.isDefined(plain["structuredContent"])
      }
    })
  )
})
