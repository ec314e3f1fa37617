import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { readCommandLine } from "../../src/cli/commandLine.ts"
import { commandUsages, rootUsage } from "../../src/cli/flags.ts"
import { help } from "../../src/cli/help.ts"
import { withSandbox } from "../../src/cli/options.ts"
import { displayWidth } from "../../src/cli/print.ts"

const argv = (...words: ReadonlyArray<string>) =>
  Either.map(readCommandLine(words), (request) => (request._tag === "Run" ? request.argv : request._tag))

describe("the command line", () => {
  const ordered = ["call", "--sandbox", "--tools", "get_agent", "get_agent", "{}"]

  it("takes flags before the command, behind it and behind its arguments, and drops none", () => {
    for (const words of [
      ["--sandbox", "--tools", "get_agent", "call", "get_agent", "{}"],
      ["call", "--sandbox", "--tools=get_agent", "get_agent", "{}"],
      ["--sandbox", "call", "get_agent", "{}", "--tools", "get_agent"],
      ["call", "get_agent", "{}", "--sandbox=true", "--tools", "get_agent"]
    ]) {
      assert.deepStrictEqual(argv(...words), Either.right(ordered))
    }
  })

  it("keeps an equals sign that is part of a value", () => {
    assert.deepStrictEqual(argv("http", "--host=a=b"), Either.right(["http", "--host", "a=b"]))
  })

  it("takes false for a flag that stands alone", () => {
    assert.deepStrictEqual(argv("tools", "--read-only=false"), Either.right(["tools"]))
  })

  it("gives help and the version wherever they are asked for", () => {
    assert.deepStrictEqual(argv("call", "get_agent", "-h"), Either.right("Help"))
    assert.deepStrictEqual(argv("--help"), Either.right("Help"))
    assert.deepStrictEqual(argv("tools", "--version"), Either.right("Version"))
  })

  const refused: ReadonlyArray<readonly [words: ReadonlyArray<string>, problem: string]> = [
    [["--bogus=1"], "Unknown flag: --bogus."],
    [["-x", "frob"], "Unknown flag: -x."],
    [["frob"], 'Unknown command: "frob". The commands are http, sandbox, tools, call, demo.'],
    [["--port", "1"], "--port does not go with serving over stdio."],
    [["call", "get_agent", "--port", "1"], "--port does not go with call."],
    [["--toolsets"], "--toolsets needs a value: --toolsets a,b."],
    [["--toolsets", "--read-only"], "--toolsets needs a value: --toolsets a,b."],
    [["--toolsets="], "--toolsets needs a value: --toolsets a,b."],
    [["--read-only=perhaps"], "--read-only takes no value but true or false."],
    [["--tools", "a", "--tools", "b"], "--tools is given twice."],
    [["call", "stop_agent", "--sandbox-speed", "60"], "--sandbox-speed is for the sandbox: add --sandbox."],
    [["--sandbox=false", "--sandbox-rate-limit", "5"], "--sandbox-rate-limit is for the sandbox: add --sandbox."]
  ]
  for (const [words, problem] of refused) {
    it(`refuses ${words.join(" ")}`, () => {
      assert.deepStrictEqual(argv(...words), Either.left(problem))
    })
  }

  it("needs no --sandbox where the sandbox is what is served", () => {
    assert.deepStrictEqual(argv("sandbox", "--sandbox-speed", "60"), Either.right(["sandbox", "--sandbox-speed", "60"]))
  })
})

describe("the help", () => {
  it("fits 80 columns and names every flag", () => {
    for (const usage of [rootUsage, ...commandUsages]) {
      const text = help(usage, 80, (title) => title)
      for (const line of text.split("\n")) assert.isAtMost(displayWidth(line), 80, line)
      for (const { name } of usage.flags) assert.include(text, `--${name}`)
    }
  })
})

describe("a sandbox in the place of Sequentum", () => {
  it.scopedLive("replaces the address and the key of the environment", () =>
    Effect.gen(function* () {
      const overrides = yield* withSandbox(
        { sandbox: true, speed: 1, rateLimit: 100 },
        new Map([["SEQUENTUM_TOOLS", "get_agent"]]),
        Effect.succeed
      )
      assert.match(overrides.get("SEQUENTUM_API_URL") ?? "", /^http:\/\/127\.0\.0\.1:\d+$/u)
      assert.strictEqual(overrides.get("SEQUENTUM_API_KEY"), "sandbox")
      assert.strictEqual(overrides.get("SEQUENTUM_TOOLS"), "get_agent")
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["SEQUENTUM_API_KEY", "real"]]))))
  )
})
