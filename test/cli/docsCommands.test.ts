import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { parse } from "yaml"
import { readCommandLine } from "../../src/cli/commandLine.ts"
import { program } from "../../src/cli/commands.ts"
import { loadSettings, settings } from "../../src/config.ts"
import { run } from "../support/program.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

// All of docs/cli.md is run by recipes.test.ts, but for what a browser is needed for; README.md by readme.test.ts.
const pages = readdirSync(`${root}docs`).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : []))

const blocksOf = (page: string) =>
  [...readFileSync(`${root}${page}`, "utf8").matchAll(/^ *```(\w*)([^\n]*)\n([\s\S]*?)\n *```$/gmu)].map(
    ([, language = "", mode = "", text = ""]) => ({ page, language, mode: mode.trim(), text })
  )
const blocks = pages.flatMap(blocksOf)

const lines = blocks
  .filter(({ language, mode, page }) => language === "sh" && (page !== "docs/cli.md" || mode === "no-run"))
  .flatMap(({ text }) => text.split("\n"))
  .map((line) => line.trim())

/** Lines of other programs, and what runs them or what they stand for. */
const elsewhere: ReadonlyArray<readonly [line: RegExp, by: string]> = [
  [/^docker (?:build|run) /u, "test/packaging/container.test.ts"],
  [/^npx mcp-remote /u, "test/interop/mcpRemote.test.ts"],
  [/^openssl rand -base64 32$/u, "test/cli/docsCommands.test.ts"],
  // Commands of clients, which are made from the table of clients.
  [/^(?:claude|gemini|codex) mcp add /u, "test/cli/install.test.ts"],
  [/^sequentum-mcp (?:login|logout)$/u, "test/cli/login.test.ts"]
]

const isOwn = (line: string) => line.startsWith("sequentum-mcp ")

/** The words of a line, as a shell splits them. */
const wordsOf = (line: string): ReadonlyArray<string> =>
  execFileSync("bash", ["-euc", `sequentum-mcp() { printf '%s\\n' "$@"; }\n${line}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n")

const accepts = (words: ReadonlyArray<string>) => Either.isRight(readCommandLine(program, words))

const environmentNames: ReadonlySet<string> = new Set(Object.values(settings).map(({ env }) => env))

/** The objects in a value, itself included. */
const objectsIn = (value: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  return Predicate.isReadonlyRecord(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}

describe("the commands of the documentation", () => {
  it("are all of this program, or run by another test", () => {
    assert.isAbove(lines.length, 10)
    for (const line of lines.filter((one) => !isOwn(one))) {
      const [, by] = elsewhere.find(([pattern]) => pattern.test(line)) ?? assert.fail(line)
      assert.isTrue(existsSync(`${root}${by}`), by)
    }
  })

  it("of this program are accepted by it", () => {
    const own = lines.filter(isOwn)
    assert.isAbove(own.length, 3)
    for (const line of own) assert.isTrue(accepts(wordsOf(line)), line)
    assert.isFalse(accepts(["call", "--bogus"]))
  })

  it("in the text are accepted as well", () => {
    const shown = pages.flatMap((page) =>
      [...readFileSync(`${root}${page}`, "utf8").matchAll(/`(sequentum-mcp [^`…<|[]+)`/gu)].map(([, line = ""]) => line)
    )
    assert.isAbove(shown.length, 5)
    for (const line of shown) assert.isTrue(accepts(wordsOf(line)), line)
  })

  it.live("of the sandbox run", () =>
    Effect.gen(function* () {
      const ending = lines.filter((line) => isOwn(line) && /--sandbox\b/u.test(line) && !/^\S+ http\b/u.test(line))
      assert.isAbove(ending.length, 0)
      for (const line of ending) {
        const { code, stderr } = yield* run(wordsOf(line))
        assert.strictEqual(code, 0, `${line}\n${stderr}`)
      }
    })
  )

  it("name settings that there are", () => {
    const given = lines.flatMap((line) => [...line.matchAll(/ -e (\w+)=/gu)].map(([, name = ""]) => name))
    assert.isAbove(given.length, 0)
    for (const name of given) assert.isTrue(environmentNames.has(name), name)
  })

  it.effect("make a STATE_KEY that is accepted", () =>
    Effect.gen(function* () {
      const { status, stdout } = spawnSync("openssl", ["rand", "-base64", "32"], { encoding: "utf8" })
      if (status === 0) yield* loadSettings(new Map([[settings.stateKey.env, stdout.trim()]]))
    })
  )
})

describe("the configuration blocks of the documentation", () => {
  it.effect("of Kubernetes set what there is, to values that are accepted", () =>
    Effect.gen(function* () {
      const containers = blocks
        .filter(({ language }) => language === "yaml")
        .flatMap(({ text }) => objectsIn(parse(text)))
        .filter((one) => Array.isArray(one["env"]))
      assert.isAbove(containers.length, 0)
      for (const container of containers) {
        const all = objectsIn(container["env"])
        for (const { name } of all.filter((one) => "value" in one || "valueFrom" in one)) {
          assert.isTrue(typeof name === "string" && environmentNames.has(name), String(name))
        }
        const values = all.flatMap(({ name, value }): ReadonlyArray<readonly [string, string]> =>
          typeof name === "string" && typeof value === "string" ? [[name, value]] : []
        )
        yield* loadSettings(new Map(values))
      }
    })
  )

  it("of clients start this program with words that it accepts", () => {
    const entries = [...blocks, ...blocksOf("README.md")]
      .filter(({ language, page }) => language === "json" && page !== "docs/cookbook.md")
      .flatMap(({ text }) => objectsIn(JSON.parse(text)))
      .filter(({ args, command }) => typeof command === "string" && Array.isArray(args))
    assert.isAbove(entries.length, 5)
    for (const { args, command, env } of entries) {
      const words: ReadonlyArray<string> = Array.isArray(args) ? args.map(String) : []
      assert.isTrue(accepts(command === "node" ? words.slice(1) : words), words.join(" "))
      for (const name of Predicate.isReadonlyRecord(env) ? Object.keys(env) : []) {
        assert.isTrue(environmentNames.has(name), name)
      }
    }
  })

  it("of nginx are directives in balanced blocks", () => {
    const texts = blocks.flatMap(({ language, text }) => (language === "nginx" ? [text] : []))
    assert.isAbove(texts.length, 1)
    for (const text of texts) {
      const plain = text.replaceAll(/#.*$/gmu, "").replaceAll(/"[^"]*"/gu, "text")
      let depth = 0
      for (const [, directive = "", end] of plain.matchAll(/([^;{}]*)([;{}])/gu)) {
        if (end === "}") {
          assert.strictEqual(directive.trim(), "", text)
          depth -= 1
        } else assert.match(directive.trim(), /^[\w$-]+(?:\s+\S+)*$/u, text)
        if (end === "{") depth += 1
        assert.isAtLeast(depth, 0, text)
      }
      assert.strictEqual(depth, 0, text)
      assert.strictEqual(plain.replace(/^[\s\S]*[;{}]/u, "").trim(), "", text)
    }
  })
})
