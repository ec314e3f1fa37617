import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import { start, until } from "../support/program.ts"
import { freePort } from "../support/freePort.ts"
import { endpoint } from "../support/endpoint.ts"
import { postBytes, send, wire } from "../support/wire.ts"

const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`

/** Seconds for which load balancers keep an idle connection by default. */
const loadBalancerSeconds = 60

const deploying = Effect.promise(() =>
  readFile(fileURLToPath(new URL("../../docs/deploy.md", import.meta.url)), "utf8")
)

/** The heads of the responses on a connection. */
const headsIn = (text: string) =>
  text
    .split(/(?=HTTP\/1\.1 )/u)
    .map((answer) => answer.slice(0, answer.indexOf("\r\n\r\n")).toLowerCase())
    .map((head) => ({
      status: Number(head.slice(9, 12)),
      connection: /^connection: (.*)$/mu.exec(head)?.[1]?.trim(),
      keepAlive: /^keep-alive: timeout=(\d+)\b/mu.exec(head)?.[1]
    }))

describe("an idle connection", () => {
  it.scopedLive("serves one request after another, and every response says how long it is kept", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(get("/health"))
      yield* client.until('"status":"ok"')
      // A refusal does not close it either.
      client.write(postBytes(ping, { accept: "text/html" }))
      yield* client.until('"code":-32000')
      client.write(get("/ready"))
      const text = yield* client.until('"status":"ready"')
      assert.deepStrictEqual(headsIn(text), [
        { status: 200, connection: "keep-alive", keepAlive: "65" },
        { status: 406, connection: "keep-alive", keepAlive: "65" },
        { status: 200, connection: "keep-alive", keepAlive: "65" }
      ])
      assert.isFalse(client.socket.readableEnded)
    })
  )

  it.scopedLive("is closed if the client asks for it", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const client = yield* wire(url)
      client.write(get("/health").replace("host:", "connection: close\r\nhost:"))
      assert.deepStrictEqual(headsIn(yield* client.closed), [
        { status: 200, connection: "close", keepAlive: undefined }
      ])
    })
  )

  it.scopedLive("outlives a load balancer's 60 s, as documented", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint()
      const { headers } = yield* send(`${url}/health`, { headers: { connection: "keep-alive" } })
      const [, sent] = /^timeout=(\d+)$/u.exec(String(headers["keep-alive"])) ?? []
      const [, documented] = /keeps idle connections for (\d+) seconds/u.exec(yield* deploying) ?? []
      assert.isDefined(documented)
      assert.strictEqual(sent, documented)
      assert.isAbove(Number(sent), loadBalancerSeconds)
    })
  )
})

/** The status of a response, or why the connection failed. */
const statusOf = (url: string) =>
  Effect.map(send(url), ({ status }): unknown => status).pipe(
    Effect.catchAllDefect((defect) =>
      Predicate.hasProperty(defect, "code") ? Effect.succeed(defect.code) : Effect.die(defect)
    )
  )

describe("the program while it starts", () => {
  it.scopedLive("is ready with its first response; before that it refuses connections", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const ready = `http://127.0.0.1:${port}/ready`
      const { child, exited, written } = yield* start(["http"], {
        env: { PORT: String(port), SEQUENTUM_API_URL: "http://127.0.0.1:1" }
      })
      // Without pauses, so that no state is missed.
      const seen: Array<unknown> = []
      const asking = yield* Effect.fork(
        Effect.repeat(
          Effect.map(statusOf(ready), (answer) => {
            seen.push(answer)
            return answer
          }),
          { until: (answer) => answer !== "ECONNREFUSED" }
        )
      )
      yield* Effect.raceFirst(
        until(child.stderr, () => written.stderr.includes(`Serving MCP at http://127.0.0.1:${port}/mcp`)),
        Effect.flatMap(
          Effect.promise(() => exited),
          () => Effect.dieMessage(`It ended with ${written.stderr}`)
        )
      )
      // The server is ready when it logs its address.
      assert.strictEqual(yield* statusOf(ready), 200)
      assert.strictEqual(yield* Fiber.join(asking), 200)
      assert.strictEqual(seen[0], "ECONNREFUSED")
    })
  )
})
