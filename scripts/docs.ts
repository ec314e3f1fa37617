import { readdir, readFile, writeFile } from "node:fs/promises"
import { format, resolveConfig } from "prettier"
import { renderPages, renderReadme, renderSkill } from "./render.ts"

/** Writes the generated documentation. With --check, writes nothing and exits with 1 if a file is stale. */
const readme = "README.md"

const current = (path: string) => readFile(path, "utf8").catch(() => "")

const skills = (await readdir("src/skills", { recursive: true }))
  .filter((path) => path.endsWith(".md"))
  .map((path) => `src/skills/${path}`)

/** A page of which some blocks are generated, with these made anew. */
const renewed = async (path: string, render: (text: string) => string): Promise<readonly [string, string]> => [
  path,
  await format(render(await current(path)), { ...(await resolveConfig(path)), parser: "markdown" })
]

const wanted = new Map([
  ...renderPages(),
  await renewed(readme, renderReadme),
  ...(await Promise.all(skills.map((path) => renewed(path, renderSkill))))
])

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
