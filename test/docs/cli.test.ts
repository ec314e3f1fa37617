import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { exitCodes } from "../../src/serve/runMain.ts"

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8")

describe("docs/cli.md", () => {
  it("lists the exit codes that there are", () => {
    const rows = [...page.matchAll(/^\| (\d+) +\| `(\w+)` +\|/gmu)].map(([, code, kind = ""]) => [kind, Number(code)])
    assert.deepStrictEqual(Object.fromEntries(rows), exitCodes)
  })

  it("shows errors that are JSON", () => {
    for (const [, json = ""] of page.matchAll(/```json\n([\s\S]*?)\n```/gu)) {
      assert.doesNotThrow(() => Schema.decodeSync(Schema.parseJson())(json))
    }
  })

  it("has shell blocks that a shell can read", () => {
    for (const [, text = ""] of page.matchAll(/```sh[^\n]*\n([\s\S]*?)\n```/gu)) {
      assert.doesNotThrow(() => execFileSync("bash", ["-n"], { input: text }), text)
    }
  })
})
