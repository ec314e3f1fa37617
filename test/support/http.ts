import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { SequentumClient } from "../../src/sequentum/client/SequentumClient.ts"
import { layerHttpClient } from "../../src/sequentum/client/upstreamHttpClient.ts"

/** What the scripted Sequentum does with one request. */
export type Step =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** The network fails with this error. */
  | { readonly fails: { readonly code: string; readonly syscall?: string } }
  /** No answer ever comes. */
  | "silence"
  /** An answer begins and its body never ends. */
  | "stall"
  /** An answer begins and the connection drops in the middle of its body. */
  | "break"

export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Clock time in milliseconds. */
  readonly at: number
}

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

/** An HttpClient that goes through `steps`, repeating the last one, and notes every request. */
export const script = (steps: ReadonlyArray<Step>) => {
  const seen: Array<Seen> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const step = steps[Math.min(seen.length, steps.length - 1)]
        seen.push({
          method: request.method,
          url,
          headers: request.headers,
          body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "",
          at: yield* Clock.currentTimeMillis
        })
        if (step === undefined || step === "silence") return yield* Effect.never
        if (step === "stall" || step === "break") {
          return HttpClientResponse.fromWeb(request, new Response(unfinished(step), { status: 200 }))
        }
        if ("fails" in step) {
          return yield* new HttpClientError.RequestError({
            request,
            reason: "Transport",
            cause: new NetworkError(step.fails)
          })
        }
        return HttpClientResponse.fromWeb(
          request,
          new Response(step.status === 204 ? null : (step.body ?? ""), {
            status: step.status,
            headers: { ...step.headers }
          })
        )
      })
    )
  )
  return { layer, seen }
}

export const secretKey = "sk-0123456789abcdef"

export const keyCaller = Credentials.of({ scheme: "ApiKey", secret: Redacted.make(secretKey) })

interface Options {
  readonly apiUrl?: string
  readonly caller?: Credentials["Type"]
}

/** The real client over a script, with what it sent. */
export const scriptedClient = (steps: ReadonlyArray<Step>, { apiUrl = "https://sequentum.test" }: Options = {}) => {
  const { layer, seen } = script(steps)
  return Effect.map(
    Effect.provide(
      SequentumClient,
      SequentumClient.layer({ apiUrl: new URL(apiUrl), requestTimeout: Duration.seconds(30) }).pipe(
        Layer.provide(layerHttpClient(new URL(apiUrl))),
        Layer.provide(layer)
      )
    ),
    (client) => ({ client, seen })
  )
}

export const asCaller = Effect.provideService(Credentials, keyCaller)
