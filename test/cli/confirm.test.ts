import { existsSync } from "node:fs"
import { spawn } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

/** Gives a program a terminal. */
const script = "/usr/bin/script"
const absent = !existsSync(script)

/** Runs the program on a terminal, and answers what it asks. */
const onTerminal = (command: string, answer: string) =>
  Effect.promise(
    () =>
      new Promise<{ readonly code: number | null; readonly shown: string }>((done) => {
        const child = spawn(script, ["-qec", `${process.execPath} dist/main.js ${command}`, "/dev/null"], {
          env: { PATH: process.env["PATH"], TERM: "dumb" }
        })
        let shown = ""
        child.stdout.on("data", (chunk: Buffer) => {
          const wasAsked = shown.includes("[y/N]")
          shown += chunk.toString()
          if (!wasAsked && shown.includes("[y/N]")) child.stdin.write(`${answer}\n`)
        })
        child.once("close", (code) => done({ code, shown }))
      })
  )

const restore = "call restore_agent_version agentId=4101 versionNumber=2 comments=back --sandbox"

describe.skipIf(absent)(`a call on a terminal${absent ? ` (skipped: there is no ${script})` : ""}`, () => {
  it.live("asks before it restores a version, and does it on yes", () =>
    Effect.gen(function* () {
      const { code, shown } = yield* onTerminal(restore, "y")
      assert.match(shown, /Make version 2 of agent “Books catalogue” \(4101\).*\[y\/N\]/u)
      assert.match(shown, /restored.*: true/u)
      assert.strictEqual(code, 0)
    })
  )

  it.live("changes nothing on any other answer, and exits with 4", () =>
    Effect.gen(function* () {
      const { code, shown } = yield* onTerminal(restore, "")
      assert.match(shown, /restored.*: false/u)
      assert.include(shown, "You did not confirm this. Nothing was done.")
      assert.strictEqual(code, 4)
    })
  )

  it.live("does not ask with --yes", () =>
    Effect.gen(function* () {
      const { code, shown } = yield* onTerminal(`${restore} --yes`, "n")
      assert.notInclude(shown, "[y/N]")
      assert.match(shown, /restored.*: true/u)
      assert.strictEqual(code, 0)
    })
  )
})
