import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { cancelledId, expectedId, readWire, spoiltLine } from "./stdioMessages.ts"

export interface FuzzOptions {
  /** The built program. */
  readonly program: string
  readonly lines: number
  readonly seed: number
  readonly era: "legacy" | "modern"
  /** How long the server may take for a batch of lines, and to end. */
  readonly patienceMillis: number
  /** Called after each batch. */
  readonly onBatch?: (sent: number) => void
}

export interface FuzzReport {
  /** Lines sent, the opening left out. */
  readonly sent: number
  readonly replies: number
  /** Error responses by their code. */
  readonly errors: ReadonlyMap<number, number>
  /** Ids that did not get a response for each of their requests. */
  readonly unanswered: ReadonlyArray<string>
  /** Lines of the server that are no message, or that nothing asked for. */
  readonly invalid: ReadonlyArray<string>
  /** How the process ended; undefined when it had to be killed. */
  readonly exitCode: number | null | undefined
  readonly stderr: string
}

const batchSize = 500

const envelope = {
  _meta: {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "fuzz", version: "1" }
  }
}

const openings = {
  legacy: {
    jsonrpc: "2.0",
    id: "opening",
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } }
  },
  modern: { jsonrpc: "2.0", id: "opening", method: "server/discover", params: envelope }
} as const

/** Requests that a server answers soon. Lists of tools are long, so they are few. */
const requests = [
  ...Array.from({ length: 8 }, () => ["ping", {}] as const),
  ["tools/list", {}],
  ["prompts/list", {}],
  ["prompts/list", { cursor: "x" }],
  ["resources/list", {}],
  ["resources/templates/list", {}],
  ["prompts/get", { name: "debug-agent", arguments: { agentName: "books" } }],
  ["prompts/get", { name: "nothing" }],
  ["resources/read", { uri: "sequentum://agents/4101" }],
  [
    "completion/complete",
    { ref: { type: "ref/prompt", name: "debug-agent" }, argument: { name: "agentName", value: "b" } }
  ],
  [
    "completion/complete",
    { ref: { type: "ref/resource", uri: "sequentum://agents/{agentId}" }, argument: { name: "agentId", value: "4" } }
  ],
  ["tools/call", { name: "get_agent", arguments: { agentId: 4101 } }],
  ["tools/call", { name: "get_agent", arguments: { agentId: "seven" }, _meta: { progressToken: 7 } }],
  ["tools/call", { name: "list_spaces", arguments: null }],
  ["tools/call", { name: "search_agents", arguments: { query: "books" } }],
  ["tools/call", { name: "nothing" }],
  ["initialize", openings.legacy.params],
  ["server/discover", {}],
  ["logging/setLevel", { level: "info" }],
  ["subscriptions/listen", { notifications: { toolsListChanged: true } }],
  ["no/such/method", { deep: [[[[{}]]]] }]
] as const

const notifications = [
  ["notifications/initialized", {}],
  ["notifications/cancelled", { requestId: 3, reason: "fuzz" }],
  ["notifications/progress", { progressToken: 1, progress: 1 }],
  ["notifications/roots/list_changed", {}]
] as const

/** Ids are few, so that some are in use when they come again. */
const messages = (era: FuzzOptions["era"]) => {
  const more = era === "modern" ? envelope : {}
  const id = FastCheck.oneof(FastCheck.nat({ max: 2000 }), FastCheck.constantFrom("a", "", "é🕷", -1, 2 ** 53 - 1))
  return FastCheck.oneof(
    {
      weight: 12,
      arbitrary: FastCheck.tuple(FastCheck.constantFrom(...requests), id).map(([[method, params], id]) => ({
        jsonrpc: "2.0",
        id,
        method,
        params: { ...params, ...more }
      }))
    },
    {
      weight: 2,
      arbitrary: FastCheck.constantFrom(...notifications).map(([method, params]) => ({
        jsonrpc: "2.0",
        method,
        params: { ...params, ...more }
      }))
    },
    {
      weight: 1,
      arbitrary: FastCheck.constantFrom(
        { jsonrpc: "2.0", id: 0, result: {} },
        { jsonrpc: "2.0", id: 0, error: { code: -1, message: "no" } },
        [openings.legacy]
      )
    }
  )
}

/** Counts by JSON text, so that 1 and "1" differ. */
const makeCounts = () => {
  const counts = new Map<string, number>()
  const change = (id: unknown, by: number) => {
    const key = JSON.stringify(id)
    const left = (counts.get(key) ?? 0) + by
    if (left === 0) counts.delete(key)
    else counts.set(key, left)
    return left
  }
  return { counts, change }
}

/**
 * Sends seeded lines, spoilt as JSON and as bytes, to one process of the server on a sandbox of its own, and holds each
 * reply against the line that it is due to.
 */
export const fuzzStdio = async ({
  era,
  lines,
  onBatch,
  patienceMillis,
  program,
  seed
}: FuzzOptions): Promise<FuzzReport> => {
  const args = [program, "--sandbox", "--sandbox-speed", "600", "--sandbox-rate-limit", "1000000"]
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"] } })
  const exited = new Promise<number | null>((done) => child.once("close", done))
  let stderr = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  child.stdin.on("error", () => undefined)

  const due = makeCounts()
  /** Ids that may get no response, or one at the end: of cancelled requests, and of those that only listen. */
  const excused = new Set<string>()
  const invalid: Array<string> = []
  const errors = new Map<number, number>()
  let replies = 0
  let onReply = () => {}

  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = Option.getOrUndefined(readWire(line))
    if (message === undefined) invalid.push(line.slice(0, 500))
    else if ("id" in message) {
      replies += 1
      if ("error" in message) errors.set(message.error.code, (errors.get(message.error.code) ?? 0) + 1)
      if (due.change(message.id, -1) < 0 && !excused.has(JSON.stringify(message.id))) invalid.push(line.slice(0, 500))
    }
    onReply()
  })

  const within = <A>(promise: Promise<A>) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((done) => {
      timer = setTimeout(() => done(undefined), patienceMillis)
    })
    return Promise.race([promise, late]).finally(() => clearTimeout(timer))
  }

  const missing = () => [...due.counts].filter(([id, count]) => count > 0 && !excused.has(id)).map(([id]) => id)

  const settled = () =>
    within(
      Promise.race([
        exited,
        new Promise<void>((done) => {
          onReply = () => {
            if (missing().length === 0) done()
          }
          onReply()
        })
      ])
    )

  const send = async (bytes: Buffer) => {
    for (const line of bytes.toString("utf8").split("\n")) {
      const id = expectedId(line)
      if (id !== undefined) due.change(id, 1)
      const cancelled = cancelledId(line)
      if (cancelled !== undefined) excused.add(JSON.stringify(cancelled))
      if (line.includes("subscriptions/listen")) excused.add(JSON.stringify(id))
    }
    child.stdin.write(bytes)
    await settled()
  }

  await send(Buffer.from(`${JSON.stringify(openings[era])}\n`))
  const arbitrary = spoiltLine(messages(era))
  let sent = 0
  while (sent < lines && missing().length === 0 && invalid.length === 0 && child.exitCode === null) {
    const count = Math.min(batchSize, lines - sent)
    const batch = FastCheck.sample(arbitrary, { numRuns: count, seed: seed + sent })
    await send(Buffer.concat(batch))
    sent += count
    onBatch?.(sent)
  }
  const unanswered = missing()
  child.stdin.end()
  const exitCode = await within(exited)
  if (exitCode === undefined) {
    child.kill("SIGKILL")
    await exited
  }
  return { sent, replies, errors, unanswered, invalid, exitCode, stderr }
}
