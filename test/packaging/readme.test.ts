import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import manifest from "../../package.json"
import { draw } from "../../scripts/picture.ts"
import { builtProgram } from "../support/builtProgram.ts"
import { freePort } from "../support/freePort.ts"
import { start, until } from "../support/program.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const readme = readFileSync(join(root, "README.md"), "utf8")

const lines = [...readme.matchAll(/^```sh\n([\s\S]*?)\n```$/gmu)].flatMap(([, text = ""]) =>
  text.split("\n").map((line) => line.replace(/\s+#.*$/u, "").trim())
)

/** Lines that other tests and scripts run, by which. */
const elsewhere: ReadonlyArray<readonly [line: RegExp, by: string]> = [
  [/^npm ci && npm (?:run demo|test)$/u, "scripts/firstAnswer.ts, and .ci/run"],
  [/^npm pack$/u, "test/packaging/package.test.ts"],
  [/^npm link$/u, "below"],
  [/^docker build /u, "test/packaging/container.test.ts"],
  [/^sequentum-mcp (?:http|sandbox) /u, "below"],
  [/^curl -s localhost:3000\/health$/u, "below"]
]
const isElsewhere = (line: string) => elsewhere.some(([pattern]) => pattern.test(line))

/** Lines that end by themselves, without an account. */
const ending = lines.filter((line) => /^(?:sequentum-mcp|node dist\/main\.js)(?: |$)/u.test(line) && !isElsewhere(line))

const home = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "readme-"))
    symlinkSync(builtProgram, join(folder, "sequentum-mcp"))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe("the README", () => {
  it("keeps the set-up to two commands", () => {
    const setUp = /## Set-up\n[\s\S]*?```sh\n([\s\S]*?)\n```/u.exec(readme)?.[1] ?? ""
    assert.deepStrictEqual(
      setUp.split("\n").map((line) => line.replace(/\s+#.*$/u, "")),
      ["npm ci && npm run demo", "npm ci && npm test"]
    )
  })

  it("has no command that no test runs", () => {
    assert.deepStrictEqual(
      lines.filter((line) => !ending.includes(line) && !isElsewhere(line)),
      []
    )
    assert.isAbove(ending.length, 8)
  })

  it.scopedLive("has commands that succeed", () =>
    Effect.gen(function* () {
      const folder = yield* home
      for (const line of ending) {
        const { status, stderr } = spawnSync("bash", ["-c", line], {
          cwd: root,
          encoding: "utf8",
          env: { HOME: folder, PATH: `${folder}:${process.env["PATH"] ?? ""}` }
        })
        assert.strictEqual(status, 0, `${line}\n${stderr}`)
      }
      assert.isTrue(existsSync(join(folder, ".cursor/mcp.json")))
    })
  )

  it.scopedLive("has servers that start", () =>
    Effect.gen(function* () {
      for (const line of lines.filter((one) => /^sequentum-mcp (?:http|sandbox) /u.test(one))) {
        const port = yield* freePort
        const words = line.split(" ").slice(1)
        const { child, written } = yield* start(words.map((word) => (/^\d+$/u.test(word) ? String(port) : word)))
        if (words[0] === "http") {
          yield* until(child.stderr, () => written.stderr.includes("Serving MCP"))
          assert.strictEqual((yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/health`))).status, 200)
        } else yield* until(child.stdout, () => written.stdout.includes("is listening"))
      }
    })
  )

  it.scopedLive("has a link that makes the command", () =>
    Effect.gen(function* () {
      const prefix = yield* home
      execFileSync("npm", ["link", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"], {
        cwd: root,
        env: { PATH: process.env["PATH"], HOME: prefix, npm_config_prefix: prefix },
        stdio: "pipe"
      })
      const command = join(prefix, "bin/sequentum-mcp")
      assert.strictEqual(realpathSync(command), realpathSync(builtProgram))
      assert.strictEqual(execFileSync(command, ["--version"], { encoding: "utf8" }).trim(), manifest.version)
    })
  )

  it("asks thirteen questions", () => {
    const questions = /## Thirteen questions to ask\n([\s\S]*?)\n## /u.exec(readme)?.[1] ?? ""
    assert.strictEqual([...questions.matchAll(/^\d+\. /gmu)].length, 13)
  })

  it("has a picture of the demo", () => {
    const picture = readFileSync(join(root, "docs/demo.svg"), "utf8")
    assert.include(readme, "](docs/demo.svg)")
    for (const text of ["1. Find an agent", "✓ Success with 200 records", "The Glass Cartographer"]) {
      assert.include(picture, `>${text}</text>`)
    }
  })
})

describe("the picture", () => {
  it("places each column, and escapes what is markup", () => {
    const svg = draw(["a  <b> & c", "光  d"])
    assert.include(svg, 'x="45.2" y="46"')
    assert.include(svg, ">&lt;b&gt; &amp; c</text>")
    assert.include(svg, `x="${(20 + 4 * 8.4).toFixed(1)}" y="65"`)
  })
})
