import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { createServer } from "node:http"
import { envelope, greeted, initialize, launch } from "../support/stdioServer.ts"
import { builtProgram as program } from "../support/builtProgram.ts"

const sandbox = { args: ["--sandbox", "--sandbox-speed", "600", "--sandbox-rate-limit", "100000"] }

const line = (message: object) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`
const ping = (id: number) => line({ id, method: "ping" })

/** A Sequentum that gives `body` to every request, after a time. */
const upstreamOf = (body: unknown, delayMillis = 0) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((_, response) => {
          setTimeout(() => {
            response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
          }, delayMillis)
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { env: { SEQUENTUM_API_URL: `http://127.0.0.1:${port}`, SEQUENTUM_API_KEY: "sk-test" } }
    }
  )

describe("a server over stdio", () => {
  it.scopedLive("answers every line, whatever it is, and goes on", () =>
    Effect.gen(function* () {
      const server = yield* launch(sandbox)
      server.write(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from(line(initialize))]))
      yield* server.answer(1)
      server.write('{"id":2,"method":"ping"}\n')
      server.write('{"jsonrpc":"2.0","id":3,"method_":"ping"}\n')
      server.write(line({ id: 4, method: "prompts/get", params: { name: 7 } }))
      server.write(line({ id: 5, method: "tools/list", params: null }))
      server.write(line({ id: 6, method: "tools/call", params: { name: "list_spaces", arguments: null } }))
      server.write(`nope\n[${ping(7).trim()}]\n`)
      server.write(Buffer.alloc(11_000_000, "x"))
      server.write(`\n\ufeff${ping(8)}`)
      const answers = yield* Effect.all([2, 3, 4, 5, 6, 8].map(server.answer))
      assert.deepStrictEqual(
        answers.map(({ error }) => error?.code),
        [-32600, -32600, -32602, undefined, undefined, undefined]
      )
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.deepStrictEqual(
        server.messages().flatMap(({ error, id }) => (id === null ? [error?.code] : [])),
        [-32700, -32600, -32600]
      )
      assert.deepStrictEqual(server.strays(), [])
    })
  )

  it.scopedLive.each([
    ["the older eras", [line(initialize), line({ method: "notifications/initialized" })], {}],
    ["the 2026-07-28 era", [line({ id: 1, method: "server/discover", params: envelope() })], envelope()]
  ] as const)("answers what came before the end of input, and ends, in %s", ([, opening, more]) =>
    Effect.gen(function* () {
      const server = yield* launch(sandbox)
      server.write([...opening, line({ id: 2, method: "tools/list", params: more })].join(""))
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      assert.deepStrictEqual(
        server.messages().map(({ id, result }) => [id, result !== undefined]),
        [
          [1, true],
          [2, true]
        ]
      )
      assert.strictEqual(server.stderr(), "")
    })
  )

  it.scopedLive("writes the result of a call that is under way at the end of input", () =>
    Effect.gen(function* () {
      const server = yield* greeted(yield* upstreamOf({ id: 5, configId: 7, status: 4 }, 700))
      server.request(2, "tools/call", { name: "start_agent", arguments: { agentId: 7 } })
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
      const results = Schema.decodeUnknownOption(
        Schema.Struct({ structuredContent: Schema.Struct({ run: Schema.Struct({ runId: Schema.Literal(5) }) }) })
      )
      assert.strictEqual(results(server.messages().find(({ id }) => id === 2)?.result)._tag, "Some")
    })
  )

  it.scopedLive("goes on when the client has closed stderr", () =>
    Effect.gen(function* () {
      const { env } = yield* upstreamOf([])
      const server = yield* greeted({ env: { ...env, NODE_DEBUG: "http" } })
      server.child.stderr.destroy()
      for (const id of [2, 3, 4]) {
        server.request(id, "tools/call", { name: "list_spaces", arguments: {} })
        assert.isDefined((yield* server.answer(id)).result)
      }
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
    })
  )

  it.scopedLive("escapes line separators that come from Sequentum", () =>
    Effect.gen(function* () {
      const server = yield* greeted(yield* upstreamOf([{ id: 1, name: "a\u2028b\u2029c" }]))
      server.request(2, "tools/call", { name: "start_agent", arguments: { agentId: 7, isRunSynchronously: true } })
      const { result } = yield* server.answer(2)
      assert.include(JSON.stringify(result), "a\u2028b\u2029c")
      assert.notMatch(server.stdout.join(""), /[\u2028\u2029]/u)
    })
  )

  it.scopedLive("sends no notice of progress that its result would follow at once", () =>
    Effect.gen(function* () {
      const server = yield* greeted(yield* upstreamOf({ id: 5, configId: 7, status: 10 }))
      server.request(2, "tools/call", {
        name: "wait_for_run",
        arguments: { agentId: 7, runId: 5 },
        _meta: { progressToken: "p" }
      })
      assert.isDefined((yield* server.answer(2)).result)
      assert.deepStrictEqual(
        server.messages().map(({ id, method }) => method ?? id),
        [1, 2]
      )
    })
  )
})

describe("a start by hand", () => {
  /** What the program shows on a terminal, which util-linux's `script` makes, by the time that `shown` is there. */
  const onTerminal = (command: string, shown: RegExp) =>
    Effect.scoped(
      Effect.flatMap(
        Effect.acquireRelease(
          Effect.sync(() =>
            spawn("script", ["-qec", command, "/dev/null"], {
              env: { PATH: process.env["PATH"], SEQUENTUM_API_KEY: "sk-test" },
              stdio: ["pipe", "pipe", "ignore"]
            })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        ),
        (child) =>
          Effect.async<string>((resume) => {
            let text = ""
            // The end of input, as Ctrl+D sends it.
            child.stdin.write("\u0004")
            child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
              text += chunk
              if (shown.test(text)) resume(Effect.succeed(text))
            })
            child.once("close", () => resume(Effect.succeed(text)))
          })
      )
    )

  const onLinux = it.live.skipIf(process.platform !== "linux")

  onLinux("on a terminal says what the program is and what to try", () =>
    Effect.gen(function* () {
      const text = yield* onTerminal(`${process.execPath} ${program}`, /--help/u)
      assert.match(text, /MCP/u)
      assert.match(text, /demo/u)
      assert.match(text, /--sandbox/u)
    })
  )

  onLinux("with arguments says nothing of it, and ends with the input", () =>
    Effect.gen(function* () {
      const text = yield* onTerminal(`stty -echo; ${process.execPath} ${program} --sandbox; echo ended`, /ended/u)
      assert.strictEqual(text.trim(), "ended")
    })
  )
})
