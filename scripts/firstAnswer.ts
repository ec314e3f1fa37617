import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"

/**
 * Measures the time from a clone to the first answer over MCP in a folder where nothing is installed: clone, `npm ci`,
 * build, and a call by a client of the other SDK. Exits with 1 if it takes more than three minutes.
 */
const maxSeconds = 180

const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 100) / 10

const folder = mkdtempSync(join(tmpdir(), "first-answer-"))
const clone = join(folder, "clone")
const run = (title: string, command: string, args: ReadonlyArray<string>, cwd = clone) => {
  execFileSync(command, [...args], { cwd, stdio: ["ignore", "ignore", "inherit"] })
  console.log(`${String(seconds()).padStart(6)} s  ${title}`)
}

try {
  run("cloned", "git", ["clone", "--quiet", "--no-hardlinks", process.cwd(), clone], folder)
  run("installed", "npm", ["ci", "--no-audit", "--no-fund", "--silent"])
  run("built", "npm", ["run", "--silent", "build"])
  const client = new Client({ name: "first-answer", version: "1" })
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [join(clone, "dist/main.js"), "--sandbox"] })
  )
  const result = await client.callTool({ name: "search_agents", arguments: { query: "books" } })
  await client.close()
  if (!JSON.stringify(result).includes("Books catalogue")) throw new Error("The server found no agent.")
  console.log(`${String(seconds()).padStart(6)} s  first answer; at most ${maxSeconds} s are allowed`)
  if (seconds() > maxSeconds) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
