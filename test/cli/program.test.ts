import { execFileSync, spawnSync } from "node:child_process"
import { closeSync, existsSync, openSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "../../src/runtime/version.ts"
import { displayWidth } from "../../src/cli/print.ts"
import { program } from "../../src/cli/commands.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { builtProgram } from "../support/builtProgram.ts"
import { recorder, run, start, until } from "../support/program.ts"

const hasTerminal = spawnSync("script", ["--version"]).status === 0

const oneLine = (text: string) => text.trimEnd().split("\n").length === 1 && text.trim() !== ""

const refusals: ReadonlyArray<{
  readonly what: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly says: RegExp
  /** Default 2, which stands for the command line and the settings. */
  readonly code?: number
}> = [
  { what: "no key", args: [], says: /SEQUENTUM_API_KEY is not set/u },
  { what: "an unknown flag", args: ["--bogus"], says: /Unknown flag: --bogus/u },
  { what: "an unknown command", args: ["frobnicate"], says: /Unknown command: "frobnicate"/u },
  ...["fast", "0", "-1", "100001"].map((speed) => ({
    what: `a speed of ${speed}`,
    args: ["--sandbox", "--sandbox-speed", speed],
    says: /--sandbox-speed must be a number above 0/u
  })),
  {
    what: "a rate limit of 0",
    args: ["--sandbox", "--sandbox-rate-limit", "0"],
    says: /--sandbox-rate-limit must be/u
  },
  {
    what: "fields of an unknown deployment",
    args: ["--sandbox", "--sandbox-fields", "test"],
    says: /--sandbox-fields must be production or qa/u
  },
  { what: "too many agents", args: ["sandbox", "--sandbox-agents", "5001"], says: /--sandbox-agents must be/u },
  { what: "an invalid port", args: ["sandbox", "--port", "99999"], says: /--port must be a whole number/u },
  {
    what: "one argument too many",
    args: ["demo", "extra"],
    says: /^Unknown argument: "extra"\. See sequentum-mcp --help\.$/mu
  },
  {
    what: "no tool to call",
    args: ["call", "--sandbox"],
    says: /^Missing argument <tool>\. See sequentum-mcp --help\.$/mu
  },
  {
    what: "an unknown toolset",
    args: ["--sandbox", "--toolsets", "nope"],
    says: /Unknown toolset: "nope". Valid: agents/u
  },
  {
    what: "a key over plain http to another host",
    args: [],
    env: { SEQUENTUM_API_KEY: "sk-secret", SEQUENTUM_API_URL: "http://sequentum.example" },
    says: /SEQUENTUM_API_URL must use https/u
  },
  { what: "arguments that are not JSON", args: ["call", "get_agent", "{agentId", "--sandbox"], says: /not JSON/u },
  {
    what: "an unknown tool",
    args: ["call", "get_agnet"],
    says: /Unknown tool: "get_agnet". Did you mean get_agent\?/u
  },
  {
    what: "a tool that the flags before the command leave out",
    args: ["--read-only", "call", "delete_run", '{"agentId":1,"runId":2}', "--sandbox"],
    says: /delete_run is not offered/u
  },
  {
    what: "a bad argument",
    args: ["call", "get_agent", '{"agentId":0}', "--sandbox"],
    says: /agentId must be an integer/u
  },
  {
    what: "a tool that fails",
    args: ["call", "get_agent", '{"agentId":99}', "--sandbox"],
    says: /nothing at GET \/agent\/99/u,
    code: 3
  }
]

describe("the program refuses in one line on stderr", () => {
  for (const { args, code = 2, env = {}, says, what } of refusals) {
    it.live(what, () =>
      Effect.gen(function* () {
        const outcome = yield* run(args, { env })
        assert.strictEqual(outcome.code, code)
        assert.strictEqual(outcome.stdout, "")
        assert.isTrue(oneLine(outcome.stderr), outcome.stderr)
        assert.match(outcome.stderr, says)
        assert.notInclude(outcome.stderr, "sk-secret")
      })
    )
  }

  it.live("every invalid setting, one line each", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run([], { env: { MAX_RESULT_BYTES: "few", SEQUENTUM_READ_ONLY: "perhaps" } })
      assert.strictEqual(code, 2)
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2)
      assert.include(stderr, "MAX_RESULT_BYTES must be")
      assert.include(stderr, "SEQUENTUM_READ_ONLY must be")
    })
  )
})

describe("the program", () => {
  it.live("prints its version", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(["--version"])).stdout.trim(), version)
    })
  )

  it.runIf(existsSync("/dev/full"))("exits with 1 if its output can't be written", () => {
    const full = openSync("/dev/full", "w")
    const { status, stderr } = spawnSync(process.execPath, [builtProgram, "tools", "--json"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"]
    })
    closeSync(full)
    assert.strictEqual(status, 1)
    assert.match(stderr, /^The output can't be written \(ENOSPC\)\.\n$/u)
  })

  it.live("lists tools, fewer when they are selected", () =>
    Effect.gen(function* () {
      const all = yield* run(["tools"])
      assert.match(all.stdout, /^name\s+toolset\s+hints\s+title\n/u)
      assert.match(all.stdout, /delete_run\s+runs\s+destructive/u)
      assert.include(all.stdout, `\n${allTools.length} tools`)
      const some = yield* run(["tools", "--toolsets", "runs", "--read-only"])
      assert.include(some.stdout, "wait_for_run")
      assert.notInclude(some.stdout, "delete_run")
      const json = yield* run(["tools", "--tools", "get_agent", "--json"])
      assert.strictEqual(
        json.stdout,
        '[{"name":"get_agent","toolset":"agents","hints":"read-only","title":"Get agent"}]\n'
      )
    })
  )

  it.live("shows help without colour if there is no terminal", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(["call", "--help"])
      assert.strictEqual(code, 0)
      assert.include(stdout, "--sandbox-speed <n>")
      assert.notInclude(stdout, "\u001b")
    })
  )

  it.live.skipIf(!hasTerminal)("uses colour on a terminal, unless NO_COLOR is set", () =>
    Effect.sync(() => {
      const onTerminal = (env: Readonly<Record<string, string>>) =>
        execFileSync("script", ["-qec", `"${process.execPath}" "${builtProgram}" tools`, "/dev/null"], {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], ...env }
        })
      assert.include(onTerminal({}), "\u001b[1mname")
      assert.include(onTerminal({ NO_COLOR: "" }), "\u001b[1mname")
      assert.notInclude(onTerminal({ NO_COLOR: "1" }), "\u001b[1m")
    })
  )

  it.live("accepts every flag that its help lists", () =>
    Effect.gen(function* () {
      const served = program.commands.filter(({ name }) => name === "http" || name === "call")
      for (const { args, flags, name } of [program, ...served]) {
        const { stderr, stdout } = yield* run([
          ...flags.flatMap(({ flag, value }) =>
            value === undefined ? [flag] : [flag, value.includes("|") ? (value.split("|", 1)[0] ?? "") : "7"]
          ),
          ...(name === "" ? [] : [name]),
          ...args.map(({ argument }) => (argument === "arguments" ? "{}" : "get_agent"))
        ])
        // With --json the error is on stdout.
        if (name === "call") assert.match(stdout, /"message":"Unknown toolset: \\"7\\"/u)
        else assert.match(stderr, /^Unknown toolset: "7"/u)
      }
    })
  )

  it.live("sends nothing to the real address with --sandbox, wherever the flag stands", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const cloud = yield* recorder
        const env = { SEQUENTUM_API_KEY: "sk-secret", SEQUENTUM_API_URL: cloud.url }
        const asked = ["call", "search_agents", '{"query":"books"}']
        for (const args of [
          ["--sandbox", ...asked],
          [...asked, "--sandbox"]
        ]) {
          assert.include((yield* run(args, { env })).stdout, "Books catalogue")
        }
        assert.deepStrictEqual(cloud.requests, [])
        yield* run(asked, { env })
        assert.deepStrictEqual(cloud.requests.length > 0, true)
      })
    )
  )

  it.live("ends quietly when the reader of its output has gone", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { child, exited, written } = yield* start(["demo"])
        yield* until(child.stdout, () => written.stdout.includes("1. Find an agent"))
        child.stdout.destroy()
        yield* Effect.promise(() => exited)
        assert.strictEqual(child.exitCode, 0)
        assert.strictEqual(written.stderr, "")
      })
    )
  )

  it.live("calls a tool and prints for a person or a program", () =>
    Effect.gen(function* () {
      const person = yield* run(["call", "search_agents", '{"query":"books"}', "--sandbox"])
      assert.strictEqual(person.code, 0)
      assert.match(person.stdout, /agents \(1\)\n\s+agentId\s+name/u)
      const program = yield* run(["call", "search_agents", '{"query":"books"}', "--sandbox", "--json"])
      const { agents } = yield* Schema.decode(
        Schema.parseJson(Schema.Struct({ agents: Schema.Array(Schema.Struct({ name: Schema.String })) }))
      )(program.stdout)
      assert.deepStrictEqual(
        agents.map(({ name }) => name),
        ["Books catalogue"]
      )
    })
  )

  it.live("serves a sandbox until SIGTERM", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { child, exited, written } = yield* start(["sandbox", "--port", "0", "--sandbox-speed", "60"])
        yield* until(child.stdout, () => written.stdout.includes("Ctrl-C"))
        const url = /http:\/\/127\.0\.0\.1:\d+\/api\/v1/u.exec(written.stdout)?.[0] ?? ""
        const response = yield* Effect.promise(() =>
          fetch(`${url}/spaces`, { headers: { authorization: "ApiKey any" } })
        )
        assert.strictEqual(response.status, 200)
        child.kill("SIGTERM")
        yield* Effect.promise(() => exited)
        assert.isNull(child.signalCode)
        assert.strictEqual(child.exitCode, 0)
      })
    )
  )

  it.live(
    "runs its demo to the end",
    () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(["demo"])
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(stderr, "")
        assert.match(stdout, /✓ Success with 200 records/u)
        assert.match(stdout, /books-catalogue_\d+\.csv/u)
        assert.match(stdout, /title\s+author.*\n.*\n(?:  The .*\n){5}/u)
        assert.match(stdout, /✗ Failure with 0 records\n {2}Message: Login required/u)
        assert.match(stdout, /possibleCauses/u)
        assert.notInclude(stdout, "\u001b")
        for (const line of stdout.split("\n")) assert.isAtMost(displayWidth(line), 100, line)
      }),
    60_000
  )
})
