import { assert, describe, it } from "@effect/vitest"
import type { ServerResponse } from "node:http"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentId, FileId, RunId } from "../../src/sequentum/schemas/common.ts"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { whileTimePasses } from "../support/time.ts"
import { freePort } from "../support/freePort.ts"
import { asCaller } from "../support/http.ts"
import { clients, connect, upstream } from "../support/sockets.ts"

/** A local address that nothing listens on. */
const nowhere = Effect.map(freePort, (port) => `http://127.0.0.1:${port}`)

const thing = apiPath("agent")`/thing`
const Ok = Schema.Struct({ ok: Schema.Boolean })

const json = (response: ServerResponse, body: unknown) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))

for (const [name, upstreamOf] of clients) {
  const clientOf = (apiUrl: string) => connect(upstreamOf, apiUrl)
  const connected = (apiUrl: string) => Effect.flatMap(clientOf(apiUrl), ({ client }) => client)
  /** The error of a POST, which is never retried if Sequentum may have acted. */
  const failureOf = (apiUrl: string) =>
    Effect.flatMap(connected(apiUrl), (client) => Effect.flip(asCaller(client.post(thing, Ok, { body: { a: 1 } }))))

  describe(`over ${name}`, () => {
    it.scopedLive("requests are sent with their query and credentials, and share connections", () =>
      Effect.gen(function* () {
        const seen: Array<readonly [string | undefined, string | undefined, string | undefined]> = []
        const { connections, url } = yield* upstream((request, response) => {
          seen.push([request.method, request.url, request.headers.authorization])
          request.resume().on("end", () => json(response, { ok: true }))
        })
        const client = yield* connected(url)
        yield* asCaller(client.get(thing, Ok, { query: { name: "a b&c" } }))
        yield* asCaller(client.post(thing, Ok, { body: { a: 1 } }))
        assert.deepStrictEqual(seen.slice(0, 2), [
          ["GET", "/api/v1/thing?name=a+b%26c", "ApiKey sk-0123456789abcdef"],
          ["POST", "/api/v1/thing", "ApiKey sk-0123456789abcdef"]
        ])
        yield* Effect.repeatN(asCaller(client.get(thing, Ok)), 9)
        // undici may open a second connection while the first is still busy.
        assert.isAtMost(connections(), 2)
      })
    )

    it.scopedLive("a large response arrives whole", () =>
      Effect.gen(function* () {
        const text = "é".repeat(1_000_000)
        const { url } = yield* upstream((_, response) => json(response, { text }))
        const client = yield* connected(url)
        assert.strictEqual((yield* asCaller(client.get(thing, Schema.Struct({ text: Schema.String })))).text, text)
      })
    )

    it.scoped("a refused connection did not reach Sequentum", () =>
      Effect.gen(function* () {
        const error = yield* whileTimePasses(failureOf(yield* nowhere))
        assert.isTrue(error._tag === "ConnectionFailed" && !error.reached, JSON.stringify(error))
      })
    )

    it.scopedLive("a connection lost before the response may have been processed", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream((request) => request.socket.destroy())
        const error = yield* failureOf(url)
        assert.isTrue(error._tag === "ConnectionFailed" && error.reached, JSON.stringify(error))
      })
    )

    it.scopedLive("a connection lost mid-response may have been processed", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream((request, response) => {
          response.writeHead(200, { "content-type": "application/json", "content-length": "100" })
          response.write('{"ok":', () => request.socket.destroy())
        })
        const error = yield* failureOf(url)
        assert.isTrue(error._tag === "ConnectionFailed" && error.reached, JSON.stringify(error))
      })
    )

    it.scopedLive("a redirect is not followed", () =>
      Effect.gen(function* () {
        let asked = 0
        const { url } = yield* upstream((_, response) => {
          asked += 1
          response.writeHead(302, { location: "/elsewhere" }).end()
        })
        const client = yield* connected(url)
        assert.strictEqual((yield* asCaller(client.redirect(thing))).pathname, "/elsewhere")
        assert.strictEqual(asked, 1)
      })
    )

    it.scoped("an incomplete response times out, whatever other requests wait for", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<null>()
        const { url } = yield* upstream((request, response) => {
          if (request.url?.endsWith("/patient") === true) return
          request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(null)))
          response.writeHead(200, { "content-type": "application/json" }).write('{"ok":')
        })
        const client = yield* connected(url)
        const patient = yield* Effect.fork(
          Effect.flip(asCaller(client.post(apiPath("agent")`/patient`, Ok, { timeout: Duration.minutes(5) })))
        )
        const error = yield* whileTimePasses(Effect.flip(asCaller(client.post(thing, Ok))))
        assert.isTrue(error._tag === "RequestTimeout" && error.seconds === 30, JSON.stringify(error))
        yield* Deferred.await(closed)
        assert.isTrue(Option.isNone(yield* Fiber.poll(patient)))
        const later = yield* whileTimePasses(Fiber.join(patient))
        assert.isTrue(later._tag === "RequestTimeout" && later.seconds === 300, JSON.stringify(later))
      })
    )

    it.scopedLive("a 1xx response is not the final one", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream((_, response) => {
          response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => json(response, { ok: true }))
        })
        const client = yield* connected(url)
        assert.deepStrictEqual(yield* asCaller(client.get(thing, Ok)), { ok: true })
      })
    )

    it.scopedLive("a byte order mark is not part of a response", () =>
      Effect.gen(function* () {
        const { url } = yield* upstream((_, response) => {
          response.writeHead(200, { "content-type": "application/json" }).end('\ufeff{"ok":true}')
        })
        const client = yield* connected(url)
        assert.deepStrictEqual(yield* asCaller(client.get(thing, Ok)), { ok: true })
      })
    )

    it.scopedLive("an interrupted call closes its connection", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<null>()
        const closed = yield* Deferred.make<null>()
        const { url } = yield* upstream((request) => {
          Deferred.unsafeDone(arrived, Effect.succeed(null))
          request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(null)))
        })
        const client = yield* connected(url)
        const call = yield* Effect.fork(asCaller(client.get(thing, Ok)))
        yield* Deferred.await(arrived)
        yield* Fiber.interrupt(call)
        yield* Deferred.await(closed)
      })
    )

    for (const [how, begins] of [
      ["never begins", false],
      ["stops midway", true]
    ] as const) {
      it.scoped(`a file that ${how} times out`, () =>
        Effect.gen(function* () {
          const { url } = yield* upstream((request, response) => {
            if (request.url?.endsWith("/download") === true) {
              response.writeHead(302, { location: "/signed?sig=1" }).end()
            } else if (begins) response.writeHead(200, { "content-type": "text/csv" }).write("a,b\n")
          })
          const { files } = yield* clientOf(url)
          const content = (yield* files).content(AgentId.make(1), RunId.make(2), FileId.make(3))
          const error = yield* whileTimePasses(Effect.flip(asCaller(Stream.runDrain(content))))
          assert.isTrue(error._tag === "RequestTimeout" && error.seconds === 30, JSON.stringify(error))
        })
      )
    }

    it.scopedLive("a download stops when its reader stops, and carries no credentials", () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<null>()
        const credentials: Array<string | undefined> = []
        const { url } = yield* upstream((request, response) => {
          if (request.url?.endsWith("/download") === true) {
            response.writeHead(302, { location: "/signed?sig=1" }).end()
            return
          }
          credentials.push(request.headers.authorization)
          request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(null)))
          response.writeHead(200, { "content-type": "text/csv" })
          const more = () => {
            while (response.write("a,b\n".repeat(10_000)));
            response.once("drain", more)
          }
          more()
        })
        const { files } = yield* clientOf(url)
        const content = (yield* files).content(AgentId.make(1), RunId.make(2), FileId.make(3))
        const chunks = yield* asCaller(Stream.runCollect(Stream.take(content, 1)))
        assert.strictEqual(chunks.length, 1)
        assert.deepStrictEqual(credentials, [undefined])
        yield* Deferred.await(closed)
      })
    )
  })
}
