import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import type { Era } from "../../src/mcp/era.ts"
import type { ServerExtension } from "../../src/mcp/server.ts"
import { endpoint, legacy, openSession, post, type Ask } from "../support/endpoint.ts"
import { localServer } from "../support/localServer.ts"
import { callTool, eventually, metric, resultOf, rpcErrorOf, startRun, upstreamCalls } from "../support/wire.ts"

/** Lets sockets do what they can without time passing. */
const turns = TestServices.provideLive(Effect.sleep("150 millis"))

const status = (response: Response) =>
  Effect.promise(async () => {
    await response.text()
    return response.status
  })

describe("cancelling", () => {
  const waiting = { timeoutSeconds: 45 }

  const hasPolled = (at: { readonly apiUrl: string }, before: number) =>
    eventually(Effect.map(upstreamCalls(at), (count) => count > before))

  for (const { era, how, meta } of [
    { era: "modern", how: "modern", meta: {} },
    { era: "modern", how: "modern, streamed", meta: { progressToken: 1 } },
    { era: "legacy", how: "legacy without a session", meta: {} },
    { era: "legacy", how: "legacy without a session, streamed", meta: { progressToken: 1 } }
  ] as const) {
    it.scoped(`closing the connection ends the upstream calls: ${how}`, () =>
      Effect.gen(function* () {
        const at = yield* endpoint({}, 1)
        const ids = yield* startRun(at)
        const before = yield* upstreamCalls(at)
        const interrupted = metric(
          at.url,
          `mcp_tool_calls_total{tool="wait_for_run",era="${era}",outcome="Interrupted"}`
        )
        const earlier = yield* interrupted
        const controller = new AbortController()
        const call = yield* Effect.fork(
          Effect.exit(
            callTool[era](at.mcp, "wait_for_run", { ...ids, ...waiting }, { signal: controller.signal }, meta)
          )
        )
        yield* hasPolled(at, before)
        const first = yield* upstreamCalls(at)
        yield* Effect.zipRight(TestClock.adjust("1 second"), upstreamCalls(at)).pipe(
          Effect.repeat({ until: (count) => count > first })
        )
        controller.abort()
        yield* call.await
        yield* eventually(Effect.map(interrupted, (count) => count > earlier))
        const then = yield* upstreamCalls(at)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* upstreamCalls(at), then)
      })
    )
  }

  it.scopedLive("a client that leaves before its response is counted as 499", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const gone = metric(at.url, 'mcp_http_requests_total{method="POST",status="499"}')
      const [before, asked] = [yield* gone, yield* upstreamCalls(at)]
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(callTool.modern(at.mcp, "wait_for_run", { ...ids, ...waiting }, { signal: controller.signal }))
      )
      yield* hasPolled(at, asked)
      controller.abort()
      yield* call.await
      yield* eventually(Effect.map(gone, (count) => count === before + 1))
    })
  )

  it.scopedLive("notifications/cancelled ends a call of its own session only", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const other = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      const interrupted = 'mcp_tool_calls_total{tool="wait_for_run",era="legacy",outcome="Interrupted"}'
      const cancelled = yield* metric(at.url, interrupted)
      const call = yield* Effect.fork(callTool.legacy(at.mcp, "wait_for_run", { ...ids, ...waiting }, { session }))
      yield* hasPolled(at, before)
      const cancel = JSON.stringify({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 1, reason: "enough" }
      })
      assert.strictEqual((yield* post(at.mcp, cancel, { session: other })).status, 202)
      assert.strictEqual(yield* metric(at.url, interrupted), cancelled)
      assert.strictEqual((yield* post(at.mcp, cancel, { session })).status, 202)
      yield* eventually(Effect.map(metric(at.url, interrupted), (count) => count === cancelled + 1))
      // A cancelled call has no result, so its stream ends empty.
      const answer = yield* call
      assert.strictEqual(yield* Effect.promise(() => answer.text()), "")
    })
  )

  it.scopedLive("a legacy client that loses its connection cancels nothing", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const ids = yield* startRun(at)
      const session = yield* openSession(at.mcp)
      const before = yield* upstreamCalls(at)
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(
          callTool.legacy(at.mcp, "wait_for_run", { ...ids, ...waiting }, { session, signal: controller.signal })
        )
      )
      yield* hasPolled(at, before)
      controller.abort()
      yield* call.await
      yield* hasPolled(at, yield* upstreamCalls(at))
      assert.strictEqual(yield* Effect.flatMap(legacy(at.mcp, "ping", {}, { session }), status), 200)
    })
  )
})

/** A tool list that asks the client for a word and gives it as the name of a tool. */
const asks: ServerExtension = {
  register: (server) => {
    server.setRequestHandler("tools/list", async (_, ctx) => {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the older revisions have no other way
      const { action, content } = await ctx.mcpReq.elicitInput({
        mode: "form",
        message: "Which word?",
        requestedSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] }
      })
      return { tools: [{ name: `${action}: ${String(content?.["word"])}`, inputSchema: { type: "object" as const } }] }
    })
  }
}

const Question = Schema.parseJson(
  Schema.Struct({
    id: Schema.Int,
    method: Schema.Literal("elicitation/create"),
    params: Schema.Struct({ message: Schema.String })
  })
)

const Listed = Schema.Struct({
  id: Schema.Int,
  result: Schema.Struct({ tools: Schema.Array(Schema.Struct({ name: Schema.String })) })
})

/** The events of a response, one after the other. */
const events = (response: Response) => {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  return Effect.promise(async () => {
    while (!text.includes("\n\n")) {
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) return ""
      text += chunk.value
    }
    const [event = "", ...rest] = text.split("\n\n")
    text = rest.join("\n\n")
    return (
      event
        .split("\n")
        .find((line) => line.startsWith("data: "))
        ?.slice(6) ?? ""
    )
  })
}

const canBeAsked = (mcp: string, token = "alice") =>
  Effect.flatMap(
    legacy(
      mcp,
      "initialize",
      { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo: { name: "t", version: "1" } },
      { token }
    ),
    (response) => Effect.as(status(response), response.headers.get("mcp-session-id") ?? "")
  )

describe("a question to the client", () => {
  /** Sends a request that asks, and reads the question. */
  const asked = (mcp: string, ask: Ask) =>
    Effect.gen(function* () {
      const next = events(yield* legacy(mcp, "tools/list", {}, ask))
      const { id } = yield* Effect.flatMap(next, Schema.decode(Question))
      const listed = Effect.map(
        Effect.flatMap(next, Schema.decode(Schema.parseJson(Listed))),
        ({ result }) => result.tools[0]?.name
      )
      return { id, listed } as const
    })

  const answer = (mcp: string, id: number, word: string, ask: Ask) =>
    Effect.flatMap(
      post(mcp, JSON.stringify({ jsonrpc: "2.0", id, result: { action: "accept", content: { word } } }), ask),
      status
    )

  it.scopedLive("is answered by a POST of its own, by the same caller in the same session only", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: asks })
      const session = yield* canBeAsked(mcp)
      const other = yield* canBeAsked(mcp)
      const { id, listed } = yield* asked(mcp, { session })
      for (const ask of [{ session: other }, { session, token: "mallory" }, {}]) {
        assert.strictEqual(yield* answer(mcp, id, "wrong", ask), 202)
      }
      assert.strictEqual(yield* answer(mcp, id + 1, "wrong", { session }), 202)
      assert.strictEqual(yield* answer(mcp, id, "right", { session }), 202)
      assert.strictEqual(yield* listed, "accept: right")
      // Nobody waits for a second answer.
      assert.strictEqual(yield* answer(mcp, id, "late", { session }), 202)
    })
  )

  it.scopedLive("has an id of its own, so that answers to two calls of one session are not mixed up", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: asks })
      const session = yield* canBeAsked(mcp)
      const [first, second] = [yield* asked(mcp, { session }), yield* asked(mcp, { session })]
      assert.notStrictEqual(first.id, second.id)
      yield* answer(mcp, second.id, "two", { session })
      yield* answer(mcp, first.id, "one", { session })
      assert.deepStrictEqual([yield* first.listed, yield* second.listed], ["accept: one", "accept: two"])
    })
  )

  it.scopedLive("is not asked where the client can't be asked: unknown session, none, or JSON alone", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint({}, 600, { extension: asks })
      const session = yield* canBeAsked(mcp)
      for (const ask of [
        { session: "unknown" },
        {},
        { session: yield* openSession(mcp) },
        { session, headers: { accept: "application/json" } }
      ]) {
        assert.match((yield* Effect.flatMap(legacy(mcp, "tools/list", {}, ask), rpcErrorOf)).message, /not support/u)
      }
    })
  )
})

describe("the same id twice at once", () => {
  it.scopedLive("is answered on each request's own response", () =>
    Effect.gen(function* () {
      const at = yield* endpoint()
      const session = yield* openSession(at.mcp)
      const runs = [yield* startRun(at), yield* startRun(at)]
      const answers = yield* Effect.forEach(
        runs,
        (ids) =>
          Effect.flatMap(
            callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, { session }),
            resultOf
          ),
        { concurrency: 2 }
      )
      for (const [index, { structuredContent }] of answers.entries()) {
        assert.nestedPropertyVal(structuredContent, "run.runId", runs[index]?.runId)
      }
    })
  )

  it.scopedLive("means both to a cancel", () =>
    Effect.gen(function* () {
      const at = yield* endpoint({}, 1)
      const session = yield* openSession(at.mcp)
      const ids = yield* startRun(at)
      const before = yield* upstreamCalls(at)
      const calls = yield* Effect.forEach([1, 2], () =>
        Effect.fork(callTool.legacy(at.mcp, "wait_for_run", { ...ids, timeoutSeconds: 45 }, { session }))
      )
      yield* eventually(Effect.map(upstreamCalls(at), (count) => count >= before + 2))
      const cancel = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } })
      yield* post(at.mcp, cancel, { session })
      for (const call of calls) {
        const answer = yield* Fiber.join(call)
        assert.strictEqual(yield* Effect.promise(() => answer.text()), "")
      }
    })
  )
})

describe("a client that is gone", () => {
  /** Starts an agent and leaves while the first try is refused. */
  const leaving = (era: Era, leave: boolean) =>
    Effect.gen(function* () {
      const refused = yield* Deferred.make<void>()
      let starts = 0
      const { url } = yield* localServer((request, response) => {
        response.setHeader("content-type", "application/json")
        if (request.method === "GET") return void response.end("{}")
        starts += 1
        if (starts === 1) {
          response.writeHead(429, { "retry-after": "5" }).end("{}")
          Deferred.unsafeDone(refused, Effect.void)
        } else response.end(JSON.stringify({ runId: 7 }))
      })
      const at = yield* endpoint({ SEQUENTUM_API_URL: url })
      const ask = era === "legacy" ? { session: yield* openSession(at.mcp) } : {}
      const controller = new AbortController()
      const call = yield* Effect.fork(
        Effect.exit(callTool[era](at.mcp, "start_agent", { agentId: 4101 }, { ...ask, signal: controller.signal }))
      )
      yield* Deferred.await(refused)
      yield* turns
      if (leave) controller.abort()
      yield* turns
      yield* TestClock.adjust("4 seconds")
      yield* turns
      assert.strictEqual(starts, 1)
      yield* TestClock.adjust("3 seconds")
      yield* turns
      if (!leave) yield* Fiber.join(call)
      return starts
    })

  for (const [era, who] of [
    ["modern", "of the newer era"],
    ["legacy", "in a session"]
  ] as const) {
    it.scoped(`${who} starts nothing any more that had to wait`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* leaving(era, true), 1)
      })
    )

    it.scoped(`${who} would have started it, had it stayed`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* leaving(era, false), 2)
      })
    )
  }
})
