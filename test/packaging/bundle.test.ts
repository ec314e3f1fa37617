import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { bundleArchive } from "../../scripts/mcpb.ts"
import { published } from "../../scripts/published.ts"
import { bundleManifest, serverJson } from "../../scripts/registry.ts"
import { links, publishedWay } from "../../scripts/render.ts"
import { zip } from "../../scripts/zip.ts"
import { settings } from "../../src/config.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { recorder } from "../support/program.ts"
import { greeted } from "../support/stdioServer.ts"

const hasUnzip = spawnSync("unzip", ["-v"]).status === 0

/** The official tool for bundles; undefined where it is not installed. */
const validator = [
  fileURLToPath(new URL("../../node_modules/@anthropic-ai/mcpb/dist/cli/cli.js", import.meta.url))
].find((path) => existsSync(path))

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "bundle-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const UserSetting = Schema.Struct({
  type: Schema.Literal("string", "boolean"),
  title: Schema.String,
  description: Schema.String,
  sensitive: Schema.optional(Schema.Boolean),
  required: Schema.Boolean,
  default: Schema.optional(Schema.Boolean)
})
/** Of MCPB's manifest 0.3, what is required and what we use. */
const Manifest = Schema.Struct({
  manifest_version: Schema.Literal("0.3"),
  name: Schema.NonEmptyString,
  display_name: Schema.String,
  version: Schema.NonEmptyString,
  description: Schema.NonEmptyString,
  author: Schema.Struct({ name: Schema.NonEmptyString }),
  repository: Schema.optional(Schema.Struct({ type: Schema.String, url: Schema.String })),
  license: Schema.String,
  keywords: Schema.Array(Schema.String),
  server: Schema.Struct({
    type: Schema.Literal("node"),
    entry_point: Schema.String,
    mcp_config: Schema.Struct({
      command: Schema.Literal("node"),
      args: Schema.Array(Schema.String),
      env: Schema.Record({ key: Schema.String, value: Schema.String })
    })
  }),
  tools: Schema.Array(Schema.Struct({ name: Schema.String, description: Schema.String })),
  tools_generated: Schema.Boolean,
  prompts_generated: Schema.Boolean,
  user_config: Schema.Record({ key: Schema.String, value: UserSetting }),
  compatibility: Schema.Struct({
    platforms: Schema.Array(Schema.String),
    runtimes: Schema.Struct({ node: Schema.String })
  })
})

describe("the bundle", () => {
  it.scopedLive.skipIf(!hasUnzip)("starts from its packed file, as its manifest says, and answers", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      writeFileSync(join(folder, "x.mcpb"), bundleArchive())
      execFileSync("unzip", ["-q", "x.mcpb"], { cwd: folder })
      const manifest = yield* Effect.orDie(
        Schema.decode(Schema.parseJson(Manifest), { onExcessProperty: "error" })(
          readFileSync(join(folder, "manifest.json"), "utf8")
        )
      )
      assert.strictEqual(manifest.version, published.version)
      assert.deepStrictEqual(
        manifest.tools.map(({ name }) => name),
        allTools.map(({ name }) => name)
      )
      const { api_key: key } = manifest.user_config
      assert.isTrue(key?.sensitive === true && key.required)
      const cloud = yield* recorder
      const { args, env } = manifest.server.mcp_config
      const chosen: Readonly<Record<string, string>> = {
        "${user_config.api_key}": "sk-test",
        "${user_config.read_only}": "false"
      }
      for (const name of Object.keys(env)) {
        assert.include(
          Object.values(settings).map((setting) => setting.env),
          name
        )
      }
      const server = yield* greeted({
        script: (args[0] ?? "").replace("${__dirname}", folder),
        cwd: folder,
        env: {
          ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, chosen[value] ?? ""])),
          SEQUENTUM_API_URL: cloud.url
        }
      })
      server.request(2, "tools/call", { name: "search_agents", arguments: { query: "books" } })
      assert.isDefined((yield* server.answer(2)).result)
      assert.match(cloud.requests[0] ?? "", /^GET \/api\/v1\/agent\/search/u)
      server.endInput()
      assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
    })
  )

  it.scopedLive.skipIf(validator === undefined)("is unpacked and accepted by the official tool", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      writeFileSync(join(folder, "x.mcpb"), bundleArchive())
      const mcpb = (...words: ReadonlyArray<string>) =>
        spawnSync(process.execPath, [validator ?? "", ...words], { cwd: folder, encoding: "utf8" })
      const unpacked = mcpb("unpack", "x.mcpb", "out")
      assert.strictEqual(unpacked.status, 0, unpacked.stderr)
      const accepted = mcpb("validate", "out/manifest.json")
      assert.strictEqual(accepted.status, 0, accepted.stdout + accepted.stderr)
      assert.notMatch(accepted.stdout + accepted.stderr, /warning/iu)
      writeFileSync(join(folder, "out/manifest.json"), "{}")
      assert.notStrictEqual(mcpb("validate", "out/manifest.json").status, 0)
    })
  )

  it("is the same for the same files, whose bytes all come back", () => {
    const files = [
      { path: "a.txt", content: Buffer.from("aaaa".repeat(1000)) },
      { path: "ordner/ä.bin", content: Buffer.from([0, 255, 1]) },
      { path: "empty", content: Buffer.alloc(0) }
    ]
    assert.isTrue(zip(files).equals(zip(files)))
    if (!hasUnzip) return
    const folder = mkdtempSync(join(tmpdir(), "zip-"))
    writeFileSync(join(folder, "x.zip"), zip(files))
    execFileSync("unzip", ["-q", "x.zip"], { cwd: folder })
    for (const { content, path } of files) assert.isTrue(readFileSync(join(folder, path)).equals(content), path)
    rmSync(folder, { recursive: true })
  })
})

const known = {
  ...published,
  repository: "https://github.com/owner/project",
  publishedAs: "@owner/project",
  mcpName: "io.github.owner/project"
}
const unknown = { ...published, repository: undefined, publishedAs: undefined, mcpName: undefined }

/** Of the registry's server.json, 2025-12-11, what is required and what we use. */
const Server = Schema.Struct({
  $schema: Schema.String,
  name: Schema.String.pipe(Schema.pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/u)),
  title: Schema.NonEmptyString.pipe(Schema.maxLength(100)),
  description: Schema.NonEmptyString.pipe(Schema.maxLength(100)),
  version: Schema.NonEmptyString,
  repository: Schema.optional(Schema.Struct({ url: Schema.String, source: Schema.Literal("github", "gitlab") })),
  packages: Schema.Array(
    Schema.Struct({
      registryType: Schema.Literal("npm"),
      identifier: Schema.String,
      version: Schema.String,
      transport: Schema.Struct({ type: Schema.Literal("stdio") }),
      environmentVariables: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          description: Schema.String,
          format: Schema.Literal("string", "boolean"),
          isRequired: Schema.Boolean,
          isSecret: Schema.Boolean
        })
      )
    })
  )
})

describe("what is known of the project's place", () => {
  it("is in each file, once it is set", () => {
    const server = Schema.decodeUnknownSync(Server, { onExcessProperty: "error" })(serverJson(known))
    assert.strictEqual(server.packages[0]?.identifier, "@owner/project")
    assert.deepStrictEqual(
      server.packages.flatMap((one) =>
        one.environmentVariables.filter(({ isSecret }) => isSecret).map(({ name }) => name)
      ),
      ["SEQUENTUM_API_KEY"]
    )
    assert.strictEqual(bundleManifest(known).repository?.url, known.repository)
    assert.include(publishedWay(known), "npx -y @owner/project --sandbox")
    assert.include(links(known), "https://github.com/owner/project/issues")
  })

  it("is left out where it is not", () => {
    assert.isUndefined(serverJson(unknown))
    assert.notProperty(bundleManifest(unknown), "repository")
    assert.strictEqual(publishedWay(unknown) + links(unknown), "")
  })
})
