import { ProtocolError, ProtocolErrorCode, type Result } from "@modelcontextprotocol/server"
import { skillEntry } from "@modelcontextprotocol/server/ext/skills"
import { readSkills, toolsOf, type Skill } from "../skills/skills.ts"

type IsOffered = (tool: string) => boolean

interface Served {
  readonly skill: Skill
  readonly uri: string
  readonly tools: ReadonlyArray<string>
  readonly entry: Awaited<ReturnType<typeof skillEntry>>
}

const fileName = "SKILL.md"

/** Skills change with the version and the selection only. */
const cache = { ttlMs: 5 * 60 * 1000, cacheScope: "private" } as const

const serve = async (skill: Skill, tools: ReadonlyArray<string>): Promise<Served> => ({
  skill,
  uri: `skill://${skill.name}/${fileName}`,
  tools: toolsOf(skill, tools),
  entry: await skillEntry(skill.name, { [fileName]: skill.text })
})

/** The skills that name offered tools only, for a client. Their files are resources. `tools` is every tool's name. */
export const makeSkills = async (tools: ReadonlyArray<string>) => {
  const served = await Promise.all((await readSkills()).map((skill) => serve(skill, tools)))
  const offeredTo = (isOffered: IsOffered) => served.filter((one) => one.tools.every(isOffered))

  return {
    list: (isOffered: IsOffered): Result => ({
      skills: offeredTo(isOffered).map(({ entry }) => entry),
      ...cache
    }),
    get: (uri: string, isOffered: IsOffered): Result => {
      const found = offeredTo(isOffered).find(({ entry }) => entry.uri === uri)
      if (found === undefined) {
        // Without the URI as data, which would make it the error of a resource that is not found.
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, "No skill has this URI")
      }
      return { skill: found.entry, ...cache }
    },
    /** As resources: each SKILL.md under its skill's name and description. */
    resources: (isOffered: IsOffered) =>
      offeredTo(isOffered).map(({ skill: { description, name }, uri }) => ({
        uri,
        name,
        description,
        mimeType: "text/markdown"
      })),
    /** The text of a skill's file; undefined if there is none at this URI. */
    read: (uri: string, isOffered: IsOffered): string | undefined =>
      offeredTo(isOffered).find((one) => one.uri === uri)?.skill.text
  } as const
}

export type Skills = Awaited<ReturnType<typeof makeSkills>>
