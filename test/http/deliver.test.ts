import { assert, describe, it } from "@effect/vitest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { createServer } from "node:http"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { makeDeadlines } from "../../src/runtime/deadlines.ts"
import type { Challenge } from "../../src/http/admission/oauth.ts"
import { makeExchanges } from "../../src/http/delivery/exchange.ts"
import { deliver, receive, type Accepted } from "../../src/http/delivery/respond.ts"
import { rpcCodes, rpcError } from "../../src/http/rpcError.ts"
import { admittedRequest, makeExchange } from "./stages.ts"
import { send, wire } from "../support/wire.ts"

const chunk = new Uint8Array(64 * 1024).fill(0x2e)

/** A source of chunks. It counts the chunks that are read, and `cancelled` completes when it is cancelled. */
const source = (limit: number) =>
  Effect.map(Deferred.make<number>(), (cancelled) => {
    let pulled = 0
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled += 1
          if (pulled > limit) controller.close()
          else controller.enqueue(chunk)
        },
        cancel: () => {
          Deferred.unsafeDone(cancelled, Effect.succeed(pulled))
        }
      },
      { highWaterMark: 0 }
    )
    return { stream, cancelled, pulled: () => pulled }
  })

const streamed = (body: ReadableStream<Uint8Array>) =>
  new Response(body, { headers: { "content-type": "text/event-stream" } })

interface Options {
  readonly stalled?: Duration.Duration
  readonly accepted?: Accepted
  readonly challenge?: Challenge
}

/** Serves one Response of the SDK. `ended` waits for the end of its exchange; `ends` counts the ends. */
const serving = (response: Response, { accepted = "both", challenge, stalled = Duration.minutes(1) }: Options = {}) =>
  Effect.gen(function* () {
    const node = createServer()
    const server = yield* NodeHttpServer.make(() => node, { port: 0, host: "127.0.0.1" })
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    const exchangeOf = yield* makeExchanges
    const deadlines = yield* makeDeadlines
    const ended = yield* Deferred.make<null>()
    let ends = 0
    yield* server.serve(
      Effect.gen(function* () {
        const exchange = exchangeOf(yield* HttpServerRequest.HttpServerRequest)
        yield* Scope.addFinalizer(
          yield* exchange.scope,
          Effect.suspend(() => {
            ends += 1
            return Deferred.succeed(ended, null)
          })
        )
        const admitted = admittedRequest({ "x-added": "yes" })
        const received = yield* Effect.promise(() => receive(response, exchange, accepted))
        if (challenge !== undefined) admitted.caller.recordChallenge(challenge)
        return deliver(received, {
          admitted,
          exchange,
          onStalled: (callback) => deadlines.after(Duration.toMillis(stalled), callback)
        })
      })
    )
    const port = server.address._tag === "TcpAddress" ? server.address.port : 0
    return { url: `http://127.0.0.1:${port}`, ended: Deferred.await(ended), ends: () => ends }
  })

const expired = { status: 401, reason: "invalid" } as const

const get = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"

describe("deliver", () => {
  it.scopedLive("sends a whole stream, with its own headers and the added ones", () =>
    Effect.gen(function* () {
      const { stream } = yield* source(50)
      const { ended, ends, url } = yield* serving(streamed(stream))
      const { body, headers, status } = yield* send(url)
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/event-stream")
      assert.strictEqual(headers["x-added"], "yes")
      assert.strictEqual(body.length, 50 * chunk.length)
      yield* ended
      assert.strictEqual(ends(), 1)
    })
  )

  it.scopedLive("reads no more than the client does, and cuts off a client that stops reading", () =>
    Effect.gen(function* () {
      const { cancelled, pulled, stream } = yield* source(1_000_000)
      const { ended, ends, url } = yield* serving(streamed(stream), { stalled: Duration.millis(300) })
      const client = yield* wire(url, { reads: false })
      client.socket.pause()
      client.write(get)
      const read = yield* Deferred.await(cancelled)
      // The socket buffers of both sides hold a few MiB; the source has 64 GB.
      assert.isBelow(read * chunk.length, 64 * 1024 * 1024)
      yield* ended
      assert.strictEqual(pulled(), read)
      assert.strictEqual(ends(), 1)
    })
  )

  it.scopedLive("cuts off a client that does not read a complete response, but not one that does", () =>
    Effect.gen(function* () {
      const whole = () => new Response(new Uint8Array(64 * 1024 * 1024), { headers: { "content-type": "text/plain" } })
      const stalled = Duration.millis(300)
      const { ended, url } = yield* serving(whole(), { stalled })
      const client = yield* wire(url, { reads: false })
      client.socket.pause()
      client.write(get)
      yield* ended
      const other = yield* serving(whole(), { stalled: Duration.minutes(1) })
      assert.strictEqual((yield* send(other.url)).body.length, 64 * 1024 * 1024)
      yield* other.ended
      assert.strictEqual(other.ends(), 1)
    })
  )

  it.scopedLive("cancels the source when the client leaves, before or after the first chunk", () =>
    Effect.gen(function* () {
      const after = yield* source(1_000_000)
      const first = yield* serving(streamed(after.stream))
      const client = yield* wire(first.url)
      client.write(get)
      yield* client.until("....")
      client.socket.destroy()
      yield* Deferred.await(after.cancelled)
      yield* first.ended
      const cancelled = yield* Deferred.make<null>()
      const began = yield* Deferred.make<null>()
      const silent = new ReadableStream<Uint8Array>(
        {
          pull: () => {
            Deferred.unsafeDone(began, Effect.succeed(null))
          },
          cancel: () => {
            Deferred.unsafeDone(cancelled, Effect.succeed(null))
          }
        },
        { highWaterMark: 0 }
      )
      const second = yield* serving(streamed(silent))
      const other = yield* wire(second.url)
      other.write(get)
      yield* Deferred.await(began)
      other.socket.destroy()
      yield* Deferred.await(cancelled)
      yield* second.ended
      assert.strictEqual(second.ends(), 1)
    })
  )

  it.scoped("adds the headers to a refusal, which no challenge replaces", () =>
    Effect.gen(function* () {
      const { exchange } = yield* makeExchange
      const admitted = admittedRequest({ "x-added": "yes" })
      admitted.caller.recordChallenge(expired)
      const refusal = rpcError(503, rpcCodes.refused, "No room.", { "retry-after": "30" })
      const { headers, status } = deliver(refusal, { admitted, exchange, onStalled: () => () => undefined })
      assert.strictEqual(status, 503)
      assert.deepInclude({ ...headers }, { "x-added": "yes", "retry-after": "30" })
    })
  )

  it.scopedLive("replaces the response by the challenge that was recorded, and cancels the source", () =>
    Effect.gen(function* () {
      const { cancelled, stream } = yield* source(1_000_000)
      const { url } = yield* serving(streamed(stream), { challenge: expired })
      assert.strictEqual((yield* send(url)).status, 401)
      yield* Deferred.await(cancelled)
      const json = yield* serving(Response.json({ ok: true }), { challenge: expired })
      assert.strictEqual((yield* send(json.url)).status, 401)
    })
  )

  it.scopedLive("gives the last message of a stream to a client that accepts JSON only", () =>
    Effect.gen(function* () {
      const frames = ['event: message\ndata: {"a":1}\n\n: keepalive\n\nevent: mess', 'age\ndata: {"b":"\u00e4"}\n\n']
      const parts = frames.map((frame) => new TextEncoder().encode(frame))
      const stream = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const part = parts.shift()
          if (part === undefined) controller.close()
          else controller.enqueue(part)
        }
      })
      const { url } = yield* serving(streamed(stream), { accepted: "json" })
      const { body, headers } = yield* send(url)
      assert.deepStrictEqual([headers["content-type"], body], ["application/json", '{"b":"\u00e4"}'])
    })
  )

  it.scopedLive("ends the stream when the source fails, and sends a response without a body as it is", () =>
    Effect.gen(function* () {
      const failing = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error("broken"))
      })
      const broken = yield* serving(streamed(failing))
      assert.deepStrictEqual(yield* Effect.map(send(broken.url), ({ body, status }) => [status, body]), [200, ""])
      const empty = yield* serving(new Response(null, { status: 202 }))
      assert.deepStrictEqual(yield* Effect.map(send(empty.url), ({ body, status }) => [status, body]), [202, ""])
    })
  )

  it.scopedLive("ends the exchange when the connection closes", () =>
    Effect.gen(function* () {
      const { stream } = yield* source(1_000_000)
      const { ends, url } = yield* serving(streamed(stream))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* wire(url, { reads: false })
          client.socket.pause()
          client.write(get)
          yield* Effect.yieldNow()
        })
      )
      yield* Effect.repeat(Effect.delay(Effect.sync(ends), "5 millis"), { until: (count) => count === 1 })
    })
  )
})
