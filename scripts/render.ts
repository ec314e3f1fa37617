import * as Predicate from "effect/Predicate"
import { settings } from "../src/config.ts"
import { allPrompts } from "../src/prompts/prompts.ts"
import type { Resource } from "../src/resources/Resource.ts"
import { resourceTemplates, staticResources } from "../src/resources/resources.ts"
import { allTools, toolsets } from "../src/tools/catalog/all.ts"
import type { ToolAnnotations, ToolDescriptor } from "../src/tools/Tool.ts"

const generatedNotice = "<!-- Made by `npm run docs` from the source. Do not edit. -->"

const page = (title: string, parts: ReadonlyArray<string>) =>
  `${[`# ${title}`, generatedNotice, ...parts].join("\n\n")}\n`

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/gu, " ").trim()

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

const code = (text: string) => `\`${text}\``

const list = (items: ReadonlyArray<string>) => items.map((item) => `- ${item}`).join("\n")

const hintWords = (hints: ToolAnnotations) => {
  if (hints.readOnlyHint) return "Only reads."
  const harm = hints.destructiveHint ? "Irreversible." : "Changes something, destroys nothing."
  const reach = hints.openWorldHint ? " Starts work on the open web." : ""
  const again =
    hints.idempotentHint === undefined
      ? ""
      : hints.idempotentHint
        ? " Idempotent: repeating the call changes nothing more."
        : " Not idempotent: repeating the call repeats the effect."
  return `${harm}${reach}${again}`
}

type Json = Readonly<Record<string, unknown>>

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})

const requiredNames = (schema: Json): ReadonlySet<unknown> =>
  new Set(Array.isArray(schema["required"]) ? schema["required"] : [])

const typeWord = (schema: Json): string => {
  if (Array.isArray(schema["anyOf"])) {
    return schema["anyOf"].map((option: unknown) => typeWord(record(option))).join(" or ")
  }
  if (typeof schema["contentMediaType"] === "string") return "string (JSON text)"
  if (typeof schema["pattern"] === "string" && schema["pattern"].startsWith("^\\d{4}")) return "string (ISO 8601 date)"
  if (schema["type"] === "array") return `array of ${typeWord(record(schema["items"]))}`
  return typeof schema["type"] === "string" ? schema["type"] : "any"
}

const rangeWord = (schema: Json): string => {
  const { enum: values, maximum, maxLength, minimum, minLength } = schema
  if (Array.isArray(schema["anyOf"])) {
    return schema["anyOf"].map((option: unknown) => rangeWord(record(option))).join(", ")
  }
  if (Array.isArray(values)) return values.map((value: unknown) => code(JSON.stringify(value))).join(", ")
  if (typeof minimum === "number") {
    return typeof maximum === "number" ? `${minimum} to ${maximum}` : `${minimum} or more`
  }
  if (typeof maxLength === "number") return `up to ${maxLength} characters, not blank`
  return typeof minLength === "number" ? `at least ${minLength} characters` : ""
}

const parameters = (schema: Json) => {
  const required = requiredNames(schema)
  const rows = Object.entries(record(schema["properties"])).map(([name, value]) => {
    const parameter = record(value)
    const { default: fallback, description } = parameter
    return [
      code(name),
      typeWord(parameter),
      rangeWord(parameter),
      required.has(name) ? "required" : fallback === undefined ? "" : code(JSON.stringify(fallback)),
      typeof description === "string" ? description : ""
    ]
  })
  return rows.length === 0
    ? "It takes no parameters."
    : table(["Parameter", "Type", "Values", "Required or default", "Meaning"], rows)
}

/** Every field of a result by its path, such as `agents[].name?`; a question mark says that it may be absent. */
const fields = (schema: Json, prefix = ""): ReadonlyArray<string> => {
  const required = requiredNames(schema)
  return Object.entries(record(schema["properties"])).flatMap(([name, value]) => {
    const field = record(value)
    const path = `${prefix}${name}`
    const mark = required.has(name) ? "" : "?"
    const items = record(field["items"])
    if (field["type"] === "object" && field["properties"] !== undefined) return fields(field, `${path}${mark}.`)
    if (field["type"] === "array" && items["properties"] !== undefined) return fields(items, `${path}[]${mark}.`)
    return [`${code(`${path}${mark}`)} ${typeWord(field)}`]
  })
}

const describeTool = (tool: ToolDescriptor) =>
  [
    `### ${tool.name}`,
    `**${tool.title}.** ${tool.description}`,
    `${hintWords(tool.annotations)} OAuth scope: ${code(tool.scope)}.`,
    parameters(tool.inputSchema),
    `Result: ${fields(tool.outputSchema).join(", ")}.`
  ].join("\n\n")

const toolReference = () =>
  page("Tool reference", [
    `${allTools.length} tools in ${toolsets.length} toolsets. Every result is an object, sent as structured content and as the same JSON in text. In the lists of result fields a question mark says that a field may be absent, and \`notice\` is there only when something was left out to keep the answer short.`,
    "Bad arguments, and everything that Sequentum refuses, come back as a result with `isError` and a sentence that says what to do; see [Troubleshooting](troubleshooting.md). Choose what is offered with `--toolsets`, `--tools`, `--exclude-tools` and `--read-only`; see [Settings](settings.md).",
    list(
      toolsets.map(({ id, tools }) => `[${id}](#${id}): ${tools.map(({ name }) => `[${name}](#${name})`).join(", ")}`)
    ),
    ...toolsets.flatMap(({ id, summary, tools }) => [`## ${id}`, `${summary}.`, ...tools.map(describeTool)])
  ])

const promptReference = () =>
  page("Prompt reference", [
    `${allPrompts.length} prompts. Each is a numbered walk through tools by name that ends in what to report. Arguments enter the text on one line, cleaned of control characters and cut to their limit. A prompt is offered only where all the tools it names are.`,
    ...allPrompts.map((prompt) =>
      [
        `## ${prompt.name}`,
        `**${prompt.title}.** ${prompt.description}`,
        prompt.arguments.length === 0
          ? "It takes no arguments."
          : table(
              ["Argument", "Required", "Limit", "Completion", "Meaning"],
              prompt.arguments.map((argument) => [
                code(argument.name),
                argument.required ? "required" : "",
                `${argument.maxLength} characters`,
                argument.completes === undefined ? "" : "yes",
                argument.description
              ])
            ),
        `Tools: ${prompt.tools.map((tool) => `[${tool}](tool-reference.md#${tool})`).join(", ")}.`
      ].join("\n\n")
    )
  ])

const resourceTable = (resources: ReadonlyArray<Resource>) =>
  table(
    ["URI", "Title", "Holds", "As the tool"],
    resources.map(({ description, title, tool, uri }) => [
      code(uri),
      title,
      description,
      `[${tool}](tool-reference.md#${tool})`
    ])
  )

const resourceReference = () =>
  page("Resource reference", [
    `${staticResources.length + resourceTemplates.length} resources, all \`application/json\`. Reading one gives what the tool named beside it gives, and a resource is offered only where its tool is. A URI that is unknown, malformed or names nothing is answered with the protocol's resource-not-found error, which carries the URI.`,
    `## Fixed URIs (${staticResources.length})`,
    resourceTable(staticResources),
    `## Templates (${resourceTemplates.length})`,
    "The ids are whole numbers from 1. Clients can complete them: an `agentId` by its first digits or by the agent's name, a `runId` once the `agentId` is known, a `spaceId` by its first digits or by the space's name.",
    resourceTable(resourceTemplates)
  ])

const settingsPage = () =>
  page("Settings", [
    "Every setting is an environment variable. A flag, if there is one, overrides it. Blank counts as not set. Invalid values stop start-up; every problem is listed, one per line.",
    table(
      ["Variable", "Flag", "Default", "Meaning"],
      Object.values(settings).map((setting) => [
        code(setting.env),
        "flag" in setting ? code(setting.flag.name) : "",
        setting.defaultText,
        setting.doc
      ])
    )
  ])

const counts = () =>
  `${allTools.length} tools in ${toolsets.length} toolsets, ${staticResources.length + resourceTemplates.length} resources (${staticResources.length} fixed, ${resourceTemplates.length} templates) and ${allPrompts.length} prompts.`

const toolTable = () =>
  table(
    ["Toolset", "For", "Tools"],
    toolsets.map(({ id, summary, tools }) => [code(id), summary, tools.map(({ name }) => code(name)).join(", ")])
  )

const promptTable = () =>
  table(
    ["Prompt", "Does"],
    allPrompts.map(({ description, name }) => [code(name), description])
  )

/** The text between the two markers of a generated block, replaced. Throws where the block is missing. */
const replaceBlock = (text: string, name: string, content: string): string => {
  const start = `<!-- generated:${name} -->`
  const end = `<!-- /generated:${name} -->`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`README.md has no block ${start} ... ${end}.`)
  return `${text.slice(0, from)}${start}\n\n${content}\n\n${text.slice(to)}`
}

/** README with its generated blocks filled in. */
export const renderReadme = (readme: string): string => {
  const blocks: ReadonlyArray<readonly [string, string]> = [
    ["counts", counts()],
    ["tools", toolTable()],
    ["prompts", promptTable()]
  ]
  return blocks.reduce((text, [name, content]) => replaceBlock(text, name, content), readme)
}

/** Every page that is generated whole, by its path. */
export const renderPages = (): ReadonlyMap<string, string> =>
  new Map([
    ["docs/tool-reference.md", toolReference()],
    ["docs/prompts-reference.md", promptReference()],
    ["docs/resources-reference.md", resourceReference()],
    ["docs/settings.md", settingsPage()]
  ])
