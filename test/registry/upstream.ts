import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Completions } from "../../src/resources/Completions.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"
import { services } from "../../src/sequentum/services.ts"
import { catalogue, ToolsLive } from "../../src/tools/catalog/all.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import type { JsonObject, ToolError } from "../../src/tools/Tool.ts"
import type { UnknownTool } from "../../src/tools/errors.ts"

/** A request as Sequentum would see it. */
export interface Sent {
  readonly method: string
  /** Without `/api/v1`. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, unless it is a text. */
  readonly body?: unknown
}

export type Respond = (sent: Sent) => Answer

/** The key that no error may repeat. */
export const secretKey = "sk-0123456789abcdef"

export const caller = Credentials.of({ scheme: "ApiKey", secret: Redacted.make(secretKey) })

/** `GET /agent/all?pageIndex=1`, with the query sorted by name. */
export const requestLine = ({ method, path, query }: Sent) => {
  const parts = Object.entries(query)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  return `${method} ${path}${parts.length === 0 ? "" : `?${parts.join("&")}`}`
}

const bodyOf = (text: string): unknown =>
  text === ""
    ? undefined
    : Either.getOrElse(
        Either.try((): unknown => JSON.parse(text)),
        () => text
      )

const answerWith = ({ body, headers = {}, status = 200 }: Answer) =>
  new Response(
    status === 204 ? null : typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body),
    {
      status,
      headers: { "content-type": "application/json", ...headers }
    }
  )

/** An HttpClient that answers from `respond` and notes what it was sent. */
export const scripted = (respond: Respond, sent: Array<Sent> = []) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        const seen: Sent = {
          method: request.method,
          path: url.pathname.replace(/^\/api\/v1/u, ""),
          query: Object.fromEntries(url.searchParams),
          body: bodyOf(text)
        }
        sent.push(seen)
        // A real exchange is never done in the same turn.
        yield* Effect.yieldNow()
        return HttpClientResponse.fromWeb(request, answerWith(respond(seen)))
      })
    )
  )

/** Tools and completions over the real client and services. */
export const overHttp = (
  http: Layer.Layer<HttpClient.HttpClient>,
  apiUrl = "https://sequentum.test",
  maxResultBytes = 40_000
) =>
  Layer.merge(ToolRegistry.layer(catalogue, { maxResultBytes }), Completions.layer).pipe(
    Layer.provide(ToolsLive),
    Layer.provide(services),
    Layer.provide(SequentumClient.layer({ apiUrl: new URL(apiUrl), requestTimeout: Duration.seconds(30) })),
    Layer.provide(layerHttpClient(new URL(apiUrl))),
    Layer.provide(http)
  )

export type Call = (name: string, args: unknown) => Effect.Effect<JsonObject, ToolError | UnknownTool>

/** Calls tools as the test's caller. */
export const calling =
  (tools: Context.Tag.Service<ToolRegistry>): Call =>
  (name, args) =>
    Effect.map(Effect.provideService(tools.call(name, args), Credentials, caller), ({ value }) => value)

/** Tools over a scripted Sequentum: how to call them, and what was sent so far. */
export const toolsOver = (respond: Respond) =>
  Effect.gen(function* () {
    const sent: Array<Sent> = []
    const tools = yield* Effect.provide(ToolRegistry, overHttp(scripted(respond, sent)))
    return { call: calling(tools), sent, tools } as const
  })
