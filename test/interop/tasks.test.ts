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
import { accept, type Json } from "../support/conversation.ts"
import { endpoint, message, modern } from "../support/endpoint.ts"
import { program } from "../support/httpProgram.ts"
import { envelope, launch } from "../support/stdioServer.ts"
import { serve } from "../../src/sandbox/server.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const listed = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.map(record) : [])

const newKey = () => randomBytes(32).toString("base64")

const clientInfo = { name: "tasks-test", version: "1" }
const clientCapabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
/** Of a client that can be asked, too. */
const declared = {
  "io.modelcontextprotocol/clientCapabilities": { ...clientCapabilities, elicitation: { form: {} } }
}

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
  const first = yield* endpoint({ STATE_KEY }, 200)
  const second = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: first.apiUrl })
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

/** What a session of the extension's client ends a call with. */
const settled = (mcp: string, calls: ReadonlyArray<readonly [tool: string, args: Record<string, JsonValue>]>) =>
  Effect.promise(async () => {
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
    const results = await Promise.all(
      calls.map(async ([tool, args]) => {
        const execution = await session.callTool(tool, args)
        const { outcome } = await execution.settle()
        assert.isDefined(outcome.task, tool)
        return record(record(resultFromTaskOutcome(outcome))["structuredContent"])
      })
    )
    await session.close()
    await client.close()
    return results
  })

const startedRun = (mcp: string, agentId: number) =>
  modern(mcp, "tools/call", { name: "start_agent", arguments: { agentId } }).pipe(
    Effect.flatMap(message),
    Effect.map((answer) => {
      const { runId } = record(record(record(record(answer)["result"])["structuredContent"])["run"])
      return typeof runId === "number" ? { agentId, runId } : assert.fail("no run")
    })
  )

const prompt = "Scrape all books from https://books.example"

const startedBuild = (mcp: string) =>
  modern(mcp, "tools/call", { name: "start_agent_build", arguments: { prompt } }).pipe(
    Effect.flatMap(message),
    Effect.map((answer) => String(record(record(record(answer)["result"])["structuredContent"])["sessionId"]))
  )

describe("the client of the tasks extension", () => {
  it.scopedLive("carries every kind of work through to its result, by two replicas in turn", () =>
    Effect.gen(function* () {
      const { counts, mcp } = yield* replicas
      const run = yield* startedRun(mcp, 4102)
      const several = yield* startedRun(mcp, 4104)
      const sessionId = yield* startedBuild(mcp)
      const [start, space, build, wait, waits, buildWait] = yield* settled(mcp, [
        ["start_agent", { agentId: 4101 }],
        ["run_space_agents", { spaceId: 103 }],
        ["start_agent_build", { prompt }],
        ["wait_for_run", run],
        ["wait_for_run", { runs: [several] }],
        ["wait_for_agent_build", { sessionId }]
      ])
      assert.strictEqual(record(start?.["run"])["isFinal"], true)
      const results = listed(space?.["results"])
      assert.strictEqual(results.length, space?.["totalAgents"])
      for (const { errorMessage, status, success } of results) {
        assert.match(
          String(success === true ? status : errorMessage),
          success === true ? /^(?:Success|Failure|Completed)$/u : /./u
        )
      }
      assert.isAbove(results.filter(({ success }) => success === true).length, 0)
      assert.strictEqual(record(build?.["build"])["status"], "completed")
      assert.deepStrictEqual([wait?.["isFinal"], record(wait?.["run"])["runId"]], [true, run.runId])
      assert.strictEqual(waits?.["isFinal"], true)
      assert.strictEqual(record(buildWait?.["build"])["status"], "completed")
      const [first = 0, second = 0] = counts()
      assert.isAtLeast(Math.min(first, second), 5)
    })
  )
})

/** One process of the program: how a client that takes tasks asks it, and its sudden end. */
interface Process {
  readonly ask: (method: string, params: Json, token?: string) => Effect.Effect<Json>
  readonly kill: Effect.Effect<unknown>
}

const overHttp = (env: Readonly<Record<string, string>>) =>
  Effect.map(program([], env), ({ child, ended, mcp }): Process => ({
    ask: (method, params, token) => ask(mcp, method, params, token),
    kill: Effect.zipRight(
      Effect.sync(() => child.kill("SIGKILL")),
      ended
    )
  }))

const overStdio = (env: Readonly<Record<string, string>>) =>
  Effect.map(launch({ env: { ...env, SEQUENTUM_API_KEY: "sk-alice" } }), (server): Process => {
    let id = 0
    return {
      ask: (method, params) =>
        Effect.suspend(() => {
          id += 1
          server.request(id, method, { ...params, _meta: { ...envelope()["_meta"], ...declared } })
          return Effect.map(server.answer(id), ({ error, result }) =>
            error === undefined ? record(result) : { error: record(error) }
          )
        }),
      kill: Effect.zipRight(
        Effect.sync(() => server.child.kill("SIGKILL")),
        server.ended
      )
    }
  })

const codeOf = (result: Json) => record(result["error"])["code"]

for (const [how, open] of [
  ["over HTTP", overHttp],
  ["over stdio", overStdio]
] as const) {
  describe(`the tasks of the program ${how}`, () => {
    it.scopedLive("outlive a program that is killed and started again with the same STATE_KEY", () =>
      Effect.gen(function* () {
        const { url: SEQUENTUM_API_URL } = yield* serve({ speed: 6, rateLimitPerMinute: 1_000_000 })
        const env = { SEQUENTUM_API_URL, STATE_KEY: newKey() }
        const first = yield* open(env)
        const call = (process: Process, name: string, args: Json, more: Json = {}) =>
          process.ask("tools/call", { name, arguments: args, ...more })
        const space = { spaceId: 102 }
        const question = yield* call(first, "run_space_agents", space)
        assert.strictEqual(question["resultType"], "input_required", JSON.stringify(question))
        const start = yield* call(first, "start_agent", { agentId: 4101 })
        const build = yield* call(first, "start_agent_build", { prompt })
        const active = yield* call(first, "find_runs", { status: ["Queuing", "Starting", "Running"] })
        const [run] = listed(record(active["structuredContent"])["runs"])
        const ids = { agentId: run?.["agentId"], runId: run?.["runId"] }
        const wait = yield* call(first, "wait_for_run", ids)
        const several = yield* call(first, "wait_for_run", { runs: [ids] })
        yield* first.kill
        const second = yield* open(env)
        const answer = { requestState: question["requestState"], inputResponses: { confirm: accept } }
        const all = yield* call(second, "run_space_agents", space, answer)
        const tasks = { start, build, wait, several, all }
        for (const [name, task] of Object.entries(tasks)) {
          assert.strictEqual(task["resultType"], "task", `${name}: ${JSON.stringify(task)}`)
          const { taskId } = task
          const seen = yield* second.ask("tasks/get", { taskId })
          assert.deepStrictEqual([seen["resultType"], seen["status"]], ["complete", "working"], name)
          assert.strictEqual(seen["createdAt"], task["createdAt"])
          if (how === "over HTTP") {
            for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
              assert.strictEqual(codeOf(yield* second.ask(method, { taskId }, "bob")), -32602)
            }
          }
        }
        // The end of a wait ends nothing.
        for (const { taskId } of [wait, several]) {
          assert.isUndefined(codeOf(yield* second.ask("tasks/cancel", { taskId })))
          assert.strictEqual((yield* second.ask("tasks/get", { taskId }))["status"], "working")
        }
        for (const { taskId } of [start, build, all]) {
          assert.isUndefined(codeOf(yield* second.ask("tasks/cancel", { taskId })))
        }
        for (const { taskId } of [start, build, all, wait, several]) {
          const ended = yield* second
            .ask("tasks/get", { taskId })
            .pipe(
              Effect.delay("200 millis"),
              Effect.repeat({ until: ({ status }) => status !== "working", times: 100 })
            )
          assert.strictEqual(ended["status"], "cancelled", JSON.stringify(ended))
        }
        const other = yield* open({ ...env, STATE_KEY: newKey() })
        for (const { taskId } of Object.values(tasks)) {
          assert.strictEqual(codeOf(yield* other.ask("tasks/get", { taskId })), -32602)
        }
      })
    )
  })
}
