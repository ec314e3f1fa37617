import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "../../src/config.ts"
import { allPrompts } from "../../src/prompts/prompts.ts"
import { resourceTemplates, staticResources } from "../../src/resources/resources.ts"
import { allTools, toolsets } from "../../src/tools/catalog/all.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const text = (path: string) => readFileSync(join(root, path), "utf8")

const runDocs = async (folder: string, ...args: ReadonlyArray<string>) => {
  const tsx = pathToFileURL(join(root, "node_modules/tsx/dist/esm/index.mjs")).href
  const child = spawn(process.execPath, ["--import", tsx, join(root, "scripts/docs.ts"), ...args], { cwd: folder })
  let said = ""
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()))
  await once(child, "close")
  return { code: child.exitCode, said }
}

const generated = [
  "docs/tool-reference.md",
  "docs/prompts-reference.md",
  "docs/resources-reference.md",
  "docs/settings.md",
  "docs/clients.md"
]

describe("npm run docs", () => {
  it("has nothing to do", async () => {
    const { code, said } = await runDocs(root, "--check")
    assert.strictEqual(said, "")
    assert.strictEqual(code, 0)
  })

  it("says what is stale and changes nothing, and then makes it new", async () => {
    const folder = await mkdtemp(join(tmpdir(), "docs-"))
    try {
      const readme = text("README.md").replace(`${allTools.length} tools`, "1 tools")
      await writeFile(join(folder, "README.md"), readme)
      await writeFile(join(folder, ".prettierrc.json"), text(".prettierrc.json"))
      await mkdir(join(folder, "docs"))
      await cp(join(root, "src/skills"), join(folder, "src/skills"), { recursive: true })
      const { code, said } = await runDocs(folder, "--check")
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(
        said.trim().split("\n"),
        [...generated, "README.md"].map((path) => `${path} is stale: run npm run docs.`)
      )
      assert.strictEqual(await readFile(join(folder, "README.md"), "utf8"), readme)
      assert.strictEqual((await runDocs(folder)).code, 0)
      for (const path of [...generated, "README.md"]) {
        assert.strictEqual(await readFile(join(folder, path), "utf8"), text(path), path)
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe("the documentation", () => {
  it("counts as the registry does", () => {
    const resources = `${staticResources.length + resourceTemplates.length} resources (${staticResources.length} fixed, ${resourceTemplates.length} templates)`
    assert.include(
      text("README.md"),
      `${allTools.length} tools in ${toolsets.length} toolsets, ${resources} and ${allPrompts.length} prompts.`
    )
  })

  it("names every tool, prompt and setting", () => {
    const readme = text("README.md")
    const reference = text("docs/tool-reference.md")
    for (const { name } of allTools) {
      assert.include(readme, `\`${name}\``)
      assert.include(reference, `\n### ${name}\n`)
    }
    for (const { name } of allPrompts) assert.include(text("docs/prompts-reference.md"), `\n## ${name}\n`)
    for (const { env } of Object.values(settings)) assert.include(text("docs/settings.md"), `| \`${env}\` |`)
  })

  it("names no tool that there is not", () => {
    const names = new Set<string>(allTools.map(({ name }) => name))
    for (const path of [
      "README.md",
      "docs/troubleshooting.md",
      "docs/tool-reference.md",
      "docs/prompts-reference.md"
    ]) {
      for (const [, word = ""] of text(path).matchAll(/`((?:get|list|search|start|stop|run|wait)_[a-z_]+)`/gu)) {
        assert.isTrue(names.has(word), `${path}: ${word}`)
      }
    }
  })

  it("names no setting that there is not", () => {
    const names = new Set([...Object.values(settings).map(({ env }) => env), "NODE_EXTRA_CA_CERTS"])
    const codes = new Set(["ENOTFOUND", "ECONNREFUSED", "CERT"])
    for (const [, word = ""] of text("docs/troubleshooting.md").matchAll(/`([A-Z][A-Z_]+)(?:=\w+)?`/gu)) {
      assert.isTrue(names.has(word) || codes.has(word), word)
    }
  })
})
