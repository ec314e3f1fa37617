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
  /** Processor time of the server in milliseconds a request. */
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

const baseHeaders = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  authorization: "Bearer bench"
}

/** What a client of the older era declares; Claude Code and VS Code declare as much. */
const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: { roots: { listChanged: true }, elicitation: { form: {}, url: {} } },
    clientInfo: { name: "bench", version: "1" }
  }
})

/** The header of a session; none where the server gives no session. */
const openSession = async (url: string) => {
  const response = await fetch(`${url}/mcp`, { method: "POST", headers: baseHeaders, body: initialize })
  await response.text()
  const id = response.headers.get("mcp-session-id")
  return id === null ? {} : { "mcp-session-id": id }
}

/** Processor time of a process so far, in milliseconds: user and system, in ticks of 10 ms. */
const processorTime = async ({ child }: Running) => {
  const stat = await readFile(`/proc/${child.pid ?? 0}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Keeps 32 connections busy, each with one request after another. */
const load = async (server: Running, tool: Tool, era: Era, seconds: number): Promise<Load> => {
  const { headers, meta } = eras[era](tool)
  const session = era === "2025-11-25" && server !== floor ? await openSession(server.url) : {}
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
        `${server.url}/mcp`,
        {
          agent,
          method: "POST",
          headers: { ...baseHeaders, "content-length": Buffer.byteLength(body), ...headers, ...session }
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
  const before = await processorTime(server)
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
  const cpu = ((await processorTime(server)) - before) / durations.length
  agent.destroy()
  durations.sort((left, right) => left - right)
  const at = (part: number) => durations[Math.floor(durations.length * part)] ?? Number.NaN
  return { perSecond: durations.length / seconds, cpu, p50: at(0.5), p99: at(0.99) }
}

const memory = async ({ child }: Running) => {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8").catch(() => "")
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) / 1024
}

const median = (values: ReadonlyArray<number>) =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

const upstream = await start(["bench/httpStub.mjs"], {})
const env = { SEQUENTUM_API_URL: upstream.url }
const own = await start(["dist/main.js", "http", "--port", "0"], { ...env, RATE_LIMIT_PER_MINUTE: "0" })
const bare = await start(["bench/httpBare.mjs"], env)
const floor = await start(["bench/httpFloor.mjs"], env)
const servers = [
  ["this server", own],
  ["bare server", bare],
  ["floor", floor]
] as const

const line = (...cells: readonly [string, string, string, string, string, string]) =>
  console.log(cells.map((cell, index) => (index < 2 ? cell.padEnd(index === 0 ? 28 : 14) : cell.padStart(11))).join(""))

console.log(
  `${connections} connections, ${rounds} alternating rounds of ${seconds} s each, after ${warmUpSeconds} s of warm-up; medians\n`
)
line("", "", "requests/s", "CPU", "p50", "p99")
for (const tool of ["get_run_status", "list_agents"] as const) {
  const results = (["2026-07-28", "2025-11-25"] as const).flatMap((era) =>
    servers.map(([name, server]) => ({ era, name, server, loads: Array<Load>() }))
  )
  for (const { era, server } of results) await load(server, tool, era, warmUpSeconds)
  // Eras and servers in turn, so that none is measured in a better minute of the machine than the others.
  for (let round = 0; round < rounds; round += 1) {
    for (const { era, loads, server } of results) loads.push(await load(server, tool, era, seconds))
  }
  const medianOf = (era: Era, server: Running, figure: keyof Load) =>
    median(
      results.flatMap((one) => (one.era === era && one.server === server ? one.loads : [])).map((one) => one[figure])
    )
  for (const { era, name, server } of results) {
    line(
      `${tool} ${era}`,
      name,
      medianOf(era, server, "perSecond").toFixed(0),
      `${medianOf(era, server, "cpu").toFixed(2)} ms`,
      `${medianOf(era, server, "p50").toFixed(1)} ms`,
      `${medianOf(era, server, "p99").toFixed(1)} ms`
    )
    if (server !== floor) continue
    const ratio = medianOf(era, own, "perSecond") / medianOf(era, bare, "perSecond")
    console.log(`${"".padEnd(28)}${"ratio".padEnd(14)}${ratio.toFixed(2).padStart(11)}  (aim: at least 0.8)\n`)
  }
  const eraRatio = medianOf("2025-11-25", own, "cpu") / medianOf("2026-07-28", own, "cpu")
  console.log(`${tool}: CPU of the older era by that of the newer ${eraRatio.toFixed(2)}  (aim: at most 1.15)\n`)
}
for (const [name, server] of servers) {
  console.log(`memory after the load: ${name} ${(await memory(server)).toFixed(0)} MB`)
}
for (const { child } of [own, bare, floor, upstream]) child.kill("SIGTERM")
