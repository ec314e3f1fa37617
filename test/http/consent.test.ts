import { randomBytes } from "node:crypto"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { accept, questionIn, refuse, textOf, withAnswer, type Json } from "../support/conversation.ts"
import { balancer, bySession, roundRobin, type Choose } from "../support/balancer.ts"
import { endpoint, message, modern, type Endpoint } from "../support/endpoint.ts"
import { sandboxRun } from "../tools/ToolCase.ts"

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const canBeAsked = { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } }

/** Calls a tool in the newer era. */
const callAs =
  (token: string, { mcp }: Pick<Endpoint, "mcp">) =>
  (name: string, args: Json, more: Json = {}) =>
    modern(mcp, "tools/call", { name, arguments: args, ...more }, { token }, canBeAsked).pipe(
      Effect.flatMap(message),
      Effect.map((answer) => record(record(answer)["result"]))
    )

type Call = ReturnType<typeof callAs>

const Stats = Schema.Struct({ writes: Schema.Int, byRoute: Schema.Record({ key: Schema.String, value: Schema.Int }) })

/** What the sandbox counted of a caller. */
const statsOf = ({ apiUrl }: Pick<Endpoint, "apiUrl">, token = "alice") =>
  Effect.flatMap(
    Effect.promise(() =>
      fetch(`${apiUrl}/sandbox/stats`, { headers: { authorization: `Bearer ${token}` } }).then((answer) =>
        answer.json()
      )
    ),
    Schema.decodeUnknown(Stats)
  )

/** A client of the older era that gives the same answer to every question, as a Call. */
const legacyClient = ({ mcp }: Pick<Endpoint, "mcp">, answer: typeof accept) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const client = new Client({ name: "asked", version: "1" }, { capabilities: { elicitation: {} } })
        client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { ...answer.content } }))
        const requestInit = { headers: { authorization: "Bearer alice" } }
        // The SDK's own transport does not fit its own interface under exactOptionalPropertyTypes.
        await client.connect(Object.assign(new StreamableHTTPClientTransport(new URL(mcp), { requestInit }), {}))
        return client
      }),
      (client) => Effect.promise(() => client.close())
    ),
    (client): Call =>
      (name, args) =>
        Effect.map(
          Effect.promise(() => client.callTool({ name, arguments: { ...args } })),
          record
        )
  )

/** Calls a tool and answers its question, if there is one. */
const answering =
  (call: Call, answer: Json): Call =>
  (name, args) =>
    Effect.flatMap(call(name, args), (result) =>
      questionIn(result).isAsked ? call(name, args, withAnswer(result, answer)) : Effect.succeed(result)
    )

describe("consent over HTTP", () => {
  it.scopedLive("yes of the newer era counts once, and for the same caller only", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const alice = callAs("alice", at)
      const question = yield* alice("delete_run", sandboxRun)
      assert.match(questionIn(question).question, /^Delete run 1204567 of agent “Books catalogue”/u)
      const stolen = yield* callAs("bob", at)("delete_run", sandboxRun, withAnswer(question, accept))
      assert.match(textOf(stolen), /given for another call/u)
      assert.strictEqual((yield* statsOf(at)).writes, 0)
      const done = yield* alice("delete_run", sandboxRun, withAnswer(question, accept))
      assert.strictEqual(record(done["structuredContent"])["deleted"], true)
      assert.match(textOf(yield* alice("delete_run", sandboxRun, withAnswer(question, accept))), /was used before/u)
      assert.strictEqual((yield* statsOf(at)).writes, 1)
    })
  )

  for (const [what, answer, writes] of [
    ["yes", accept, 1],
    ["no", refuse, 0]
  ] as const) {
    it.scopedLive(`${what} of the older era`, () =>
      Effect.gen(function* () {
        const at = yield* endpoint()
        const call = yield* legacyClient(at, answer)
        const result = yield* call("delete_run", sandboxRun)
        assert.notStrictEqual(result["isError"], true)
        assert.strictEqual(record(result["structuredContent"])["deleted"], writes === 1)
        assert.strictEqual((yield* statsOf(at)).writes, writes)
      })
    )
  }
})

describe("consent at two replicas", () => {
  const replicas = (choose: Choose) =>
    Effect.gen(function* () {
      const STATE_KEY = randomBytes(32).toString("base64")
      const first = yield* endpoint({ STATE_KEY })
      const second = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: first.apiUrl })
      const { counts, mcp } = yield* balancer([first.url, second.url], choose)
      return { apiUrl: first.apiUrl, counts, mcp }
    })

  it.scopedLive("in turn, in the newer era", () =>
    Effect.gen(function* () {
      const at = yield* replicas(roundRobin)
      const done = yield* answering(callAs("alice", at), accept)("delete_run", sandboxRun)
      assert.strictEqual(record(done["structuredContent"])["deleted"], true)
      assert.deepStrictEqual(at.counts(), [1, 1])
    })
  )

  it.scopedLive("by a hash of the session id, in the older era", () =>
    Effect.gen(function* () {
      const at = yield* replicas(bySession)
      const call = yield* legacyClient(at, accept)
      const done = yield* call("delete_run", sandboxRun)
      assert.strictEqual(record(done["structuredContent"])["deleted"], true)
      assert.strictEqual((yield* statsOf(at)).writes, 1)
    })
  )
})

const rowsOf = (result: Json, list: string): ReadonlyArray<Json> => {
  const rows = record(result["structuredContent"])[list]
  return Array.isArray(rows) ? rows.map(record) : []
}

/** Deletes what can be deleted, schedules each agent every minute, and starts all there is. */
const wreck = (call: Call) =>
  Effect.gen(function* () {
    const agents = rowsOf(yield* call("list_agents", { recordsPerPage: 100 }), "agents").map(
      (agent) => agent["agentId"]
    )
    const spaces = rowsOf(yield* call("list_spaces", {}), "spaces").map((space) => space["spaceId"])
    const schedules = rowsOf(yield* call("list_agent_schedules", {}), "schedules")
    const every = <A>(items: ReadonlyArray<A>, use: (item: A) => Effect.Effect<unknown>) =>
      Effect.forEach(items, use, { concurrency: 4, discard: true })
    assert.isAtLeast(agents.length, 10)
    assert.isAtLeast(schedules.length, 3)
    yield* every(agents, (agentId) =>
      Effect.gen(function* () {
        for (const { runId } of rowsOf(yield* call("get_agent_runs", { agentId, maxRecords: 10 }), "runs")) {
          yield* call("delete_run", { agentId, runId })
        }
        yield* call("create_agent_schedule", { agentId, name: "Wreck", cronExpression: "* * * * *" })
        yield* call("start_agent", { agentId, parallelism: 50 })
        yield* call("restore_agent_version", { agentId, versionNumber: 1, comments: "Wreck" })
      })
    )
    yield* every(schedules, ({ agentId, scheduleId }) =>
      Effect.gen(function* () {
        yield* call("update_agent_schedule", { agentId, scheduleId, cronExpression: "* * * * *" })
        yield* call("enable_agent_schedule", { agentId, scheduleId })
        yield* call("delete_agent_schedule", { agentId, scheduleId })
      })
    )
    yield* every(spaces, (spaceId) => call("run_space_agents", { spaceId }))
    const again = Array.from({ length: 4 }, () => agents).flat()
    yield* every(again, (agentId) => call("start_agent", { agentId, startAnother: true, isExclusive: false }))
  })

describe("the wreck of an account, by a client that says no to every question", () => {
  const wrecks = (era: string, connect: (at: Endpoint) => Effect.Effect<Call, never, Scope.Scope>) => {
    it.scopedLive(`${era}: no deletion, no frequent schedule, starts within the ceiling`, () =>
      Effect.gen(function* () {
        const at = yield* endpoint({ SEQUENTUM_MAX_STARTS_PER_MINUTE: "7" })
        const call = yield* connect(at)
        yield* wreck(call)
        const frequent = rowsOf(yield* call("list_agent_schedules", {}), "schedules").filter(
          ({ cronExpression, isEnabled }) => cronExpression === "* * * * *" && isEnabled === true
        )
        assert.deepStrictEqual(frequent, [])
        const { byRoute } = yield* statsOf(at)
        const written = Object.entries(byRoute).filter(([route]) => !route.startsWith("GET "))
        assert.deepStrictEqual(
          // Rare schedules may be enabled, and paused ones changed: none that starts often came of it.
          written.filter(([route]) => !/\/start$|^PUT .*\/schedules\/|\/enable$/u.test(route)),
          []
        )
        const starts = written.reduce((sum, [route, count]) => (route.endsWith("/start") ? sum + count : sum), 0)
        assert.isAtLeast(starts, 1)
        assert.isAtMost(starts, 7)
      })
    )
  }
  wrecks("the newer era", (at) => Effect.succeed(answering(callAs("alice", at), refuse)))
  wrecks("the older era", (at) => legacyClient(at, refuse))
})

describe("the ceiling on starts", () => {
  it.scopedLive("is a clear error beyond it; one confirmed start of a space may pass it", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({ SEQUENTUM_MAX_STARTS_PER_MINUTE: "2" })
      const yes = (token: string) => answering(callAs(token, at), accept)
      const space = yield* yes("alice")("run_space_agents", { spaceId: 101 })
      assert.notStrictEqual(space["isError"], true, textOf(space))
      assert.isAtLeast(Number(record(space["structuredContent"])["totalAgents"]), 3)
      const refused = yield* yes("alice")("start_agent", { agentId: 4101 })
      assert.strictEqual(refused["isError"], true)
      assert.match(
        textOf(refused),
        /At most 2 runs and builds may be started in a minute here; \d+ were.*Nothing was started\. Try again in \d+ seconds/u
      )
      const second = yield* yes("alice")("run_space_agents", { spaceId: 101 })
      assert.strictEqual(second["isError"], true)
      assert.notStrictEqual((yield* yes("bob")("start_agent", { agentId: 4101 }))["isError"], true)
    })
  )
})
