import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { parseAllDocuments } from "yaml"
import { clients } from "../../src/cli/clients.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(`${root}docs`).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : []))
]

const blocksOf = (page: string) =>
  [...readFileSync(`${root}${page}`, "utf8").matchAll(/^ *```(\w*)[^\n]*\n([\s\S]*?)\n *```$/gmu)].map(
    ([, language = "", text = ""]) => ({ language, text })
  )

const readJson = Schema.decodeSync(Schema.parseJson())

/** Fails if a block of the language can't be read. What has no language is output, of which nothing can be said. */
const check = (language: string, text: string) => {
  switch (language) {
    case "json":
      readJson(text)
      return
    case "sh":
      execFileSync("bash", ["-n"], { input: text })
      return
    case "yaml":
      for (const { errors } of parseAllDocuments(text)) assert.deepStrictEqual(errors, [])
      return
    case "toml":
      for (const line of text.split("\n")) {
        const [, value] = /^(?:\[[\w.]+\]|[\w]+ = (.+))$/u.exec(line) ?? assert.fail(line)
        if (value !== undefined) readJson(value)
      }
      return
    default:
      // nginx is read by test/cli/docsCommands.test.ts.
      assert.include(["", "text", "nginx"], language)
  }
}

describe.each(pages)("%s", (page) => {
  it("has blocks that can be read", () => {
    for (const { language, text } of blocksOf(page)) {
      assert.doesNotThrow(() => check(language, text), undefined, `${language}\n${text}`)
    }
  })
})

describe("docs/clients.md", () => {
  it("has a section for each client, with the member that its file needs", () => {
    const text = readFileSync(`${root}docs/clients.md`, "utf8")
    for (const { file, id, name } of clients) {
      assert.include(text, `\n## ${name}\n`)
      assert.include(text, `\`${id}\``)
      if (file !== undefined) assert.include(text, `"${file.container}": {`)
    }
  })
})
