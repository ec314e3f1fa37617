import { createInterface } from "node:readline"
import { PassThrough } from "node:stream"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { makeConfirmations, type ConfirmMode } from "../../src/mcp/confirm.ts"
import type { Era } from "../../src/mcp/era.ts"
import { makeHandlers, type RunRequest } from "../../src/mcp/handlers.ts"
import { makeRunEffect } from "../../src/mcp/runRequest.ts"
import { serve } from "../../src/mcp/stdio.ts"
import { makeTasks } from "../../src/mcp/tasks.ts"
import { makeSealing, type Sealing } from "../../src/runtime/sealed.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { everything, type Selection } from "../../src/tools/selection.ts"
import { Stopping } from "../../src/tools/Stopping.ts"
import { asCaller, keyCaller, scripted, type Respond, type Sent } from "./http.ts"
import { overHttp } from "./tools.ts"

export type Json = Readonly<Record<string, unknown>>

export interface Conversation {
  readonly era: Era
  /** The scripted Sequentum. Without it every request is answered 404. */
  readonly respond?: Respond
  /** A Sequentum that listens, in place of a scripted one. */
  readonly apiUrl?: string
  readonly mode?: ConfirmMode
  readonly skip?: ReadonlyArray<string>
  /** What the client declares that it can do. By default it can show forms. */
  readonly capabilities?: Json
  /** Shared by processes that have the same STATE_KEY. */
  readonly sealing?: Sealing
  readonly maxStartsPerMinute?: number
  readonly maxResultBytes?: number
  readonly selection?: Selection
  /** Whether the server has begun to stop. */
  readonly isStopping?: boolean
}

/** What a client does with a question of the older era; undefined leaves it open. */
export type Reply = Json | undefined

export const accept = { action: "accept", content: { confirm: true } }
export const refuse = { action: "accept", content: { confirm: false } }
export const decline = { action: "decline" }
export const cancel = { action: "cancel" }

/** A caller that is not the usual one. */
export const stranger = Credentials.of({ scheme: "ApiKey", secret: Redacted.make("sk-stranger") })

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

/** The tools over a scripted Sequentum, spoken to in lines of JSON. It ends with the scope. */
export const conversation = ({
  apiUrl,
  capabilities = { elicitation: { form: {} } },
  era,
  isStopping = false,
  maxResultBytes = 40_000,
  maxStartsPerMinute = 0,
  mode = "auto",
  respond = () => ({ status: 404, body: {} }),
  sealing = makeSealing(Option.none()),
  selection = everything,
  skip = []
}: Conversation) =>
  Effect.gen(function* () {
    const sent: Array<Sent> = []
    const http = apiUrl === undefined ? scripted(respond, sent) : NodeHttpClient.layer
    const services = yield* Layer.build(
      overHttp(http, { maxResultBytes, maxStartsPerMinute, ...(apiUrl === undefined ? {} : { apiUrl }) })
    )
    const tools = Context.get(services, ToolRegistry)
    const runEffect = yield* Effect.provide(makeRunEffect, services)
    const clock = yield* Effect.clock
    let caller = keyCaller
    const run: RunRequest = (effect, ctx, own) =>
      runEffect(
        isStopping ? Effect.provideService(effect, Stopping, { started: Effect.void }) : effect,
        Context.add(own, Credentials, caller),
        ctx.mcpReq.signal
      )
    const confirm = makeConfirmations({ mode, skip, sealing })
    const tasks = makeTasks({ sealing, taskOf: tools.taskOf })
    const input = new PassThrough()
    const output = new PassThrough()
    const write = (message: Json) => void input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)

    const pending = new Map<unknown, Deferred.Deferred<Json>>()
    const questions: Array<string> = []
    const asked = yield* Deferred.make<void>()
    let reply: Reply
    createInterface({ input: output }).on("line", (line) => {
      const message = record(JSON.parse(line))
      if (message["method"] === "elicitation/create") {
        questions.push(String(record(message["params"])["message"]))
        Deferred.unsafeDone(asked, Effect.void)
        if (reply !== undefined) write({ id: message["id"], result: reply })
        return
      }
      const waiting = pending.get(message["id"])
      if (waiting !== undefined) Deferred.unsafeDone(waiting, Effect.succeed(message))
    })

    yield* Effect.forkScoped(
      asCaller(
        serve(
          Effect.succeed((opened: Era) =>
            makeHandlers({ tools, run, clock, selection: () => selection, era: opened, confirm, tasks })
          ),
          { input, output }
        )
      )
    )

    let lastId = 0
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": capabilities
    }
    /** The result, or the member `error` of a protocol error. */
    const request = (method: string, params: Json) =>
      Effect.gen(function* () {
        lastId += 1
        const id = lastId
        const waiting = yield* Deferred.make<Json>()
        pending.set(id, waiting)
        write({ id, method, params: era === "modern" ? { ...params, _meta: meta } : params })
        const { error, result } = yield* Deferred.await(waiting)
        return error === undefined ? record(result) : { error: record(error) }
      })

    if (era === "legacy") {
      const clientInfo = { name: "test", version: "1" }
      yield* request("initialize", { protocolVersion: "2025-11-25", capabilities, clientInfo })
      write({ method: "notifications/initialized" })
    }

    return {
      request,
      call: (name: string, args: Json, more: Json = {}) => request("tools/call", { name, arguments: args, ...more }),
      /** What is sent to Sequentum that may change something. */
      writes: () => sent.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`),
      sent,
      /** The questions of the older era. */
      questions,
      /** Ends once the first of them has come. */
      asked: Deferred.await(asked),
      answerBy: (next: Reply) => {
        reply = next
      },
      actAs: (next: Context.Tag.Service<Credentials>) => {
        caller = next
      }
    } as const
  })

/** What a result that asks the client shows: the question and the state to send back. */
export const questionIn = (result: Json) => {
  const { message } = record(record(record(record(result["inputRequests"])["confirm"])["params"]))
  return {
    isAsked: result["resultType"] === "input_required",
    question: String(message),
    state: result["requestState"]
  }
}

/** The same call again, with the user's answer. */
export const withAnswer = (result: Json, answer: Json): Json => ({
  requestState: result["requestState"],
  inputResponses: { confirm: answer }
})

export const noticeOf = (result: Json): string => String(record(result["structuredContent"])["notice"])

export const textOf = (result: Json): string => JSON.stringify(result["content"])
