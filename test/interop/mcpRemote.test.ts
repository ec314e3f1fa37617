import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { freePort } from "../support/freePort.ts"
import { start, until } from "../support/program.ts"

const proxy = fileURLToPath(new URL("../../node_modules/mcp-remote/dist/proxy.js", import.meta.url))

/** mcp-remote, which signs in by a browser and is a server over stdio then. What it keeps is in a folder of its own. */
const startRemote = (mcp: string, callbackPort: number) =>
  Effect.gen(function* () {
    const home = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "mcp-remote-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
    )
    return yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [proxy, mcp, String(callbackPort)], {
          env: { PATH: process.env["PATH"], HOME: home, MCP_REMOTE_CONFIG_DIR: home, BROWSER: "true" }
        })
        const written = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (text: string) => (written.stdout += text))
        child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text))
        return { child, written, exited: once(child, "close") }
      }),
      ({ child, exited }) =>
        Effect.promise(async () => {
          if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
          await exited
        })
    )
  })

const address = /http:\/\/127\.0\.0\.1:\d+/u
const signInAddress = /^http:\/\/\S+\/api\/oauth\/authorize\?response_type\S+$/mu

describe("mcp-remote", () => {
  it.scopedLive("signs in to the sandbox behind the endpoint, calls, and renews tokens that expire soon", () =>
    Effect.gen(function* () {
      const server = yield* start(["http", "--port", "0", "--sandbox", "--sandbox-token-life", "2"], {
        env: { SESSIONS: "off" }
      })
      yield* until(server.child.stderr, () => address.test(server.written.stderr))
      const mcp = `${address.exec(server.written.stderr)?.[0] ?? ""}/mcp`
      const { child, written } = yield* startRemote(mcp, yield* freePort)

      yield* until(child.stderr, () => signInAddress.test(written.stderr))
      const page = yield* Effect.promise(() => fetch(signInAddress.exec(written.stderr)?.[0] ?? ""))
      assert.match(yield* Effect.promise(() => page.text()), /Authorization successful/u)

      const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      const answered = (count: number) => until(child.stdout, () => written.stdout.split("\n").length > count)
      say({
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } }
      })
      yield* answered(1)
      say({ method: "notifications/initialized" })
      say({ id: 2, method: "tools/call", params: { name: "list_spaces", arguments: {} } })
      yield* answered(2)
      // By now the first token has expired.
      yield* Effect.sleep("2100 millis")
      say({ id: 3, method: "tools/call", params: { name: "start_agent", arguments: { agentId: 4101 } } })
      yield* answered(3)
      const [, spaces = "", run = ""] = written.stdout.split("\n")
      assert.match(spaces, /"id":2,.*Retail Intelligence/u)
      assert.match(run, /"id":3,.*runId/u)
      assert.match(written.stderr, /Refreshed the access token/u)
    })
  )
})
