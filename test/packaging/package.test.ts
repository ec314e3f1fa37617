import { execFile } from "node:child_process"
import { constants } from "node:fs"
import { access, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { isBuiltin } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { build } from "esbuild"
import { readSkills } from "../../src/skills/skills.ts"
import { greeted } from "../support/stdioServer.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const execute = promisify(execFile)

/** What unpacks to more than this has something in it that does not belong there, such as source maps. */
const maxBytes = 3_500_000

const Manifest = Schema.parseJson(
  Schema.Struct({
    name: Schema.String,
    dependencies: Schema.optional(Schema.Unknown),
    optionalDependencies: Schema.optional(Schema.Unknown),
    peerDependencies: Schema.optional(Schema.Unknown),
    bundleDependencies: Schema.optional(Schema.Unknown),
    scripts: Schema.Record({ key: Schema.String, value: Schema.String }),
    bin: Schema.Record({ key: Schema.String, value: Schema.String })
  })
)
const Packed = Schema.parseJson(
  Schema.Union(
    Schema.Tuple(Schema.Struct({ filename: Schema.String })),
    Schema.Record({ key: Schema.String, value: Schema.Struct({ filename: Schema.String }) })
  )
)

/** The package as npm makes it, and unpacked, where nothing of this repository is near. */
class Packaged extends Context.Tag("test/Packaged")<
  Packaged,
  { readonly temporary: string; readonly archive: string; readonly folder: string }
>() {
  static readonly layer = Layer.scoped(
    Packaged,
    Effect.gen(function* () {
      const temporary = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "sequentum-mcp-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
      )
      const { stdout } = yield* Effect.promise(() =>
        execute("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", temporary], { cwd: root })
      )
      const packed = Object.values(yield* Effect.orDie(Schema.decode(Packed)(stdout)))[0]
      const archive = join(temporary, packed?.filename ?? "")
      yield* Effect.promise(() => execute("tar", ["-xzf", archive], { cwd: temporary }))
      return { temporary, archive, folder: join(temporary, "package") }
    })
  )
}

/** Every file in the folder, by its path from there. */
const filesIn = (folder: string) =>
  Effect.promise(async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length + 1)] : []
    )
  })

const text = (path: string) => Effect.promise(() => readFile(path, "utf8"))

const findsBooks = (script: string, cwd: string) =>
  Effect.gen(function* () {
    const server = yield* greeted({ script, cwd, args: ["--sandbox"] })
    server.request(2, "tools/call", { name: "search_agents", arguments: { query: "books" } })
    assert.include(JSON.stringify((yield* server.answer(2)).result), "Books catalogue")
    // The thread that queries is a file of its own.
    server.request(3, "tools/call", {
      name: "query_run_data",
      arguments: { sql: "SELECT count(*) > 9 AS many FROM data", tables: [{ agentId: 4101 }] }
    })
    assert.include(JSON.stringify((yield* server.answer(3)).result), '"rows":[[1]]')
    server.endInput()
    assert.deepStrictEqual(yield* server.ended, { code: 0, signal: null })
  })

layer(Packaged.layer, { timeout: "1 minute" })("the package", (it) => {
  it.effect("needs no other package and runs nothing when it is installed", () =>
    Effect.gen(function* () {
      const { folder } = yield* Packaged
      const manifest = yield* Effect.flatMap(text(join(folder, "package.json")), Schema.decode(Manifest))
      assert.isUndefined(manifest.dependencies)
      assert.isUndefined(manifest.optionalDependencies)
      assert.isUndefined(manifest.peerDependencies)
      assert.isUndefined(manifest.bundleDependencies)
      for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
        assert.notProperty(manifest.scripts, script)
      }
      assert.deepStrictEqual(manifest.bin, { "sequentum-mcp": "dist/main.js" })
    })
  )

  it.effect("imports nothing but its own files and what Node.js has", () =>
    Effect.gen(function* () {
      const { folder } = yield* Packaged
      const { metafile } = yield* Effect.promise(() =>
        build({
          absWorkingDir: folder,
          entryPoints: ["dist/main.js", "dist/chunks/dataWorker.cjs"],
          bundle: true,
          format: "esm",
          platform: "node",
          packages: "external",
          splitting: true,
          outdir: "unused",
          metafile: true,
          write: false,
          logLevel: "silent"
        })
      )
      const imports = Object.values(metafile.inputs).flatMap((input) => input.imports)
      const outside = imports.flatMap(({ external, path }) => (external === true ? [path] : []))
      assert.include(outside, "node:module")
      assert.deepStrictEqual(
        outside.filter((path) => !isBuiltin(path)),
        []
      )
      const reached = Object.keys(metafile.inputs)
      const shipped = (yield* filesIn(folder)).filter((path) => /\.c?js$/u.test(path))
      assert.sameMembers(reached, shipped)
    })
  )

  it.effect("holds the built program and what belongs to it, nothing else", () =>
    Effect.gen(function* () {
      const { folder } = yield* Packaged
      const files = yield* filesIn(folder)
      const skills = yield* Effect.promise(readSkills)
      assert.sameMembers(
        files.filter((path) => !/^dist\/chunks\/[\w-]+\.js$/u.test(path)),
        [
          "CHANGELOG.md",
          "LICENSE",
          "README.md",
          "dist/main.js",
          "dist/THIRD_PARTY_LICENSES.txt",
          "dist/sbom.cdx.json",
          "dist/chunks/dataWorker.cjs",
          "dist/chunks/sql-wasm.wasm",
          ...skills.map(({ name }) => `dist/chunks/skills/${name}/SKILL.md`),
          "package.json"
        ]
      )
      const sizes = yield* Effect.promise(() => Promise.all(files.map((path) => stat(join(folder, path)))))
      assert.isBelow(
        sizes.reduce((sum, { size }) => sum + size, 0),
        maxBytes
      )
    })
  )

  it.effect("loads few files for a start, and none of the SDK's schemas that it has no use for", () =>
    Effect.gen(function* () {
      const dist = join((yield* Packaged).folder, "dist")
      const imports = (yield* text(join(dist, "main.js"))).matchAll(/(?:from|import)"(\.\/chunks\/[^"]+)"/gu)
      const loaded = yield* Effect.forEach([...imports], ([, path = ""]) => text(join(dist, path)))
      assert.isTrue(loaded.length >= 1 && loaded.length <= 3)
      // A member of the SDK's schema for the metadata of an OAuth server.
      assert.isFalse(loaded.some((code) => code.includes("introspection_endpoint_auth_methods_supported")))
    })
  )

  it.effect("can be run as a program", () =>
    Effect.gen(function* () {
      const main = join((yield* Packaged).folder, "dist/main.js")
      yield* Effect.promise(() => access(main, constants.X_OK))
      assert.match(yield* text(main), /^#!\/usr\/bin\/env node\n/u)
    })
  )

  it.effect("names the licences of what it bundles", () =>
    Effect.gen(function* () {
      const { folder } = yield* Packaged
      const licences = yield* text(join(folder, "dist/THIRD_PARTY_LICENSES.txt"))
      for (const name of [
        "effect",
        "@effect/platform",
        "@effect/platform-node",
        "@modelcontextprotocol/server",
        "@modelcontextprotocol/client",
        "zod",
        "csv-parse",
        "sql.js",
        "chardet",
        "get-east-asian-width"
      ]) {
        assert.match(licences, new RegExp(`^${name} \\d`, "mu"))
      }
      assert.notInclude(licences, "ships no licence text")
    })
  )

  it.scoped("unpacked outside the repository, starts on the sandbox and answers", () =>
    Effect.flatMap(Packaged, ({ temporary }) => findsBooks("package/dist/main.js", temporary))
  )

  it.scoped("installed with no network, is one package whose command answers", () =>
    Effect.gen(function* () {
      const { archive, temporary } = yield* Packaged
      const home = yield* Effect.promise(() => mkdtemp(join(temporary, "installed-")))
      yield* Effect.promise(() =>
        execute("npm", ["install", "--offline", "--no-audit", "--no-fund", "--prefix", home, archive], { cwd: home })
      )
      const installed = yield* Effect.promise(() => readdir(join(home, "node_modules")))
      assert.deepStrictEqual(
        installed.filter((name) => !name.startsWith(".")),
        ["sequentum-mcp"]
      )
      yield* findsBooks(join(home, "node_modules/.bin/sequentum-mcp"), home)
    })
  )
})
