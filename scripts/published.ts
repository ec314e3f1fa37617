import * as Schema from "effect/Schema"
import manifest from "../package.json"

const Manifest = Schema.Struct({
  name: Schema.String,
  version: Schema.String,
  description: Schema.String,
  license: Schema.String,
  keywords: Schema.Array(Schema.String),
  engines: Schema.Struct({ node: Schema.String }),
  /** The address of the repository; blank or absent if there is none. */
  repository: Schema.optional(Schema.String),
  /** The name under which the package is published; blank if it is not. */
  publishedAs: Schema.optional(Schema.String),
  /** The name in the MCP registry, such as `io.github.owner/sequentum-mcp`; blank if there is none. */
  mcpName: Schema.optional(Schema.String)
})

const decoded = Schema.decodeUnknownSync(Manifest)(manifest)

const given = (text: string | undefined) => (text === undefined || text.trim() === "" ? undefined : text.trim())

/** What package.json says about the package, with what is not set left undefined. */
export const published = {
  ...decoded,
  repository: given(decoded.repository),
  publishedAs: given(decoded.publishedAs),
  mcpName: given(decoded.mcpName)
}
export type Published = typeof published
