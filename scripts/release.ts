import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { published } from "./published.ts"
import { bundleArchive } from "./mcpb.ts"
import { serverJson } from "./registry.ts"

/**
 * Makes everything that a release needs in `release/` and tries it: the package, the MCPB bundle, server.json and, where
 * there is a container engine, the image. Publishes nothing: it prints the commands that do. With --dry-run the
 * changelog need not have the version, and nothing needs to be published under a name.
 */
const isDryRun = process.argv.includes("--dry-run")
const { name, publishedAs, version } = published
const folder = "release"

const step = (title: string) => console.log(`\n== ${title}`)

const stop = (problem: string): never => {
  console.error(`Release stopped: ${problem}`)
  return process.exit(1)
}

const run = (command: string, args: ReadonlyArray<string>, cwd?: string) =>
  execFileSync(command, [...args], { encoding: "utf8", ...(cwd === undefined ? {} : { cwd }) })

/** Asks a server over stdio for its tools, as a client does, and stops if it gives none. */
const tryServer = (what: string, script: string, cwd: string) => {
  const lines = [
    {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "release", version } }
    },
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "search_agents", arguments: { query: "books" } } }
  ]
  const { stdout } = spawnSync(process.execPath, [script, "--sandbox"], {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
    input: lines.map((line) => `${JSON.stringify(line)}\n`).join("")
  })
  if (!stdout.includes("Books catalogue")) stop(`${what} does not answer.`)
  console.log(`${what} answers.`)
}

step(`version ${version}`)
const changelog = readFileSync("CHANGELOG.md", "utf8")
if (changelog.includes(`## [${version}]`)) console.log("The changelog has it.")
else if (isDryRun) console.log(`CHANGELOG.md has no section for ${version} yet: a release needs one.`)
else stop(`CHANGELOG.md has no section ## [${version}].`)
if (publishedAs === undefined && !isDryRun) stop("package.json has no publishedAs: see CONTRIBUTING.md.")

step("build")
run("npm", ["run", "--silent", "build"])
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)

step("package")
run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder])
const archive = readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? stop("npm pack made no archive.")
const installed = mkdtempSync(join(tmpdir(), "release-"))
run(
  "npm",
  ["install", "--offline", "--no-audit", "--no-fund", "--prefix", installed, join(process.cwd(), folder, archive)],
  installed
)
tryServer("The installed package", join(installed, "node_modules", name, "dist/main.js"), installed)

step("bundle")
const bundle = join(folder, `${name}-${version}.mcpb`)
writeFileSync(bundle, bundleArchive())
const unpacked = mkdtempSync(join(tmpdir(), "release-"))
const opened = spawnSync("unzip", ["-q", bundle, "-d", unpacked])
if (opened.error === undefined && opened.status === 0) {
  tryServer("The unpacked bundle", join(unpacked, "dist/main.js"), unpacked)
} else if (opened.error === undefined) stop("The bundle can't be unpacked.")
else console.log("There is no unzip here: the bundle was not tried.")
for (const path of [installed, unpacked]) rmSync(path, { recursive: true })

step("registry")
const server = serverJson(published)
if (server === undefined) console.log("package.json has no mcpName: there is no server.json.")
else writeFileSync(join(folder, "server.json"), `${JSON.stringify(server, null, 2)}\n`)

step("image")
if (spawnSync("docker", ["info"]).status === 0) run("docker", ["build", "--tag", `${name}:${version}`, "."])
else console.log("There is no container engine here: the image was not built.")

step("done")
console.log(`In ${folder}/: ${readdirSync(folder).join(", ")}. Nothing was published.`)
if (!isDryRun) {
  console.log(`To publish: npm publish ${join(folder, archive)}`)
  if (server !== undefined) console.log(`Then: mcp-publisher publish ${join(folder, "server.json")}`)
}
