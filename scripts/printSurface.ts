import { spawn } from "node:child_process"
import { readFile, writeFile } from "node:fs/promises"
import { createInterface } from "node:readline"
import { allTools, toolsets } from "../src/tools/catalog/all.ts"

/**
 * Writes all that clients see of the built program, asked over stdio in both eras and under each selection flag, as one
 * file. With --check, writes nothing and exits with 1 if the file is stale. Needs a build.
 */
const file = "test/snapshots/surface.json"

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const record = (value: unknown): Json => (isRecord(value) ? value : {})

type Era = "2026-07-28" | "2025-11-25"

const clientInfo = { name: "surface", version: "1" }

const envelope = {
  _meta: {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": clientInfo
  }
}

const lists = ["tools", "prompts", "resources", "resourceTemplates", "skills"] as const
type List = (typeof lists)[number]

const methodOf = (list: List) => (list === "resourceTemplates" ? "resources/templates/list" : `${list}/list`)

interface Surface {
  readonly server: Json
  readonly lists: Readonly<Record<List, ReadonlyArray<Json>>>
}

type Request = (method: string, params?: Json) => Promise<Json>

/** Each prompt's text, with the names of its arguments in their places. */
const promptTexts = async (request: Request, prompts: ReadonlyArray<Json>): Promise<Json> => {
  const texts: Record<string, ReadonlyArray<string>> = {}
  for (const { arguments: args, name } of prompts) {
    const names = (Array.isArray(args) ? args : []).map((arg) => String(record(arg)["name"]))
    const values = Object.fromEntries(names.map((argument) => [argument, `<${argument}>`]))
    const { messages } = await request("prompts/get", { name, arguments: values })
    const contents = (Array.isArray(messages) ? messages : []).map((message) => record(record(message)["content"]))
    texts[String(name)] = contents.flatMap(({ text }) => String(text).split("\n"))
  }
  return texts
}

/** What the program shows in one era, started with these flags; `more` asks further. */
const ask = async (
  era: Era,
  flags: ReadonlyArray<string>,
  more?: (request: Request, lists: Surface["lists"]) => Promise<void>
): Promise<Surface> => {
  const child = spawn(process.execPath, ["dist/main.js", "--sandbox", ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] }
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const request: Request = async (method, params = {}) => {
    const sent = era === "2026-07-28" ? { ...params, ...envelope } : params
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: sent })}\n`)
    const answer = await answers.next()
    if (answer.done === true) throw new Error(`No answer to ${method}`)
    const { error, result } = record(JSON.parse(answer.value))
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return record(result)
  }
  const opened =
    era === "2026-07-28"
      ? await request("server/discover")
      : await request("initialize", { protocolVersion: era, capabilities: {}, clientInfo })
  const all: Record<string, ReadonlyArray<Json>> = {}
  const caching: Record<string, Json> = {}
  for (const list of lists) {
    const { [list]: found, cacheScope, ttlMs } = await request(methodOf(list))
    all[list] = Array.isArray(found) ? found.map(record) : []
    caching[list] = { ttlMs, cacheScope }
  }
  const { prompts = [], resources = [], resourceTemplates = [], skills = [], tools = [] } = all
  const shown = { tools, prompts, resources, resourceTemplates, skills }
  await more?.(request, shown)
  child.stdin.end()
  const { capabilities, instructions, supportedVersions } = opened
  return { server: { supportedVersions, capabilities, instructions, caching }, lists: shown }
}

const nameOf = (item: Json): string => String(item["name"] ?? record(item["frontmatter"])["name"] ?? item["uri"])

/** What differs from another surface: which names are left, and each item that is not the same. */
const difference = (surface: Surface, other: Surface): Json => {
  const shown = lists.flatMap((list): ReadonlyArray<readonly [string, Json]> => {
    const [own, others] = [surface.lists[list], other.lists[list]]
    if (JSON.stringify(own) === JSON.stringify(others)) return []
    const known = new Set(others.map((item) => JSON.stringify(item)))
    const changed = own.filter((item) => !known.has(JSON.stringify(item)))
    return [[list, { offered: own.map(nameOf).join(" "), ...(changed.length === 0 ? {} : { changed }) }]]
  })
  const isSameServer = JSON.stringify(surface.server) === JSON.stringify(other.server)
  return { ...(isSameServer ? {} : { server: surface.server }), ...Object.fromEntries(shown) }
}

const someTool = allTools.find(({ name }) => name === "start_agent")?.name ?? ""

const selections: ReadonlyArray<ReadonlyArray<string>> = [
  ...toolsets.map(({ id }) => ["--toolsets", id]),
  ["--tools", someTool],
  ["--exclude-tools", someTool],
  ["--read-only"]
]

let texts: Json = {}
const full = await ask("2026-07-28", [], async (request, { prompts }) => {
  texts = await promptTexts(request, prompts)
})
const parts: Record<string, unknown> = {
  "2026-07-28": full,
  "texts of prompts": texts,
  "2025-11-25, where it differs": difference(await ask("2025-11-25", []), full)
}
for (const flags of selections) {
  const modern = await ask("2026-07-28", flags)
  parts[`${flags.join(" ")}, where it differs from no selection`] = difference(modern, full)
  const older = difference(await ask("2025-11-25", flags), modern)
  const { server: _, ...rest } = older
  if (Object.keys(rest).length > 0) parts[`${flags.join(" ")} in 2025-11-25, where it differs`] = rest
}

const text = `${JSON.stringify(parts, null, 2)}\n`
const before = await readFile(file, "utf8").catch(() => "")
if (text === before) console.log(`${file} is up to date.`)
else if (process.argv.includes("--check")) {
  console.error(`${file} is stale: run npm run surface, and look at what clients will see.`)
  process.exitCode = 1
} else {
  await writeFile(file, text)
  console.log(`Wrote ${file}`)
}
