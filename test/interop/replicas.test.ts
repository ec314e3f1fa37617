import { randomBytes } from "node:crypto"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type { ServerExtension } from "../../src/mcp/server.ts"
import { balancer, bySession, roundRobin } from "../support/balancer.ts"
import { endpoint } from "../support/endpoint.ts"
import { freePort } from "../support/freePort.ts"
import { connected, httpClients, v1, v112, type Speaker } from "../support/speakers.ts"
import { eventually, upstreamCalls } from "../support/wire.ts"
import { mainJob, outcome, startBooks } from "./story.ts"

const newKey = () => randomBytes(32).toString("base64")

const sameKey = newKey()

const works = (speaker: Speaker) =>
  Effect.gen(function* () {
    assert.isAtLeast((yield* Effect.promise(() => speaker.listTools())).tools.length, 1)
    assert.notStrictEqual((yield* outcome(speaker, "list_spaces", {})).isError, true)
  })

/** Waits for a run that takes minutes, until its state was read, then gives up. */
const cancelAWait = (speaker: Speaker, at: { readonly apiUrl: string }) =>
  Effect.gen(function* () {
    const ids = yield* startBooks(speaker)
    const before = yield* upstreamCalls(at)
    const controller = new AbortController()
    const waiting = yield* Effect.fork(
      Effect.either(
        Effect.tryPromise(() =>
          speaker.callTool("wait_for_run", { ...ids, timeoutSeconds: 45 }, { signal: controller.signal })
        )
      )
    )
    yield* eventually(Effect.map(upstreamCalls(at), (count) => count > before))
    controller.abort()
    assert.isTrue(Either.isLeft(yield* Fiber.join(waiting)))
  })

/** Whether nothing reaches Sequentum for longer than the pause between two reads of a wait. */
const isQuiet = (at: { readonly apiUrl: string }) =>
  Effect.gen(function* () {
    const before = yield* upstreamCalls(at)
    yield* Effect.sleep("2500 millis")
    return (yield* upstreamCalls(at)) === before
  })

describe("an endpoint that is restarted while a client uses it", () => {
  for (const [who, connect] of httpClients) {
    for (const [how, keys] of [
      ["the same STATE_KEY", { before: sameKey, after: sameKey }],
      ["another STATE_KEY", { before: newKey(), after: newKey() }]
    ] as const) {
      it.scopedLive(`with ${how} goes on serving ${who}: calls, progress, cancelling`, () =>
        Effect.gen(function* () {
          const PORT = String(yield* freePort)
          const first = yield* endpoint({ PORT, STATE_KEY: keys.before }, 60)
          const speaker = yield* connected(connect, { url: first.mcp, token: "alice" })
          yield* works(speaker)
          yield* Fiber.interrupt(first.fiber)
          yield* endpoint({ PORT, STATE_KEY: keys.after, SEQUENTUM_API_URL: first.apiUrl })
          yield* works(speaker)
          yield* cancelAWait(speaker, first)
          const ids = yield* startBooks(speaker)
          const messages: Array<string> = []
          const waited = yield* outcome(
            speaker,
            "wait_for_run",
            { ...ids, timeoutSeconds: 4 },
            { onprogress: (message) => messages.push(message) }
          )
          assert.notStrictEqual(waited.isError, true)
          assert.isAtLeast(messages.length, 1)
          yield* works(speaker)
        })
      )
    }
  }
})

/** Two replicas with one key and one Sequentum, and a load balancer before them. */
const replicas = (choose: typeof roundRobin, speed: number, extension?: ServerExtension) =>
  Effect.gen(function* () {
    const STATE_KEY = newKey()
    const options = extension === undefined ? {} : { extension }
    const first = yield* endpoint({ STATE_KEY }, speed, options)
    const second = yield* endpoint({ STATE_KEY, SEQUENTUM_API_URL: first.apiUrl }, speed, options)
    const front = yield* balancer([first.url, second.url], choose)
    return { ...front, apiUrl: first.apiUrl }
  })

describe("two replicas in turn", () => {
  for (const [who, connect] of httpClients) {
    it.scopedLive(`serve ${who} its main job, and lose a cancel without harm`, () =>
      Effect.gen(function* () {
        const at = yield* replicas(roundRobin, 600)
        const speaker = yield* connected(connect, { url: at.mcp, token: "alice" })
        yield* mainJob(speaker)
        yield* cancelAWait(speaker, at)
        yield* works(speaker)
        const [first = 0, second = 0] = at.counts()
        assert.isAtLeast(Math.min(first, second), 3)
      })
    )
  }

  it.scopedLive("let 20 of 20 fresh clients connect and list", () =>
    Effect.gen(function* () {
      const { mcp } = yield* replicas(roundRobin, 600)
      yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? v1 : v112)),
        (connect) => Effect.scoped(Effect.flatMap(connected(connect, { url: mcp, token: "alice" }), works)),
        { concurrency: 5 }
      )
    })
  )
})

/** A tool list that asks the client for a word. */
const asks: ServerExtension = {
  register: (server) => {
    server.setRequestHandler("tools/list", async (_, ctx) => {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the older revisions have no other way
      const { content } = await ctx.mcpReq.elicitInput({
        mode: "form",
        message: "Which word?",
        requestedSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] }
      })
      return { tools: [{ name: String(content?.["word"]), inputSchema: { type: "object" as const } }] }
    })
  }
}

describe("two replicas, by a hash of the session id", () => {
  for (const [who, connect] of httpClients) {
    it.scopedLive(`let ${who} cancel a wait, which stops asking Sequentum at once`, () =>
      Effect.gen(function* () {
        const at = yield* replicas(bySession, 1)
        const speaker = yield* connected(connect, { url: at.mcp, token: "alice" })
        yield* works(speaker)
        const began = yield* Clock.currentTimeMillis
        yield* cancelAWait(speaker, at)
        assert.isTrue(yield* isQuiet(at))
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 30_000)
        yield* works(speaker)
      })
    )
  }

  it.scopedLive("let clients answer questions", () =>
    Effect.gen(function* () {
      const { mcp } = yield* replicas(bySession, 600, asks)
      yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => `word${index}`),
        (word) =>
          Effect.promise(async () => {
            const client = new Client({ name: "asked", version: "1" }, { capabilities: { elicitation: {} } })
            client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { word } }))
            const requestInit = { headers: { authorization: "Bearer alice" } }
            await client.connect(Object.assign(new StreamableHTTPClientTransport(new URL(mcp), { requestInit }), {}))
            const { tools } = await client.listTools()
            await client.close()
            assert.strictEqual(tools[0]?.name, word)
          }),
        { concurrency: 5 }
      )
    })
  )
})
