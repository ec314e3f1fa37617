import { readFile, writeFile } from "node:fs/promises"
import { format, resolveConfig } from "prettier"
import { renderPages, renderReadme } from "./render.ts"

/** Writes the generated documentation. With --check, writes nothing and exits with 1 if a file is stale. */
const readme = "README.md"

const current = (path: string) => readFile(path, "utf8").catch(() => "")

const before = await current(readme)
const rendered = await format(renderReadme(before), { ...(await resolveConfig(readme)), parser: "markdown" })
const wanted = new Map([...renderPages(), [readme, rendered]])

const stale: Array<string> = []
for (const [path, text] of wanted) if ((await current(path)) !== text) stale.push(path)

if (process.argv.includes("--check")) {
  for (const path of stale) console.error(`${path} is stale: run npm run docs.`)
  if (stale.length > 0) process.exitCode = 1
} else {
  for (const path of stale) {
    await writeFile(path, wanted.get(path) ?? "")
    console.log(`Wrote ${path}`)
  }
}
