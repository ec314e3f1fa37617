import type { StandardSchemaV1 } from "@modelcontextprotocol/server"
import * as Predicate from "effect/Predicate"

/** Id of the extension. Source: the MCP extension "skills". */
export const skillsExtension = "io.modelcontextprotocol/skills"

/** How the addresses of their files begin. */
export const skillScheme = "skill://"

interface SkillParams {
  readonly uri?: string
}

/** Not an Effect Schema: it is needed at the start, which must stay fast. */
export const skillParams: StandardSchemaV1<unknown, SkillParams> = {
  "~standard": {
    version: 1,
    vendor: "sequentum-mcp",
    validate: (params) => {
      const uri: unknown = Predicate.hasProperty(params, "uri") ? params.uri : undefined
      if (uri === undefined) return { value: {} }
      return typeof uri === "string"
        ? { value: { uri } }
        : { issues: [{ message: "uri must be a text", path: ["uri"] }] }
    }
  }
}
