import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { parse } from "yaml"
import manifest from "../../package.json"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, "utf8")

const papers = ["CONTRIBUTING.md", "AGENTS.md", "docs/architecture.md"] as const

/** Files that a command makes, and a name with a slash. */
const made = ["docs/site/dist/", "release/", "server.json", "io.github.owner/sequentum-mcp"]

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].flatMap(([, found]) => found ?? [])

/** Paths in inline code: those with a slash or an extension. */
const pathsOf = (text: string) =>
  matches(text, /`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|md|json))`/gu).filter((path) => !path.startsWith("effect/"))

describe.each(papers)("%s", (paper) => {
  it("names paths that exist, below the project or its src", () => {
    const paths = pathsOf(read(paper))
    assert.isAbove(paths.length, 0)
    assert.deepStrictEqual(
      paths.filter(
        (path) => !made.includes(path) && !existsSync(`${root}${path}`) && !existsSync(`${root}src/${path}`)
      ),
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

const Form = Schema.Struct({
  name: Schema.NonEmptyString,
  description: Schema.NonEmptyString,
  labels: Schema.Array(Schema.String),
  body: Schema.NonEmptyArray(
    Schema.Struct({
      type: Schema.Literal("markdown", "textarea", "input"),
      id: Schema.optional(Schema.String),
      attributes: Schema.Struct({
        label: Schema.optional(Schema.String),
        description: Schema.optional(Schema.String),
        value: Schema.optional(Schema.String),
        render: Schema.optional(Schema.String)
      }),
      validations: Schema.optional(Schema.Struct({ required: Schema.Boolean }))
    })
  )
})

describe("the issue forms", () => {
  it.each(["problem", "contract", "wish"])("%s is a form", (name) => {
    const form: unknown = parse(read(`.github/ISSUE_TEMPLATE/${name}.yml`))
    const { body } = Schema.decodeUnknownSync(Form, { onExcessProperty: "error" })(form)
    for (const { attributes, id, type } of body) {
      if (type === "markdown") assert.isString(attributes.value)
      else assert.isTrue(id !== undefined && attributes.label !== undefined)
    }
  })
})
