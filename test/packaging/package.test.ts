import { execFile, spawn } from "node:child_process"
import { constants } from "node:fs"
import { access, mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const root = fileURLToPath(new URL("../..", import.meta.url))
const execute = promisify(execFile)

const Manifest = Schema.parseJson(
  Schema.Struct({
    name: Schema.String,
    dependencies: Schema.optional(Schema.Unknown),
    optionalDependencies: Schema.optional(Schema.Unknown),
    peerDependencies: Schema.optional(Schema.Unknown),
    bin: Schema.Record({ key: Schema.String, value: Schema.String })
  })
)
const Packed = Schema.parseJson(
  Schema.Union(
    Schema.Tuple(Schema.Struct({ filename: Schema.String })),
    Schema.Record({ key: Schema.String, value: Schema.Struct({ filename: Schema.String }) })
  )
)

/** The package as npm makes it, unpacked where nothing of this repository is near. */
class Unpacked extends Context.Tag("test/Unpacked")<Unpacked, { readonly folder: string }>() {
  static readonly layer = Layer.scoped(
    Unpacked,
    Effect.gen(function* () {
      const temporary = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "sequentum-mcp-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
      )
      const { stdout } = yield* Effect.promise(() =>
        execute("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", temporary], { cwd: root })
      )
      const packed = Object.values(yield* Effect.orDie(Schema.decode(Packed)(stdout)))[0]
      yield* Effect.promise(() => execute("tar", ["-xzf", join(temporary, packed?.filename ?? "")], { cwd: temporary }))
      return { folder: join(temporary, "package") }
    })
  )
}

layer(Unpacked.layer)("the package", (it) => {
  it.effect("needs no other package", () =>
    Effect.gen(function* () {
      const { folder } = yield* Unpacked
      const manifest = yield* Effect.flatMap(
        Effect.promise(() => readFile(join(folder, "package.json"), "utf8")),
        Schema.decode(Manifest)
      )
      assert.isUndefined(manifest.dependencies)
      assert.isUndefined(manifest.optionalDependencies)
      assert.isUndefined(manifest.peerDependencies)
      assert.deepStrictEqual(manifest.bin, { "sequentum-mcp": "dist/main.js" })
    })
  )

  it.effect("holds the built program and what belongs to it, nothing else", () =>
    Effect.gen(function* () {
      const { folder } = yield* Unpacked
      assert.sameMembers(yield* Effect.promise(() => readdir(folder)), [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "dist",
        "package.json"
      ])
    })
  )

  it.effect("can be run as a program", () =>
    Effect.gen(function* () {
      const main = join((yield* Unpacked).folder, "dist/main.js")
      yield* Effect.promise(() => access(main, constants.X_OK))
      assert.match(yield* Effect.promise(() => readFile(main, "utf8")), /^#!\/usr\/bin\/env node\n/u)
    })
  )

  it.effect("names the licences of what it bundles", () =>
    Effect.gen(function* () {
      const { folder } = yield* Unpacked
      const text = yield* Effect.promise(() => readFile(join(folder, "dist/THIRD_PARTY_LICENSES.txt"), "utf8"))
      for (const name of ["effect", "@effect/platform", "@modelcontextprotocol/server", "zod", "csv-parse"]) {
        assert.match(text, new RegExp(`^${name} \\d`, "mu"))
      }
    })
  )

  it.scoped("starts on the sandbox outside the repository and answers", () =>
    Effect.gen(function* () {
      const { folder } = yield* Unpacked
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["dist/main.js", "--sandbox"], { cwd: folder, env: { PATH: process.env["PATH"] } })
        ),
        (running) => Effect.sync(() => running.kill("SIGKILL"))
      )
      const answer = Effect.async<string>((resume) => {
        let written = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          written += text
          if (written.includes('"id":2')) resume(Effect.succeed(written))
        })
      })
      for (const message of [
        {
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "package", version: "1" } }
        },
        { id: 2, method: "tools/call", params: { name: "search_agents", arguments: { query: "books" } } }
      ]) {
        child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      }
      assert.include(yield* answer, "Books catalogue")
    })
  )
})
