import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
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

/** What the sandbox counted of a caller. */
export const statsOf = ({ apiUrl }: Pick<Endpoint, "apiUrl">, token = "alice") =>
  Effect.flatMap(
    Effect.promise(() =>
      fetch(`${apiUrl}/sandbox/stats`, { headers: { authorization: `Bearer ${token}` } }).then((answer) =>
        answer.json()
      )
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

/** Calls a tool in the newer era and answers its question, if there is one. */
export const answering =
  (call: Call, answer: Json): Call =>
  (name, args) =>
    Effect.flatMap(call(name, args), (result) =>
      questionIn(result).isAsked ? call(name, args, withAnswer(result, answer)) : Effect.succeed(result)
    )
