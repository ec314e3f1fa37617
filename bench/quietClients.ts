import { spawn, type ChildProcess } from "node:child_process"
import { readFile } from "node:fs/promises"
import { Agent, request } from "node:http"

/**
 * Shows that clients cost nothing when they are quiet, and that hostile ones do no lasting harm: prints the memory of the
 * built program before and after 10,000 `initialize` requests, and 2,000 hostile ones with 70,000 capabilities each.
 */
const quiet = Number(process.env["QUIET"] ?? 10_000)
const hostile = Number(process.env["HOSTILE"] ?? 2000)
const connections = 16

const start = (args: ReadonlyArray<string>) =>
  new Promise<{ readonly child: ChildProcess; readonly url: string }>((done, fail) => {
    const child = spawn(
      process.execPath,
      ["--max-old-space-size=384", "dist/main.js", "http", "--sandbox", "--port", "0", ...args],
      { env: { PATH: process.env["PATH"], RATE_LIMIT_PER_MINUTE: "0" } }
    )
    child.once("exit", (code) => fail(new Error(`The server ended with ${code ?? "a signal"}`)))
    child.stderr.on("data", (chunk: Buffer) => {
      const url = /http:\/\/127\.0\.0\.1:\d+\/mcp/u.exec(chunk.toString())?.[0]
      if (url !== undefined) done({ child, url })
    })
  })

const server = await start([])
const agent = new Agent({ keepAlive: true, maxSockets: connections })

const post = (body: string) =>
  new Promise<number>((done, fail) => {
    const sent = request(
      server.url,
      {
        agent,
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          authorization: "Bearer quiet",
          "content-length": Buffer.byteLength(body)
        }
      },
      (answer) => answer.resume().on("end", () => done(answer.statusCode ?? 0))
    )
    sent.on("error", fail).end(body)
  })

const initialize = (capabilities: unknown) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "quiet", version: "1" } }
  })

const ordinary = initialize({ roots: { listChanged: true }, elicitation: {} })
const wide = initialize(
  Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`${index}`.padStart(6, "c"), {}]))
)

/** Sends a body so many times. The result says how often each status came. */
const load = async (body: string, times: number) => {
  const statuses = new Map<number, number>()
  let left = times
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) {
        left -= 1
        const status = await post(body)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })
  )
  return [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ")
}

const memory = async () => {
  const status = await readFile(`/proc/${server.child.pid ?? 0}/status`, "utf8")
  return `${(Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) / 1024).toFixed(0)} MB`
}

await load(ordinary, 2000)
console.log(`warm: ${await memory()}`)
console.log(`${quiet} clients initialize: ${await load(ordinary, quiet)}; ${await memory()}`)
console.log(
  `${hostile} hostile initialize of ${Buffer.byteLength(wide)} bytes: ${await load(wide, hostile)}; ${await memory()}`
)
console.log(`ordinary calls: ${await load(ordinary, 100)}; ${await memory()}`)
agent.destroy()
server.child.removeAllListeners("exit").kill("SIGTERM")
