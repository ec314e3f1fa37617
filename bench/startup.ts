import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { bundle } from "../scripts/bundle.ts"

/**
 * Measures a start of the server: the times from spawn to the responses to `initialize` and `tools/list`, and the peak
 * memory by then. The programs run in turn, so that other load on the machine affects all of them alike. ROUNDS sets the
 * number of runs.
 */
const rounds = Number(process.env["ROUNDS"] ?? 21)
const warmUps = 2

interface Sample {
  readonly initializeMillis: number
  readonly toolsMillis: number
  readonly peakMegabytes: number
}

const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } }
}

/** The peak memory of the process so far; NaN if the system does not report it. */
const peakMegabytes = async (pid: number | undefined): Promise<number> => {
  const status = await readFile(`/proc/${pid ?? "self"}/status`, "utf8").catch(() => "")
  const kilobytes = /^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1]
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) / 1024
}

const measure = async (script: string): Promise<Sample> => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env["PATH"], SEQUENTUM_API_KEY: "bench" },
    stdio: ["pipe", "pipe", "inherit"]
  })
  const exited = new Promise((done) => child.once("exit", done))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (message: object) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    const line = await lines.next()
    if (line.done === true || !line.value.includes('"result"')) throw new Error(`${script} returned no result`)
    return performance.now() - startedAt
  }
  const initializeMillis = await ask(initialize)
  const toolsMillis = await ask({ id: 2, method: "tools/list" })
  const sample = { initializeMillis, toolsMillis, peakMegabytes: await peakMegabytes(child.pid) }
  child.stdin.end()
  await exited
  return sample
}

const median = (values: ReadonlyArray<number>) => {
  const sorted = [...values].sort((left, right) => left - right)
  const upper = Math.floor(sorted.length / 2)
  const lower = Math.floor((sorted.length - 1) / 2)
  return ((sorted[lower] ?? Number.NaN) + (sorted[upper] ?? Number.NaN)) / 2
}

const temporary = await mkdtemp(join(tmpdir(), "sequentum-bench-"))
try {
  await bundle({ entry: "bench/eager.ts", outdir: temporary })
  await writeFile(join(temporary, "package.json"), '{"type":"module"}')

  const programs = [
    ["dist/main.js", resolve("dist/main.js")],
    ["bare SDK server, one tool", resolve("bench/bareServer.mjs")],
    ["command line loaded eagerly", join(temporary, "eager.js")]
  ] as const
  const samples = programs.map((): Array<Sample> => [])
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const [index, [, script]] of programs.entries()) {
      const sample = await measure(script)
      if (round >= 0) samples[index]?.push(sample)
    }
  }

  console.log(
    `${basename(process.execPath)} ${process.version}, ${rounds} runs of each in turn, after ${warmUps} warm-up runs\n`
  )
  const row = (name: string, cells: ReadonlyArray<string>) =>
    console.log(`${name.padEnd(29)}${cells.map((cell) => cell.padStart(13)).join("")}`)
  row("", ["initialize", "min", "tools/list", "peak memory"])
  const medians = programs.map(([name], index) => {
    const of = (field: keyof Sample) => (samples[index] ?? []).map((sample) => sample[field])
    const initialized = median(of("initializeMillis"))
    row(name, [
      `${initialized.toFixed(0)} ms`,
      `${Math.min(...of("initializeMillis")).toFixed(0)} ms`,
      `${median(of("toolsMillis")).toFixed(0)} ms`,
      `${median(of("peakMegabytes")).toFixed(0)} MB`
    ])
    return initialized
  })
  const [own = Number.NaN, bare = Number.NaN, eager = Number.NaN] = medians
  console.log(`\nto initialize, against the bare server   ${(own / bare).toFixed(2)}  (aim: at most 1.3)`)
  console.log(`to initialize, against eager loading     ${(own / eager).toFixed(2)}  (aim: at most 0.7)`)
} finally {
  await rm(temporary, { recursive: true, force: true })
}
