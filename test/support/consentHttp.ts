import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Scene } from "./consent.ts"
import { questionIn, withAnswer, type Json, type Reply } from "./conversation.ts"
import { message, modern, post, type Endpoint } from "./endpoint.ts"

export const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const showsForms = { elicitation: { form: {} } }

/** Calls a tool. */
export type Call = (tool: string, args: Json, more?: Json) => Effect.Effect<Json>

/** Calls a tool in the newer era. */
export const callAs =
  (token: string, { mcp }: Pick<Endpoint, "mcp">, capabilities: Json = showsForms): Call =>
  (name, args, more = {}) =>
    modern(
      mcp,
      "tools/call",
      { name, arguments: args, ...more },
      { token },
      { "io.modelcontextprotocol/clientCapabilities": capabilities }
    ).pipe(
      Effect.flatMap(message),
      Effect.map((answer) => record(record(answer)["result"]))
    )

const Stats = Schema.Struct({ writes: Schema.Int, byRoute: Schema.Record({ key: Schema.String, value: Schema.Int }) })

/** What the sandbox counted of a caller, by its Authorization header. */
export const statsOf = ({ apiUrl }: Pick<Endpoint, "apiUrl">, authorization = "Bearer alice") =>
  Effect.flatMap(
    Effect.promise(() =>
      fetch(`${apiUrl}/sandbox/stats`, { headers: { authorization } }).then((answer) => answer.json())
    ),
    Schema.decodeUnknown(Stats)
  ).pipe(Effect.orDie)

interface LegacyClient {
  readonly token?: string
  readonly capabilities?: Json
}

/** A client of the older era. It leaves questions open until `answerBy` says how to answer them. */
export const legacyClient = (
  { mcp }: Pick<Endpoint, "mcp">,
  { capabilities = showsForms, token = "alice" }: LegacyClient = {}
) =>
  Effect.gen(function* () {
    const questions: Array<string> = []
    const asked = yield* Deferred.make<string | number>()
    let reply: Reply
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    const transport = new StreamableHTTPClientTransport(new URL(mcp), { requestInit })
    const client = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const made = new Client({ name: "asked", version: "1" }, { capabilities: { ...capabilities } })
        if ("elicitation" in capabilities) {
          made.setRequestHandler(ElicitRequestSchema, ({ params }, { requestId }) => {
            questions.push(params.message)
            Deferred.unsafeDone(asked, Effect.succeed(requestId))
            return reply === undefined ? new Promise<never>(() => undefined) : { ...reply }
          })
        }
        // The SDK's own transport does not fit its own interface under exactOptionalPropertyTypes.
        await made.connect(Object.assign(transport, {}))
        return made
      }),
      (made) => Effect.promise(() => made.close())
    )
    const call: Call = (name, args) =>
      Effect.map(
        Effect.promise((signal) => client.callTool({ name, arguments: { ...args } }, undefined, { signal })),
        record
      )
    return {
      call,
      questions,
      asked: Effect.asVoid(Deferred.await(asked)),
      answerBy: (next: Reply) => {
        reply = next
      },
      /** Answers the first question by a message of its own, with the token of this client or another one. */
      answerAs: (as: string, answer: Json) =>
        Effect.gen(function* () {
          const body = JSON.stringify({ jsonrpc: "2.0", id: yield* Deferred.await(asked), result: answer })
          const response = yield* post(mcp, body, { token: as, session: transport.sessionId })
          yield* Effect.promise(() => response.text())
        })
    } as const
  })

type Fetch = (method: string, path: string, body?: Json) => Effect.Effect<unknown>

/** Asks a sandbox itself. */
const asking =
  (apiUrl: string, token: string): Fetch =>
  (method, path, body) =>
    Effect.promise(async () => {
      const response = await fetch(`${apiUrl}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      const json: unknown = text === "" ? {} : JSON.parse(text)
      return json
    })

const first = (list: unknown, fits: (row: Json) => boolean): Json =>
  record((Array.isArray(list) ? list : []).map(record).find(fits))

/** Codes of the states of a run. */
const running = 1
const success = 10

/** So slow that a run of the sandbox which is stopping goes on stopping. */
export const slow = 0.001

/**
 * The things of an account of a sandbox, which has what is asked about except a run that is stopping and a paused
 * schedule of every five minutes: these are made.
 */
export const sandboxScene = ({ apiUrl }: Pick<Endpoint, "apiUrl">, token: string): Effect.Effect<Scene> =>
  Effect.gen(function* () {
    const ask = asking(apiUrl, token)
    const ended = first(yield* ask("GET", "/agent/4101/runs"), ({ status }) => status === success)
    const active = first(yield* ask("GET", "/agent/4512/runs"), ({ status }) => status === running)
    yield* ask("POST", `/agent/4512/run/${String(active["id"])}/stop`)
    const often = { name: "Often", scheduleType: 3, cronExpression: "*/5 * * * *", isEnabled: false }
    const made = record(yield* ask("POST", "/agent/4101/schedules", often))
    const firstOf = (agentId: number) =>
      Effect.map(ask("GET", `/agent/${agentId}/schedules`), (list) => ({
        agentId,
        scheduleId: Number(first(list, () => true)["id"])
      }))
    return {
      agentId: 4101,
      endedRun: { agentId: 4101, runId: Number(ended["id"]) },
      stoppingRun: { agentId: 4512, runId: Number(active["id"]) },
      oftenSchedule: { agentId: 4101, scheduleId: Number(made["id"]) },
      deletedSchedule: yield* firstOf(4102),
      changedSchedule: yield* firstOf(4203),
      spaceId: 101,
      versionNumber: 3
    }
  })

/** Calls a tool in the newer era and answers its question, if there is one. */
export const answering =
  (call: Call, answer: Json): Call =>
  (name, args) =>
    Effect.flatMap(call(name, args), (result) =>
      questionIn(result).isAsked ? call(name, args, withAnswer(result, answer)) : Effect.succeed(result)
    )
