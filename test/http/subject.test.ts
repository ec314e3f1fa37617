import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { endpoint, message, modern } from "../support/endpoint.ts"
import { issuer, keyPair, signed } from "../support/issuer.ts"
import type { Json } from "../support/conversation.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const takesTasks = {
  "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } }
}

describe("a task over HTTP", () => {
  it.scopedLive("belongs to the verified subject: a refreshed token reads it, another's does not", () =>
    Effect.gen(function* () {
      const key = yield* keyPair("one")
      const from = yield* issuer([key])
      from.parts.api = (_, response) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ id: 90, configId: 7, status: 1 }))
      const { mcp } = yield* endpoint({ SEQUENTUM_API_URL: from.url, TOKEN_CHECK: "auto" })
      const tokenOf = (sub: string, exp: number) => signed(key, { sub, exp, iss: from.url })
      const ask = (token: string, method: string, params: Json) =>
        Effect.flatMap(modern(mcp, method, params, { token }, takesTasks), message).pipe(Effect.map(record))

      const first = yield* tokenOf("alice", 4_000_000_000)
      const begun = yield* ask(first, "tools/call", { name: "wait_for_run", arguments: { agentId: 7, runId: 90 } })
      const { resultType, taskId } = record(begun["result"])
      assert.strictEqual(resultType, "task")

      const refreshed = yield* tokenOf("alice", 4_000_000_100)
      const read = yield* ask(refreshed, "tasks/get", { taskId })
      assert.strictEqual(record(read["result"])["status"], "working", JSON.stringify(read))
      const others = yield* tokenOf("bob", 4_000_000_000)
      assert.strictEqual(record((yield* ask(others, "tasks/get", { taskId }))["error"])["code"], -32602)
    })
  )
})
