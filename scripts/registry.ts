import { keyVariable } from "../src/cli/clients.ts"
import { settings, type SettingInfo } from "../src/config.ts"
import { about } from "../src/runtime/about.ts"
import { allTools } from "../src/tools/catalog/all.ts"
import type { Published } from "./published.ts"

const secrets: ReadonlySet<string> = new Set([keyVariable])

/** Settings that a person over stdio may want to change, besides the key. */
const offered: ReadonlyArray<SettingInfo> = [settings.apiUrl, settings.readOnly, settings.toolsets]

const { title } = about

/** The name of a hosting service, such as `github`. */
const sourceOf = (repository: string) => new URL(repository).hostname.split(".").at(-2)

/** `server.json` of the MCP registry, revision 2025-12-11. undefined as long as there is no name to register. */
export const serverJson = ({ description, mcpName, publishedAs, repository, version }: Published) =>
  mcpName === undefined
    ? undefined
    : {
        $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        name: mcpName,
        title,
        description,
        version,
        ...(repository === undefined ? {} : { repository: { url: repository, source: sourceOf(repository) } }),
        packages:
          publishedAs === undefined
            ? []
            : [
                {
                  registryType: "npm",
                  identifier: publishedAs,
                  version,
                  transport: { type: "stdio" },
                  environmentVariables: [settings.apiKey, ...offered].map(({ doc, env }: SettingInfo) => ({
                    name: env,
                    description: doc,
                    format: env === settings.readOnly.env ? "boolean" : "string",
                    isRequired: env === keyVariable,
                    isSecret: secrets.has(env)
                  }))
                }
              ]
      }

/** `manifest.json` of the MCPB bundle, version 0.3. The key is a sensitive setting: the client stores it. */
export const bundleManifest = ({ description, engines, keywords, license, name, repository, version }: Published) => ({
  manifest_version: "0.3",
  name,
  display_name: title,
  version,
  description,
  author: { name: "The sequentum-mcp contributors" },
  ...(repository === undefined ? {} : { repository: { type: "git", url: repository } }),
  license,
  keywords,
  server: {
    type: "node",
    entry_point: "dist/main.js",
    mcp_config: {
      command: "node",
      args: ["${__dirname}/dist/main.js"],
      env: { [keyVariable]: "${user_config.api_key}", [settings.readOnly.env]: "${user_config.read_only}" }
    }
  },
  tools: allTools.map((tool) => ({ name: tool.name, description: tool.title })),
  tools_generated: false,
  prompts_generated: true,
  user_config: {
    api_key: {
      type: "string",
      title: "Sequentum API key",
      description: "An administrator creates it in Sequentum's Control Center.",
      sensitive: true,
      required: true
    },
    read_only: {
      type: "boolean",
      title: "Read only",
      description: settings.readOnly.flag.help,
      default: false,
      required: false
    }
  },
  compatibility: { platforms: ["darwin", "linux", "win32"], runtimes: { node: engines.node } }
})
