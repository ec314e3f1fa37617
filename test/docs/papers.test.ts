import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import manifest from "../../package.json"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, "utf8")

const papers = ["CONTRIBUTING.md", "AGENTS.md", "docs/architecture.md"] as const

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].flatMap(([, found]) => found ?? [])

/** Paths in inline code: those with a slash or an extension. */
const pathsOf = (text: string) =>
  matches(text, /`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|md|json))`/gu).filter((path) => !path.startsWith("effect/"))

describe.each(papers)("%s", (paper) => {
  it("names paths that exist, below the project or its src", () => {
    const paths = pathsOf(read(paper))
    assert.isAbove(paths.length, 0)
    assert.deepStrictEqual(
      paths.filter((path) => !existsSync(`${root}${path}`) && !existsSync(`${root}src/${path}`)),
      []
    )
  })

  it("links to files that exist", () => {
    const links = matches(read(paper), /\]\((?!https?:)([^)#]+)/gu)
    const folder = paper.includes("/") ? paper.replace(/[^/]+$/u, "") : ""
    assert.deepStrictEqual(
      links.filter((link) => !existsSync(`${root}${folder}${link}`)),
      []
    )
  })

  it("names commands that package.json has", () => {
    const commands = matches(read(paper), /npm run ([\w:-]+)/gu)
    assert.isAbove(commands.length, 0)
    assert.deepStrictEqual(
      commands.filter((name) => !Object.hasOwn(manifest.scripts, name)),
      []
    )
  })
})
