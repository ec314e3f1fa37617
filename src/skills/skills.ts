import { readdir, readFile } from "node:fs/promises"

/** A skill: how to do a job with the tools, as a SKILL.md for assistants. */
export interface Skill {
  /** Name of its folder, and in its frontmatter. */
  readonly name: string
  readonly description: string
  /** The SKILL.md as it is served. */
  readonly text: string
}

/** The folders of the skills: beside this file, or in the bundle in a folder of their own. */
const folder = import.meta.url.endsWith(".ts") ? new URL("./", import.meta.url) : new URL("./skills/", import.meta.url)

const frontmatter = /^---\n([\s\S]*?)\n---\n/u

const field = (head: string, name: string) => new RegExp(`^${name}: (.+)$`, "mu").exec(head)?.[1] ?? ""

/** Comments say which parts are generated. They are for maintainers. */
const comments = /<!--[\s\S]*?-->\n*/gu

const parse = (source: string): Skill => {
  const head = frontmatter.exec(source)?.[1] ?? ""
  return { name: field(head, "name"), description: field(head, "description"), text: source.replaceAll(comments, "") }
}

const readSkill = async (name: string) => parse(await readFile(new URL(`${name}/SKILL.md`, folder), "utf8"))

/** Reads every skill, by name, from the files that come with the program. */
export const readSkills = async (): Promise<ReadonlyArray<Skill>> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(names.sort().map(readSkill))
}

/** The tools that a skill names, of all that there are. */
export const toolsOf = ({ text }: Skill, tools: ReadonlyArray<string>): ReadonlyArray<string> => {
  const words = new Set(text.match(/[a-z]+(?:_[a-z]+)+/gu))
  return tools.filter((tool) => words.has(tool))
}
