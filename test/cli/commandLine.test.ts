import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Command from "../../src/cli/Command.ts"
import { readCommandLine } from "../../src/cli/commandLine.ts"
import { program } from "../../src/cli/commands.ts"
import * as flags from "../../src/cli/flags.ts"
import { help } from "../../src/cli/help.ts"
import { displayWidth } from "../../src/cli/print.ts"
import { serveSandbox, withSandbox } from "../../src/cli/sandbox.ts"
import type { Overrides } from "../../src/config.ts"
import { serve } from "../../src/sandbox/server.ts"

const read = (...words: ReadonlyArray<string>) =>
  Either.map(readCommandLine(program, words), (request) =>
    request._tag === "Run" ? { [request.command.name]: Object.fromEntries(request.given) } : request._tag
  )

describe("the command line", () => {
  it("accepts flags before the command, after it and after its arguments, and drops none", () => {
    const call = { "--sandbox": "true", "--tools": "get_agent", tool: "get_agent", json: "{}" }
    for (const words of [
      ["--sandbox", "--tools", "get_agent", "call", "get_agent", "{}"],
      ["call", "--sandbox", "--tools=get_agent", "get_agent", "{}"],
      ["--sandbox", "call", "get_agent", "{}", "--tools", "get_agent"],
      ["call", "get_agent", "{}", "--sandbox=true", "--tools", "get_agent"]
    ]) {
      assert.deepStrictEqual(read(...words), Either.right({ call }))
    }
  })

  it("serves over stdio if no command is named", () => {
    assert.deepStrictEqual(read("--read-only"), Either.right({ "": { "--read-only": "true" } }))
  })

  it("keeps an equals sign that is part of a value", () => {
    assert.deepStrictEqual(read("http", "--host=a=b"), Either.right({ http: { "--host": "a=b" } }))
  })

  it("accepts true and false for a switch, in all the words of a setting", () => {
    assert.deepStrictEqual(read("tools", "--read-only=false"), Either.right({ tools: { "--read-only": "false" } }))
    assert.deepStrictEqual(read("tools", "--read-only=ON"), Either.right({ tools: { "--read-only": "true" } }))
  })

  it("reads no flags after --", () => {
    assert.deepStrictEqual(
      read("call", "--json", "--", "get_agent", "--sandbox"),
      Either.right({ call: { "--json": "true", tool: "get_agent", json: "--sandbox" } })
    )
  })

  it("shows help and the version wherever they are asked for", () => {
    assert.deepStrictEqual(read("call", "get_agent", "-h"), Either.right("Help"))
    assert.deepStrictEqual(read("--help"), Either.right("Help"))
    assert.deepStrictEqual(read("tools", "--version"), Either.right("Version"))
  })

  const refused: ReadonlyArray<readonly [words: ReadonlyArray<string>, problem: string]> = [
    [["--bogus=1"], "Unknown flag: --bogus."],
    [["-x", "frob"], "Unknown flag: -x."],
    [["--h"], "Unknown flag: --h."],
    [["frob"], 'Unknown command: "frob". The commands are http, sandbox, tools, call, demo.'],
    [["--port", "1"], "Serving over stdio does not accept --port."],
    [["call", "get_agent", "--port", "1"], "call does not accept --port."],
    [["demo", "--read-only"], "demo does not accept --read-only."],
    [["--toolsets"], "--toolsets needs a value: --toolsets a,b."],
    [["--toolsets", "--read-only"], "--toolsets needs a value: --toolsets a,b."],
    [["--toolsets="], "--toolsets needs a value: --toolsets a,b."],
    [["--read-only=perhaps"], "--read-only must be true or false."],
    [["--tools", "a", "--tools", "b"], "--tools is given twice."],
    [["--sandbox", "--sandbox=false"], "--sandbox is given twice."],
    [["call"], "Missing argument <tool>."],
    [["call", "get_agent", "{}", "extra"], 'Unknown argument: "extra".'],
    [["call", "stop_agent", "--sandbox-speed", "60"], "--sandbox-speed is for the sandbox: add --sandbox."],
    [["--sandbox=false", "--sandbox-rate-limit", "5"], "--sandbox-rate-limit is for the sandbox: add --sandbox."]
  ]
  for (const [words, problem] of refused) {
    it(`refuses ${words.join(" ")}`, () => {
      assert.deepStrictEqual(read(...words), Either.left(problem))
    })
  }

  it("needs no --sandbox for the command that serves the sandbox", () => {
    assert.deepStrictEqual(
      read("sandbox", "--sandbox-speed", "60"),
      Either.right({ sandbox: { "--sandbox-speed": "60" } })
    )
  })
})

describe("a command", () => {
  /** What a command is run with. */
  const received = (given: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const seen: Array<readonly [values: unknown, overrides: Overrides]> = []
      const command = Command.make({
        name: "test",
        summary: "",
        args: [Command.required("tool"), Command.optional("json", "{}")],
        flags: {
          speed: flags.sandboxShape.speed,
          json: flags.json,
          port: flags.address.port,
          readOnly: flags.selection.readOnly
        },
        examples: [],
        run: (values, overrides) => Effect.sync(() => void seen.push([values, overrides]))
      })
      yield* command.run(new Map(Object.entries(given)))
      return seen
    })

  it.effect("gets the values of its flags and arguments, and what they override", () =>
    Effect.gen(function* () {
      const given = { "--sandbox-speed": "2.5", "--json": "true", "--port": "80", "--read-only": "false" }
      assert.deepStrictEqual(yield* received({ ...given, tool: "a", json: "[]" }), [
        [
          { speed: 2.5, json: true, port: Option.some("80"), readOnly: Option.some("false"), args: ["a", "[]"] },
          new Map([
            ["PORT", "80"],
            ["SEQUENTUM_READ_ONLY", "false"]
          ])
        ]
      ])
    })
  )

  it.effect("gets defaults for the rest, whatever the environment holds", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* received({ tool: "a" }), [
        [{ speed: 1, json: false, port: Option.none(), readOnly: Option.none(), args: ["a", "{}"] }, new Map()]
      ])
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["--sandbox-speed", "3"]]))))
  )

  it.effect("is not run with an invalid value", () =>
    Effect.gen(function* () {
      const { lines } = yield* received({ "--sandbox-speed": "0", "--json": "perhaps", tool: "a" }).pipe(
        Effect.catchTag("InvalidSettings", Effect.die),
        Effect.flip
      )
      assert.deepStrictEqual(lines, [
        "--sandbox-speed must be a number above 0 and at most 100000. --json must be true or false. See sequentum-mcp --help."
      ])
    })
  )
})

describe("the help", () => {
  it("fits 80 columns and names every flag", () => {
    for (const command of [program, ...program.commands]) {
      const text = help(command, 80, (title) => title)
      for (const line of text.split("\n")) assert.isAtMost(displayWidth(line), 80, line)
      for (const { flag } of command.flags) assert.include(text, flag)
    }
  })

  it("shows how to give arguments, and the defaults", () => {
    const text = program.commands.map((command) => help(command, 100, (title) => title)).join("\n")
    assert.include(text, "sequentum-mcp call <tool> ['<json>'] [flags]")
    assert.match(text, /--port <n>\s+Port to listen on; 0 picks any free one \(default 3000\)/u)
    assert.match(text, /--port <n>\s+Port to listen on; 0 picks any free one \(default 4010\)/u)
  })
})

describe("a sandbox in the place of Sequentum", () => {
  it.scopedLive("replaces the address and the key of the environment", () =>
    Effect.gen(function* () {
      const overrides = yield* withSandbox(
        { sandbox: true, speed: 1, rateLimit: 100, fields: "production", agents: 0 },
        new Map([["SEQUENTUM_TOOLS", "get_agent"]]),
        Effect.succeed
      )
      assert.match(overrides.get("SEQUENTUM_API_URL") ?? "", /^http:\/\/127\.0\.0\.1:\d+$/u)
      assert.strictEqual(overrides.get("SEQUENTUM_API_KEY"), "sandbox")
      assert.strictEqual(overrides.get("SEQUENTUM_TOOLS"), "get_agent")
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["SEQUENTUM_API_KEY", "real"]]))))
  )
})

describe("a sandbox alone", () => {
  it.scopedLive("says that its port is in use", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const port = Number(new URL(url).port)
      const { lines } = yield* Effect.flip(serveSandbox({ port, speed: 1, rateLimit: 100, fields: "qa", agents: 0 }))
      assert.deepStrictEqual(lines, [`127.0.0.1:${port} is already in use. Choose another --port.`])
    })
  )
})
