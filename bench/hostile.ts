import { spawn, type ChildProcess } from "node:child_process"
import { readFile } from "node:fs/promises"
import { Agent, request } from "node:http"
import { createInterface } from "node:readline"
import * as Schema from "effect/Schema"

/**
 * Sends hostile queries and files to the built program, over stdio and over HTTP. Prints for each case how it ended and
 * when, what the calls of another caller took meanwhile, and the memory after each round. Cases that go to a deadline of
 * many seconds are in LONG_ROUNDS of the ROUNDS only.
 */
const rounds = Number(process.env["ROUNDS"] ?? 50)
const longRounds = Number(process.env["LONG_ROUNDS"] ?? 3)
/** Only cases whose name this is in. */
const only = process.env["ONLY"] ?? ""
const transports = (process.env["TRANSPORTS"] ?? "stdio,http").split(",")

/** The most that the calls of others may take beyond their usual, and the growth of memory, in MB. */
const maxDelayMillis = 100
const maxGrowth = 60

const Reply = Schema.parseJson(
  Schema.Struct({
    id: Schema.optional(Schema.NullOr(Schema.Union(Schema.Number, Schema.String))),
    result: Schema.optional(
      Schema.Struct({
        isError: Schema.optional(Schema.Boolean),
        content: Schema.optional(
          Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) }))
        )
      })
    ),
    error: Schema.optional(Schema.Struct({ message: Schema.String }))
  })
)
type Reply = typeof Reply.Type
const decode = Schema.decodeUnknownSync(Reply)

interface Call {
  readonly tool: string
  readonly args: object
  /** Cancels the call after so long. */
  readonly cancelAfter?: number
}

interface Server {
  readonly pid: number
  readonly call: (call: Call, isOther?: boolean) => Promise<Reply | "cancelled">
  readonly end: () => void
}

const waitFor = (millis: number) => new Promise<void>((done) => setTimeout(done, millis))

const start = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  spawn(process.execPath, [...args], { env: { PATH: process.env["PATH"], ...env } })

const urlOf = (child: ChildProcess) =>
  new Promise<string>((done) => {
    let written = ""
    const look = (chunk: Buffer) => {
      written += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(written)?.[0]
      if (url !== undefined) done(url)
    }
    child.stdout?.on("data", look)
    child.stderr?.on("data", look)
  })

const overStdio = async (upstream: string): Promise<Server> => {
  const child = start(["dist/main.js"], { SEQUENTUM_API_URL: upstream, SEQUENTUM_API_KEY: "key" })
  const waiting = new Map<number, (reply: Reply) => void>()
  createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = decode(line)
    if (typeof reply.id === "number") waiting.get(reply.id)?.(reply)
  })
  let next = 1
  const write = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  const send = (method: string, params: object, id = next++) =>
    new Promise<Reply>((done) => {
      waiting.set(id, (reply) => {
        waiting.delete(id)
        done(reply)
      })
      write({ id, method, params })
    })
  await send("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" }
  })
  write({ method: "notifications/initialized" })
  return {
    pid: child.pid ?? 0,
    call: ({ args, cancelAfter, tool }) => {
      const id = next++
      const replied = send("tools/call", { name: tool, arguments: args }, id)
      if (cancelAfter === undefined) return replied
      return Promise.race([
        replied,
        waitFor(cancelAfter).then(() => {
          waiting.delete(id)
          write({ method: "notifications/cancelled", params: { requestId: id } })
          return "cancelled" as const
        })
      ])
    },
    end: () => child.kill("SIGKILL")
  }
}

const overHttp = async (upstream: string): Promise<Server> => {
  const child = start(["dist/main.js", "http", "--port", "0"], {
    SEQUENTUM_API_URL: upstream,
    RATE_LIMIT_PER_MINUTE: "0"
  })
  const url = await urlOf(child)
  const agent = new Agent({ keepAlive: true })
  return {
    pid: child.pid ?? 0,
    call: ({ args, cancelAfter, tool }, isOther = false) =>
      new Promise((done, fail) => {
        const body = JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: {
            name: tool,
            arguments: args,
            _meta: {
              "io.modelcontextprotocol/protocolVersion": "2026-07-28",
              "io.modelcontextprotocol/clientCapabilities": {},
              "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" }
            }
          }
        })
        const sent = request(`${url}/mcp`, {
          agent,
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            authorization: `Bearer ${isOther ? "other" : "hostile"}`,
            "content-length": Buffer.byteLength(body),
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call",
            "mcp-name": tool
          }
        })
        let isCancelled = false
        sent.on("response", (answer) => {
          let text = ""
          answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
          answer.on("end", () => {
            const events = text.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []))
            done(decode(events.at(-1) ?? text))
          })
          answer.on("error", (error) => (isCancelled ? undefined : fail(error)))
        })
        sent.on("error", (error) => (isCancelled ? undefined : fail(error)))
        if (cancelAfter !== undefined) {
          setTimeout(() => {
            isCancelled = true
            sent.destroy()
            done("cancelled")
          }, cancelAfter)
        }
        sent.end(body)
      }),
    end: () => {
      agent.destroy()
      child.kill("SIGKILL")
    }
  }
}

interface Case {
  readonly name: string
  readonly calls: ReadonlyArray<Call>
  /** In seconds. */
  readonly deadline: number
  readonly isLong?: boolean
}

const query = (sql: string, agentId = 1, cancelAfter?: number): Call => ({
  tool: "query_run_data",
  args: { sql, tables: [{ agentId, runId: 90 }] },
  ...(cancelAfter === undefined ? {} : { cancelAfter })
})
const preview = (agentId: number): Call => ({ tool: "preview_run_file", args: { agentId, runId: 90, maxRows: 200 } })
const queryAll = (agentId: number): Call => ({
  tool: "query_run_data",
  args: { sql: "SELECT * FROM data", tables: [{ agentId, runId: 90 }], maxRows: 500 }
})

const endless = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r"
const doubling = "WITH RECURSIVE r(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM r) SELECT max(length(x)) FROM r"

const allCases: ReadonlyArray<Case> = [
  { name: "randomblob(1e9)", calls: [query("SELECT length(randomblob(1000000000))")], deadline: 5 },
  { name: "ATTACH", calls: [query("ATTACH 'x' AS y")], deadline: 5 },
  { name: "VACUUM INTO", calls: [query("VACUUM INTO 'x'")], deadline: 5 },
  { name: "PRAGMA", calls: [query("PRAGMA hard_heap_limit=0")], deadline: 5 },
  { name: "two statements", calls: [query("SELECT 1; SELECT 2")], deadline: 5 },
  { name: "recursive CTE that grows", calls: [query(doubling)], deadline: 15 },
  { name: "20,000 columns", calls: [preview(3), queryAll(3)], deadline: 10 },
  { name: "2,000,000 brackets", calls: [preview(4), queryAll(4)], deadline: 3 },
  { name: "2,000,000 brackets, packed", calls: [preview(5), queryAll(5)], deadline: 3 },
  { name: "endless file, preview", calls: [preview(6)], deadline: 5 },
  { name: "endless CSV", calls: [queryAll(6)], deadline: 50, isLong: true },
  { name: "endless JSON lines", calls: [queryAll(9)], deadline: 50, isLong: true },
  { name: "endless cell", calls: [queryAll(10), preview(10)], deadline: 10 },
  { name: "endless log", calls: [{ tool: "read_run_log", args: { agentId: 8, runId: 90 } }], deadline: 50 },
  { name: "100,000 rows", calls: [queryAll(2)], deadline: 10 },
  { name: "comparing 100,000 rows", calls: [{ tool: "compare_run_data", args: { agentId: 2 } }], deadline: 20 },
  { name: "endless query, cancelled", calls: [query(endless, 1, 1000), query(endless, 1, 1000)], deadline: 5 },
  {
    name: "20 short queries at once",
    calls: Array.from({ length: 20 }, () => query("SELECT sum(a) FROM data")),
    deadline: 20
  },
  { name: "endless query", calls: [query(endless)], deadline: 15, isLong: true },
  {
    name: "20 endless queries at once",
    calls: Array.from({ length: 20 }, () => query(endless)),
    deadline: 50,
    isLong: true
  },
  { name: "a byte a second", calls: [preview(7), queryAll(7)], deadline: 50, isLong: true }
]

const cases = allCases.filter(({ name }) => name.includes(only))

const sorted = (values: ReadonlyArray<number>) => [...values].sort((left, right) => left - right)
const at = (values: ReadonlyArray<number>, part: number) => {
  const inOrder = sorted(values)
  return inOrder[Math.min(inOrder.length - 1, Math.floor(inOrder.length * part))] ?? Number.NaN
}

const memory = async (pid: number) => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) / 1024
}

const wordsOf = (reply: Reply | "cancelled") => {
  if (reply === "cancelled") return reply
  if (reply.error !== undefined) return `protocol error: ${reply.error.message}`
  const text = reply.result?.content?.[0]?.text ?? "nothing"
  return reply.result?.isError === true ? text : `done: ${text.slice(0, 60)}`
}

/** Calls of another caller, one after another, until `work` has ended. */
const meanwhile = async <A>(server: Server, work: () => Promise<A>) => {
  const millis: Array<number> = []
  let isOver = false
  let turn = 0
  const others = async () => {
    while (!isOver) {
      const startedAt = performance.now()
      await server.call(
        turn++ % 2 === 0
          ? { tool: "list_agents", args: {} }
          : { tool: "get_run_status", args: { agentId: 1, runId: 90 } },
        true
      )
      millis.push(performance.now() - startedAt)
      await waitFor(20)
    }
  }
  const [result] = await Promise.all([
    work().finally(() => {
      isOver = true
    }),
    others()
  ])
  return { result, millis }
}

interface Seen {
  readonly words: Set<string>
  readonly seconds: Array<number>
  readonly others: Array<number>
}

const problems: Array<string> = []

const measure = async (transport: string, server: Server) => {
  await meanwhile(server, () => waitFor(3000))
  const { millis: usual } = await meanwhile(server, () => waitFor(5000))
  console.log(
    `\n${transport}: calls of another caller usually take ${at(usual, 0.5).toFixed(1)} ms, at most ${Math.max(...usual).toFixed(1)} ms`
  )
  // The same with two other processes that keep both cores busy: what the machine alone does to them.
  const busy = [1, 2].map(() => start(["--eval", "for (;;);"], {}))
  const { millis: contended } = await meanwhile(server, () => waitFor(5000))
  for (const child of busy) child.kill("SIGKILL")
  console.log(
    `  beside two busy processes that are not ours ${at(contended, 0.5).toFixed(1)} ms, at most ${Math.max(...contended).toFixed(1)} ms`
  )
  const seen = new Map(cases.map(({ name }): [string, Seen] => [name, { words: new Set(), seconds: [], others: [] }]))
  const memories: Array<number> = []
  const isLongRound = (round: number) => round % Math.max(1, Math.floor(rounds / longRounds)) === 0
  for (let round = 0; round < rounds; round++) {
    for (const { calls, deadline, isLong, name } of cases) {
      if (isLong === true && !isLongRound(round)) continue
      const its = seen.get(name)
      if (its === undefined) continue
      const { millis, result } = await meanwhile(server, () =>
        Promise.all(
          calls.map(async (call) => {
            const startedAt = performance.now()
            const words = wordsOf(await server.call(call))
            return { words, seconds: (performance.now() - startedAt) / 1000 }
          })
        )
      )
      its.others.push(...millis)
      for (const { seconds, words } of result) {
        its.words.add(words)
        its.seconds.push(seconds)
        if (seconds > deadline)
          problems.push(`${transport}: ${name} took ${seconds.toFixed(1)} s, more than ${deadline} s.`)
      }
    }
    await waitFor(300)
    memories.push(await memory(server.pid))
  }

  for (const { name } of cases) {
    const its = seen.get(name)
    if (its === undefined || its.seconds.length === 0) continue
    const worst = Math.max(...its.others)
    console.log(
      `${name}: ${its.seconds.length} calls, ${at(its.seconds, 0.5).toFixed(2)} s, at most ${Math.max(...its.seconds).toFixed(2)} s; others ${at(its.others, 0.5).toFixed(1)} ms, 95 % ${at(its.others, 0.95).toFixed(1)} ms, 99 % ${at(its.others, 0.99).toFixed(1)} ms, at most ${worst.toFixed(1)} ms`
    )
    for (const words of its.words) console.log(`    ${words}`)
    // The slowest are what the machine does to any process beside two busy ones.
    if (at(its.others, 0.95) > at(usual, 0.5) + maxDelayMillis) {
      problems.push(`${transport}: during ${name} one call of others in twenty took over ${maxDelayMillis} ms more.`)
    }
  }
  const shown = memories.map((value) => value.toFixed(0))
  console.log(`memory after each round, MB: ${shown.join(" ")}`)
  const half = Math.floor(memories.length / 2)
  const growth = at(memories.slice(half), 0.5) - at(memories.slice(Math.min(half, 5), half), 0.5)
  console.log(`  median of the later half less that of the earlier one: ${growth.toFixed(1)} MB`)
  if (growth > maxGrowth) problems.push(`${transport}: memory grew by ${growth.toFixed(0)} MB.`)
  await waitFor(65_000)
  console.log(`  after a minute without calls: ${(await memory(server.pid)).toFixed(0)} MB`)
}

const stub = start(["bench/hostileStub.mjs"], {})
const upstream = await urlOf(stub)
for (const transport of transports) {
  const server = await (transport === "http" ? overHttp(upstream) : overStdio(upstream))
  await measure(transport, server).finally(server.end)
}
stub.kill("SIGKILL")
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
