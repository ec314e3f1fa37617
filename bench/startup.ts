import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { bundle } from "../scripts/bundle.ts"

const rounds = Number(process.env["ROUNDS"] ?? 21)

interface Sample {
  readonly millis: number
  readonly peakMegabytes: number
}

const initialize = `${JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } }
})}\n`

/** Starts the program, asks it to initialize, and measures the time to the answer and the peak of its memory then. */
const measure = async (script: string): Promise<Sample> => {
  const startedAt = process.hrtime.bigint()
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env["PATH"], SEQUENTUM_API_KEY: "bench" },
    stdio: ["pipe", "pipe", "inherit"]
  })
  const answered = new Promise<bigint>((done) => child.stdout.once("data", () => done(process.hrtime.bigint())))
  child.stdin.write(initialize)
  const millis = Number((await answered) - startedAt) / 1e6
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8").catch(() => "")
  const peakMegabytes = Number(/VmHWM:\s+(\d+) kB/u.exec(status)?.[1] ?? 0) / 1024
  const exited = new Promise((done) => child.once("exit", done))
  child.stdin.end()
  await exited
  return { millis, peakMegabytes }
}

const median = (values: ReadonlyArray<number>) => {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const temporary = await mkdtemp(join(tmpdir(), "sequentum-bench-"))
// The same program, with the command line in its static imports: what it would cost not to split it off.
const eagerEntry = resolve("src/eager.bench.ts")
await writeFile(
  eagerEntry,
  'import { serveMcp } from "./app.ts"\nimport { main } from "./cli/main.ts"\nimport { runMain } from "./run.ts"\n\nif (process.argv.length <= 2) runMain(serveMcp())\nelse main(process.argv)\n'
)
try {
  await bundle({ entry: eagerEntry, outdir: temporary })
} finally {
  await rm(eagerEntry)
}
await writeFile(join(temporary, "package.json"), '{"type":"module"}')

const programs = [
  ["dist/main.js", resolve("dist/main.js")],
  ["bare SDK server, one tool", resolve("bench/bareServer.mjs")],
  ["command line loaded eagerly", join(temporary, "eager.bench.js")]
] as const

const samples = programs.map((): Array<Sample> => [])
for (let round = -2; round < rounds; round += 1) {
  for (const [index, [, script]] of programs.entries()) {
    const sample = await measure(script)
    if (round >= 0) samples[index]?.push(sample)
  }
}
await rm(temporary, { recursive: true, force: true })

const medians = samples.map((of) => ({
  millis: median(of.map(({ millis }) => millis)),
  least: Math.min(...of.map(({ millis }) => millis)),
  memory: median(of.map(({ peakMegabytes }) => peakMegabytes))
}))

console.log(`From spawn to the answer to initialize, ${rounds} runs each, in turn\n`)
console.log(`${"".padEnd(30)}${"median".padStart(10)}${"least".padStart(10)}${"peak memory".padStart(14)}`)
for (const [index, [name]] of programs.entries()) {
  const { least, memory, millis } = medians[index] ?? { millis: NaN, least: NaN, memory: NaN }
  console.log(
    `${name.padEnd(30)}${`${millis.toFixed(0)} ms`.padStart(10)}${`${least.toFixed(0)} ms`.padStart(10)}${`${memory.toFixed(0)} MB`.padStart(14)}`
  )
}
const [own, bare, eager] = medians.map(({ millis }) => millis)
console.log(`\nagainst the bare server   ${((own ?? NaN) / (bare ?? NaN)).toFixed(2)}  (aim: at most 1.3)`)
console.log(`against eager loading     ${((own ?? NaN) / (eager ?? NaN)).toFixed(2)}  (aim: under 0.7)`)
