import { spawn, type ChildProcess } from "node:child_process"
import { readFile } from "node:fs/promises"
import { Agent, request } from "node:http"

const connections = 32
const seconds = Number(process.env["SECONDS_EACH"] ?? 3)
/** Excludes the first thousands of requests, in which the engine still compiles: a server runs for days. */
const warmUpSeconds = Number(process.env["WARM_UP_SECONDS"] ?? 15)
const rounds = Number(process.env["ROUNDS"] ?? 5)

interface Running {
  readonly child: ChildProcess
  readonly url: string
}

/** Starts a program and waits until it prints its URL. */
const start = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  new Promise<Running>((done) => {
    const child = spawn(process.execPath, [...args], { env: { PATH: process.env["PATH"], ...env } })
    let written = ""
    const readUrl = (chunk: Buffer) => {
      written += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(written)?.[0]
      if (url !== undefined) done({ child, url })
    }
    child.stdout.on("data", readUrl)
    child.stderr.on("data", readUrl)
  })

const calls = {
  get_run_status: { agentId: 7, runId: 90 },
  list_agents: { recordsPerPage: 50 }
} as const
type Tool = keyof typeof calls

const eras = {
  "2026-07-28": (name: Tool) => ({
    headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name },
    meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" }
    }
  }),
  "2025-11-25": () => ({ headers: { "mcp-protocol-version": "2025-11-25" }, meta: undefined })
} as const
type Era = keyof typeof eras

interface Load {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** Keeps 32 connections busy, each with one request after another. */
const load = async (url: string, tool: Tool, era: Era, seconds: number): Promise<Load> => {
  const { headers, meta } = eras[era](tool)
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: tool, arguments: calls[tool], ...(meta === undefined ? {} : { _meta: meta }) }
  })
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const once = () =>
    new Promise<void>((done, fail) => {
      const sent = request(
        `${url}/mcp`,
        {
          agent,
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            authorization: "Bearer bench",
            "content-length": Buffer.byteLength(body),
            ...headers
          }
        },
        (answer) => {
          if (answer.statusCode !== 200) fail(new Error(`status ${answer.statusCode ?? 0}`))
          answer.resume().on("end", done).on("error", fail)
        }
      )
      sent.on("error", fail)
      sent.end(body)
    })
  const durations: Array<number> = []
  const end = performance.now() + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const startedAt = performance.now()
        await once()
        durations.push(performance.now() - startedAt)
      }
    })
  )
  agent.destroy()
  durations.sort((left, right) => left - right)
  const at = (part: number) => durations[Math.floor(durations.length * part)] ?? Number.NaN
  return { perSecond: durations.length / seconds, p50: at(0.5), p99: at(0.99) }
}

const memory = async ({ child }: Running) => {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8").catch(() => "")
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) / 1024
}

const median = (values: ReadonlyArray<number>) =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

const upstream = await start(["bench/httpStub.mjs"], {})
const env = { SEQUENTUM_API_URL: upstream.url }
const own = await start(["dist/main.js", "http", "--port", "0"], {
  ...env,
  RATE_LIMIT_PER_MINUTE: "0",
  SESSIONS: "off"
})
const bare = await start(["bench/httpBare.mjs"], env)

console.log(
  `${connections} connections, ${rounds} alternating rounds of ${seconds} s each, after ${warmUpSeconds} s of warm-up; medians\n`
)
console.log(`${"".padEnd(28)}${"".padEnd(16)}${"requests/s".padStart(11)}${"p50".padStart(10)}${"p99".padStart(10)}`)
for (const tool of ["get_run_status", "list_agents"] as const) {
  for (const era of ["2026-07-28", "2025-11-25"] as const) {
    const results = { own: Array<Load>(), bare: Array<Load>() }
    await load(own.url, tool, era, warmUpSeconds)
    await load(bare.url, tool, era, warmUpSeconds)
    for (let round = 0; round < rounds; round += 1) {
      results.own.push(await load(own.url, tool, era, seconds))
      results.bare.push(await load(bare.url, tool, era, seconds))
    }
    for (const [name, loads] of Object.entries(results)) {
      console.log(
        `${`${tool} ${era}`.padEnd(28)}${(name === "own" ? "this server" : "bare server").padEnd(16)}${median(
          loads.map(({ perSecond }) => perSecond)
        )
          .toFixed(0)
          .padStart(
            11
          )}${`${median(loads.map(({ p50 }) => p50)).toFixed(1)} ms`.padStart(10)}${`${median(loads.map(({ p99 }) => p99)).toFixed(1)} ms`.padStart(10)}`
      )
    }
    const ratio =
      median(results.own.map(({ perSecond }) => perSecond)) / median(results.bare.map(({ perSecond }) => perSecond))
    console.log(`${"".padEnd(28)}${"ratio".padEnd(16)}${ratio.toFixed(2).padStart(11)}  (aim: at least 0.8)\n`)
  }
}
console.log(
  `memory after the load: this server ${(await memory(own)).toFixed(0)} MB, bare server ${(await memory(bare)).toFixed(0)} MB`
)
for (const { child } of [own, bare, upstream]) child.kill("SIGTERM")
