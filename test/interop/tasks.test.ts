import { randomBytes } from "node:crypto"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import {
  createTaskSessionFromClient,
  resultFromTaskOutcome,
  type RawClientDispatch
} from "@modelcontextprotocol/ext-tasks/client"
import type { JsonValue } from "@modelcontextprotocol/ext-tasks/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { balancer, roundRobin } from "../support/balancer.ts"
import type { Json } from "../support/conversation.ts"
import { endpoint, message, modern } from "../support/endpoint.ts"
import { program } from "../support/httpProgram.ts"
import { serve } from "../../src/sandbox/server.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const newKey = () => randomBytes(32).toString("base64")

const clientInfo = { name: "tasks-test", version: "1" }
const clientCapabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
const declared = { "io.modelcontextprotocol/clientCapabilities": clientCapabilities }

/** One request of a client that takes tasks: its result or error. */
const ask = (mcp: string, method: string, params: Json, token = "alice") => {
  const { taskId } = params
  const headers = typeof taskId === "string" ? { "mcp-name": taskId } : {}
  return modern(mcp, method, params, { token, headers }, declared).pipe(
    Effect.flatMap(message),
    Effect.map((answer) => {
      const { error, result } = record(answer)
      return error === undefined ? record(result) : { error: record(error) }
    })
  )
}

/** Two replicas with one key and one Sequentum, asked in turn. */
const replicas = Effect.gen(function* () {
  const STATE_KEY = newKey()
  const first = yield* endpoint({ STATE_KEY }, 600)
  const second = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: first.apiUrl }, 600)
  return yield* balancer([first.url, second.url], roundRobin)
})

const isJson = (value: unknown): value is JsonValue => value !== undefined

/** Sends the requests of the extension's client, which the SDK's own would refuse the answers of. */
const dispatchTo =
  (mcp: string): RawClientDispatch =>
  async (request) => {
    const { method, params } = record(request)
    const { name, taskId } = record(params)
    const named = taskId ?? name
    const response = await fetch(mcp, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: "Bearer alice",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": String(method),
        ...(typeof named === "string" ? { "mcp-name": named } : {})
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })
    })
    const text = await response.text()
    const data = text.split("\n").filter((line) => line.startsWith("data: "))
    const { result } = record(JSON.parse(data.at(-1)?.slice(6) ?? text))
    if (!isJson(result)) throw new Error(text)
    return { kind: "result", result }
  }

describe("the client of the tasks extension", () => {
  it.scopedLive("carries a start through to its result, by two replicas in turn", () =>
    Effect.gen(function* () {
      const { counts, mcp } = yield* replicas
      const result = yield* Effect.promise(async () => {
        const client = new Client(clientInfo, {
          capabilities: clientCapabilities,
          versionNegotiation: { mode: { pin: "2026-07-28" } }
        })
        const requestInit = { headers: { authorization: "Bearer alice" } }
        await client.connect(new StreamableHTTPClientTransport(new URL(mcp), { requestInit }))
        const session = createTaskSessionFromClient(client, {
          endpointId: "test",
          rawDispatch: dispatchTo(mcp),
          v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo, clientCapabilities }
        })
        const execution = await session.callTool("start_agent", { agentId: 4101 })
        const { outcome } = await execution.settle()
        assert.isDefined(outcome.task)
        await session.close()
        return resultFromTaskOutcome(outcome)
      })
      const run = record(record(record(result)["structuredContent"])["run"])
      assert.strictEqual(run["isFinal"], true)
      const [first = 0, second = 0] = counts()
      assert.isAtLeast(Math.min(first, second), 1)
    })
  )
})

describe("a task of the program", () => {
  it.scopedLive("outlives a program that is killed and started again with the same STATE_KEY", () =>
    Effect.gen(function* () {
      const { url: SEQUENTUM_API_URL } = yield* serve({ speed: 1, rateLimitPerMinute: 1_000_000 })
      const env = { SEQUENTUM_API_URL, STATE_KEY: newKey() }
      const first = yield* program([], env)
      const task = yield* ask(first.mcp, "tools/call", { name: "start_agent", arguments: { agentId: 4101 } })
      assert.strictEqual(task["resultType"], "task", JSON.stringify(task))
      const { taskId } = task
      first.child.kill("SIGKILL")
      yield* first.ended
      const second = yield* program([], env)
      const seen = yield* ask(second.mcp, "tasks/get", { taskId })
      assert.strictEqual(seen["status"], "working", JSON.stringify(seen))
      assert.strictEqual(record((yield* ask(second.mcp, "tasks/get", { taskId }, "bob"))["error"])["code"], -32602)
      assert.isUndefined((yield* ask(second.mcp, "tasks/cancel", { taskId }))["error"])
      const ended = yield* ask(second.mcp, "tasks/get", { taskId }).pipe(
        Effect.delay("200 millis"),
        Effect.repeat({ until: ({ status }) => status !== "working", times: 100 })
      )
      assert.strictEqual(ended["status"], "cancelled")
      const other = yield* program([], { ...env, STATE_KEY: newKey() })
      assert.strictEqual(record((yield* ask(other.mcp, "tasks/get", { taskId }))["error"])["code"], -32602)
    })
  )
})
