import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { program } from "../../src/cli/commands.ts"
import { completion, type Shell } from "../../src/cli/completion.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "completion-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** What is typed after the program's name, and all that completes its last word. */
const cases: ReadonlyArray<readonly [typed: string, words: ReadonlyArray<string>]> = [
  ["ca", ["call"]],
  ["call get_agent_v", ["get_agent_versions"]],
  ["call get_agent ag", ["agentId="]],
  ["call get_agent agentId=41 --js", ["--json"]],
  ["call get_agent get_agent_v", []],
  ["--sandbox call get_agent --fail", ["--fail-on-failure"]],
  ["--toolsets runs ht", ["http"]],
  ["--toolsets=runs ht", ["http"]],
  ["http --port ", []],
  ["tools get_agent --js", ["--json"]],
  ["tools start_", ["start_agent", "start_agent_build"]],
  ["install vs", ["vscode"]],
  ["install cursor --log", ["--login"]],
  ["help call kill", ["kill_agent"]],
  ["completion f", ["fish"]]
]

const run = (shell: Shell, args: ReadonlyArray<string>, cwd: string) => {
  const { status, stderr, stdout } = spawnSync(shell, args, {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: cwd, TERM: "dumb" }
  })
  assert.strictEqual(status, 0, stderr)
  assert.strictEqual(stderr, "")
  return stdout
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "")

/** bash makes a word of each `=`, too. */
const bashWords = (typed: string) => typed.split(" ").flatMap((word) => word.split(/(=)/u))

/** How to ask a shell, with the script in a file `script`. */
const offers = {
  bash: (typed: string, cwd: string) => {
    const words = ["sequentum-mcp", ...bashWords(typed)].map((word) => `'${word}'`)
    const ask = `. ./script; compopt() { :; }; COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}
_sequentum_mcp; printf '%s\\n' "\${COMPREPLY[@]}"`
    return linesOf(run("bash", ["--norc", "-c", ask], cwd))
  },
  fish: (typed: string, cwd: string) =>
    linesOf(run("fish", ["--no-config", "-c", `source ./script; complete -C 'sequentum-mcp ${typed}'`], cwd))
}

/** Types a line, a tab and a return in a zsh on a pseudo terminal. Succeeds with the words that the command gets. */
const zshLine = (setUp: string, typed: string, cwd: string) => {
  writeFileSync(
    join(cwd, "setup"),
    `PS1=
fpath=(${cwd} $fpath)
autoload -Uz compinit
compinit -D -u
${setUp}
sequentum-mcp() { print -r -- "<<$*>>" }
print REA''DY`
  )
  const script = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell '. ./setup'
zpty -r -m shell ready '*READY*'
zpty -w shell 'sequentum-mcp ${typed}'$'\\t'
zpty -r -m shell answer '*<<*>>*'
print -r -- "$answer"
zpty -d shell`
  return /<<(.*)>>/u.exec(run("zsh", ["-f", "-c", script], cwd))?.[1]
}

const has = (shell: Shell) => spawnSync(shell, ["--version"]).status === 0

/** The line with its last word completed. */
const completed = (typed: string, word: string) => typed.replace(/\S*$/u, word)

describe("completion", () => {
  for (const shell of ["bash", "fish"] as const) {
    it.scoped.skipIf(!has(shell))(`of ${shell} knows commands, tools, parameters, clients and flags`, () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        writeFileSync(join(cwd, "script"), completion(shell, program))
        writeFileSync(join(cwd, "mine.json"), "")
        for (const [typed, words] of cases) {
          assert.deepStrictEqual(offers[shell](typed, cwd).toSorted(), words, typed)
        }
        assert.deepStrictEqual(offers[shell]("install cursor --file mi", cwd), ["mine.json"])
        assert.includeMembers(offers[shell]("", cwd), ["call", "tools", "--sandbox", "--help"])
      })
    )
  }

  it.scoped.skipIf(!has("zsh"))("of zsh knows the same, sourced or in a folder of $fpath", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      writeFileSync(join(cwd, "_sequentum-mcp"), completion("zsh", program))
      writeFileSync(join(cwd, "mine.json"), "")
      const single = cases.flatMap(([typed, words]) =>
        words.slice(words.length - 1).map((word) => [typed, word] as const)
      )
      const unique = single.filter(([typed]) => typed !== "tools start_")
      assert.isAbove(unique.length, 10)
      for (const [typed, word] of unique) {
        assert.strictEqual(zshLine(":", typed, cwd)?.trim(), completed(typed, word))
      }
      assert.strictEqual(zshLine("source ./_sequentum-mcp", "ca", cwd)?.trim(), "call")
      assert.strictEqual(zshLine(":", "install cursor --file mi", cwd)?.trim(), "install cursor --file mine.json")
    })
  )
})
