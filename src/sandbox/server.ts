import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Api from "./api.ts"
import type { FieldSet } from "./state.ts"

export interface SandboxOptions {
  /** Speed-up factor of runs, builds and queues. Default 1, also if the value is not a positive number. */
  readonly speed?: number
  /** Default 0: any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Max requests per credential in a window of 60 seconds. Default 100. */
  readonly rateLimitPerMinute?: number
  /** The deployment whose fields the API returns. Default production. */
  readonly fields?: FieldSet
  /** Number of agents in addition to the usual ones. Default 0. */
  readonly agents?: number
}

const maxBodyBytes = 10 * 1024 * 1024

const readBytes = (incoming: Http.IncomingMessage): Effect.Effect<Buffer | null> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    let size = 0
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= maxBodyBytes) chunks.push(chunk)
    })
    incoming.on("end", () => resume(Effect.succeed(size <= maxBodyBytes ? Buffer.concat(chunks) : null)))
  })

const toRequest = (incoming: Http.IncomingMessage, body: Buffer): Request => {
  const method = incoming.method ?? "GET"
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value)
  }
  return new Request(new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "localhost"}`), {
    method,
    headers,
    ...(body.byteLength > 0 && method !== "GET" && method !== "HEAD" ? { body } : {})
  })
}

/** Waits while the client reads slower than the pieces come. */
const write = (outgoing: Http.ServerResponse, piece: Uint8Array): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (outgoing.write(piece)) resume(Effect.void)
    else outgoing.once("drain", () => resume(Effect.void))
  })

const respond = (app: HttpApp.Default, incoming: Http.IncomingMessage, outgoing: Http.ServerResponse) =>
  Effect.gen(function* () {
    const body = yield* readBytes(incoming)
    if (body === null) {
      outgoing.writeHead(413, { connection: "close" }).end()
      return
    }
    const request = yield* Effect.option(Effect.try(() => toRequest(incoming, body)))
    if (Option.isNone(request)) {
      outgoing.writeHead(400).end()
      return
    }
    const response = yield* Effect.provideService(
      app,
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(request.value)
    )
    const { body: content } = response
    if (content._tag === "Stream") {
      outgoing.writeHead(response.status, { ...response.headers, "content-length": content.contentLength })
      yield* Stream.runForEach(content.stream, (piece) => write(outgoing, piece))
      outgoing.end()
      return
    }
    const web = HttpServerResponse.toWeb(response)
    const bytes = Buffer.from(yield* Effect.promise(() => web.arrayBuffer()))
    outgoing.writeHead(response.status, {
      ...Object.fromEntries(web.headers),
      ...(response.status === 204 ? {} : { "content-length": bytes.byteLength })
    })
    outgoing.end(bytes)
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Effect.logError("The sandbox could not answer", cause),
        Effect.sync(() => {
          if (!outgoing.headersSent) outgoing.writeHead(500)
          outgoing.end()
        })
      )
    )
  )

/**
 * Serves a sandbox until the Scope closes, which also closes every open connection. Succeeds with the base URL, such as
 * http://127.0.0.1:40123. Fails with ServeError if it cannot listen.
 */
export const serve = (
  options: SandboxOptions = {}
): Effect.Effect<{ readonly url: string }, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const speed = options.speed ?? 1
    const app = yield* Api.make({
      speed: speed > 0 && Number.isFinite(speed) ? speed : 1,
      rateLimitPerMinute: Math.max(1, Math.floor(options.rateLimitPerMinute ?? 100)),
      fields: options.fields ?? "production",
      agents: options.agents ?? 0
    })
    const run = yield* FiberSet.makeRuntime()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Http.createServer((incoming, outgoing) => {
          const fiber = run(respond(app, incoming, outgoing))
          outgoing.on("close", () => {
            if (!outgoing.writableEnded) fiber.unsafeInterruptAsFork(FiberId.none)
          })
        })
      ),
      (server): Effect.Effect<void> =>
        Effect.async((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const host = options.host ?? "127.0.0.1"
    const port = yield* Effect.async<number, HttpServerError.ServeError>((resume) => {
      const failed = (cause: Error) => resume(Effect.fail(new HttpServerError.ServeError({ cause })))
      server.once("error", failed)
      server.listen({ port: options.port ?? 0, host }, () => {
        server.off("error", failed)
        const address = server.address()
        resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0))
      })
    })
    return { url: `http://${host.includes(":") ? `[${host}]` : host}:${port}` }
  })
