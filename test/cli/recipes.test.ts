import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { builtProgram } from "../support/builtProgram.ts"
import { start, until } from "../support/program.ts"

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8")

const blocks = [...page.matchAll(/```(sh|sh background|text)\n([\s\S]*?)\n```/gu)].map(([, kind = "", text = ""]) => ({
  kind,
  text
}))

/** A folder in which `sequentum-mcp` is the built program. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "recipes-"))
    const command = join(path, "sequentum-mcp")
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${builtProgram}" "$@"\n`)
    chmodSync(command, 0o755)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const hasJq = spawnSync("jq", ["--version"]).status === 0

describe("the shell blocks of docs/cli.md", () => {
  it.scopedLive.skipIf(!hasJq)(
    "all run, one after the other, and print what stands below them",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const { child, written } = yield* start(["sandbox", "--port", "0", "--sandbox-speed", "600"])
        yield* until(child.stdout, () => written.stdout.includes("Ctrl-C"))
        const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(written.stdout)?.[0] ?? ""
        assert.include(
          blocks.map(({ text }) => text),
          "sequentum-mcp sandbox --port 4010 --sandbox-speed 600"
        )
        const marker = "=== next block"
        const shown = blocks.filter(({ kind }) => kind === "sh")
        const script = shown.map(({ text }) => text.replace("http://127.0.0.1:4010", url)).join(`\necho "${marker}"\n`)
        const { status, stderr, stdout } = spawnSync("bash", ["-euc", script], {
          cwd,
          encoding: "utf8",
          env: { PATH: `${cwd}:${process.env["PATH"] ?? ""}` }
        })
        assert.strictEqual(status, 0, stderr)
        const printed = stdout.split(`${marker}\n`)
        assert.strictEqual(printed.length, shown.length)
        let index = -1
        for (const { kind, text } of blocks) {
          if (kind === "sh") index += 1
          if (kind === "text") assert.strictEqual(printed[index]?.trim(), text, shown[index]?.text)
        }
      }),
    60_000
  )
})
