import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"

export { asCaller, keyCaller, secretKey } from "./caller.ts"

/** A request as Sequentum sees it. */
export interface Sent {
  readonly method: string
  readonly url: URL
  /** Without `/api/v1`. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The body as JSON, where it is JSON. */
  readonly json: unknown
  /** Clock time in milliseconds. */
  readonly at: number
}

/** A response of the scripted Sequentum. */
export interface Answer {
  /** 200 if absent. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, unless it is a text, bytes or a stream of bytes. */
  readonly body?: unknown
}

/** What the scripted Sequentum does with one request. */
export type Step =
  | Answer
  /** The network fails with this error. */
  | { readonly fails: { readonly code: string; readonly syscall?: string } }
  /** No response ever comes. */
  | "silence"
  /** A response begins and its body never ends. */
  | "stall"
  /** A response begins and the connection drops in the middle of its body. */
  | "break"

export type Respond = (sent: Sent) => Step

class NetworkError extends Error {
  readonly code: string
  readonly syscall: string | undefined
  constructor({ code, syscall }: { readonly code: string; readonly syscall?: string }) {
    super(code)
    this.code = code
    this.syscall = syscall
  }
}

/** A body whose second half does not come. */
const unfinished = (step: "stall" | "break") =>
  new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"ok":')),
    pull: (controller) => {
      if (step === "break") controller.error(new NetworkError({ code: "ECONNRESET", syscall: "read" }))
    }
  })

const textOf = (body: unknown) => {
  if (typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream) return body
  return body === undefined ? "" : JSON.stringify(body)
}

const responseOf = ({ body, headers = {}, status = 200 }: Answer) =>
  new Response(status === 204 ? null : textOf(body), {
    status,
    headers: { "content-type": "application/json", ...headers }
  })

const readJson = Schema.decodeUnknownOption(Schema.parseJson())

/** An HttpClient that answers from `respond` and adds each request to `sent`. */
export const scripted = (respond: Respond, sent: Array<Sent> = []) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        const seen: Sent = {
          method: request.method,
          url,
          path: url.pathname.replace(/^\/api\/v1/u, ""),
          query: Object.fromEntries(url.searchParams),
          headers: request.headers,
          body,
          json: Option.getOrUndefined(readJson(body)),
          at: yield* Clock.currentTimeMillis
        }
        sent.push(seen)
        const step = respond(seen)
        // A real exchange never ends in the same turn.
        yield* Effect.yieldNow()
        if (step === "silence") return yield* Effect.never
        if (step === "stall" || step === "break") {
          return HttpClientResponse.fromWeb(request, new Response(unfinished(step), { status: 200 }))
        }
        if ("fails" in step) {
          const cause = new NetworkError(step.fails)
          return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause })
        }
        return HttpClientResponse.fromWeb(request, responseOf(step))
      })
    )
  )

/** An HttpClient that goes through `steps` and repeats the last one, with the requests it has `seen`. */
export const script = (steps: ReadonlyArray<Step>) => {
  const seen: Array<Sent> = []
  return { layer: scripted(() => steps[Math.min(seen.length, steps.length) - 1] ?? "silence", seen), seen }
}

/** `GET /agent/all?pageIndex=1`, with the query sorted by name. */
export const requestLine = ({ method, path, query }: Sent) => {
  const parts = Object.entries(query)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  return `${method} ${path}${parts.length === 0 ? "" : `?${parts.join("&")}`}`
}

/** The real client over an HttpClient. */
export const clientOver = (http: Layer.Layer<HttpClient.HttpClient>, apiUrl = "https://sequentum.test") =>
  SequentumClient.layer({ apiUrl: new URL(apiUrl), requestTimeout: Duration.seconds(30) }).pipe(
    Layer.provide(layerHttpClient(new URL(apiUrl))),
    Layer.provide(http)
  )

interface Options {
  readonly apiUrl?: string
}

/** The real client over a script, with the requests it has sent. */
export const scriptedClient = (steps: ReadonlyArray<Step>, { apiUrl }: Options = {}) => {
  const { layer, seen } = script(steps)
  return Effect.map(Effect.provide(SequentumClient, clientOver(layer, apiUrl)), (client) => ({ client, seen }))
}
