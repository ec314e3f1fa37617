import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import { serve } from "../../src/sandbox/server.ts"
import { as, bigTable, books, Run, RunFiles, Runs } from "./drive.ts"

const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(
    HttpClient.execute(HttpClientRequest.setHeader(request, "authorization", "ApiKey sk-test")),
    (response) =>
      Effect.map(response.text, (text) => ({
        status: response.status,
        headers: new Headers(response.headers),
        text,
        json: Option.getOrUndefined(Schema.decodeOption(Schema.parseJson())(text))
      }))
  )

describe("serve", () => {
  it.scopedLive("answers over HTTP on a free port", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      const started = yield* send(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}/api/v1/agent/${books}/start`), {
          InputParameters: '{"maxPages":"2"}'
        })
      )
      assert.strictEqual(started.status, 202)
      const { id } = yield* as(Run)(started)
      const status = yield* Effect.flatMap(
        send(HttpClientRequest.get(`${url}/api/v1/agent/${books}/run/${id}/status`)),
        as(Run)
      )
      assert.strictEqual(status.id, id)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live("stops listening and closes open connections when its scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { url } = yield* Scope.extend(serve(), scope)
      const port = Number(new URL(url).port)
      const closed = yield* Effect.async<Promise<string>>((resume) => {
        const socket = Net.connect(port, "127.0.0.1", () => {
          socket.write("GET /api/v1/agent/all HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
        })
        const end = new Promise<string>((done) => socket.on("close", () => done("closed")))
        socket.once("data", () => resume(Effect.succeed(end)))
      })
      yield* Scope.close(scope, Exit.void).pipe(Effect.timeout("2 seconds"))
      assert.strictEqual(yield* Effect.promise(() => closed), "closed")
      const again = yield* Effect.async<string>((resume) => {
        const socket = Net.connect(port, "127.0.0.1", () => resume(Effect.succeed("connected")))
        socket.on("error", () => resume(Effect.succeed("refused")))
      })
      assert.strictEqual(again, "refused")
    })
  )

  it.live("does not wait for calls in progress when its scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { url } = yield* Scope.extend(serve(), scope)
      const waiting = yield* Effect.fork(
        send(
          HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}/api/v1/agent/${books}/start`), {
            isRunSynchronously: true
          })
        )
      )
      const stats = send(HttpClientRequest.get(`${url}/api/v1/agent/${books}/runs?maxRecords=1`))
      yield* Effect.repeat(Effect.flatMap(stats, as(Runs)), { until: ([run]) => run?.status === 4 })
      yield* Scope.close(scope, Exit.void).pipe(Effect.disconnect, Effect.timeout("2 seconds"))
      const error = yield* Effect.flip(Fiber.join(waiting))
      assert.strictEqual(error._tag, "RequestError")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("fails if the port is in use", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const error = yield* Effect.flip(serve({ port: Number(new URL(url).port) }))
      assert.strictEqual(error._tag, "ServeError")
    })
  )

  it.scopedLive("streams a large file with its length", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const get = (path: string) => send(HttpClientRequest.get(`${url}/api/v1/agent/${bigTable}${path}`))
      const [run] = yield* Effect.flatMap(get("/runs"), as(Runs))
      const [file] = yield* Effect.flatMap(get(`/run/${run?.id ?? 0}/files`), as(RunFiles))
      const whole = yield* get(`/run/${run?.id ?? 0}/file/${file?.id ?? 0}/download`)
      assert.strictEqual(whole.headers.get("content-length"), String(file?.fileSize))
      assert.isAbove(file?.fileSize ?? 0, 5_000_000)
      assert.strictEqual(Buffer.byteLength(whole.text), file?.fileSize)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("speeds up simulated work", () =>
    Effect.gen(function* () {
      const { url } = yield* serve({ speed: 100_000 })
      const reply = yield* send(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}/api/v1/agent/${books}/start`), {
          isRunSynchronously: true
        })
      )
      assert.strictEqual(reply.status, 200)
      assert.include(reply.text, "books.example")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
