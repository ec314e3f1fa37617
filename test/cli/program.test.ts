import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "../../src/version.ts"
import { run, start } from "./program.ts"

const oneLine = (text: string) => text.trimEnd().split("\n").length === 1 && text.trim() !== ""

const refusals: ReadonlyArray<{
  readonly what: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly says: RegExp
}> = [
  { what: "no key", args: [], says: /SEQUENTUM_API_KEY is not set/u },
  { what: "an unknown flag", args: ["--bogus"], says: /Unknown flag: --bogus/u },
  { what: "an unknown command", args: ["frobnicate"], says: /'call'/u },
  { what: "a speed that is no number", args: ["--sandbox", "--sandbox-speed", "fast"], says: /fast/u },
  {
    what: "a speed of zero",
    args: ["--sandbox", "--sandbox-speed", "0"],
    says: /--sandbox-speed must be more than 0/u
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
  { what: "an unknown tool", args: ["call", "get_agnet", "--sandbox"], says: /Unknown tool: "get_agnet"/u },
  {
    what: "a bad argument",
    args: ["call", "get_agent", '{"agentId":0}', "--sandbox"],
    says: /agentId must be an integer/u
  },
  {
    what: "a tool that fails",
    args: ["call", "get_agent", '{"agentId":99}', "--sandbox"],
    says: /nothing at GET \/agent\/99/u
  }
]

describe("the program refuses in one line on stderr", () => {
  for (const { args, env = {}, says, what } of refusals) {
    it.live(what, () =>
      Effect.gen(function* () {
        const outcome = yield* run(args, { env })
        assert.strictEqual(outcome.code, 1)
        assert.strictEqual(outcome.stdout, "")
        assert.isTrue(oneLine(outcome.stderr), outcome.stderr)
        assert.match(outcome.stderr, says)
        assert.notInclude(outcome.stderr, "sk-secret")
      })
    )
  }

  it.live("every bad setting, a line each", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run([], { env: { MAX_RESULT_BYTES: "few", SEQUENTUM_READ_ONLY: "perhaps" } })
      assert.strictEqual(code, 1)
      assert.strictEqual(stderr.trimEnd().split("\n").length, 2)
      assert.include(stderr, "MAX_RESULT_BYTES must be")
      assert.include(stderr, "SEQUENTUM_READ_ONLY must be")
    })
  )
})

describe("the program", () => {
  it.live("tells its version", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(["--version"])).stdout.trim(), version)
    })
  )

  it.live("lists tools, fewer when they are selected", () =>
    Effect.gen(function* () {
      const all = yield* run(["tools"])
      assert.match(all.stdout, /delete_run\s+runs\s+destructive/u)
      assert.match(all.stdout, /46 tools/u)
      const some = yield* run(["tools", "--toolsets", "runs", "--read-only"])
      assert.include(some.stdout, "wait_for_run")
      assert.notInclude(some.stdout, "delete_run")
    })
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

  it.live("serves a sandbox until it is told to end", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { child, exited, written } = yield* start(["sandbox", "--port", "0"])
        yield* Effect.promise(
          () =>
            new Promise((resolve) => child.stdout.on("data", () => written.stdout.includes("Ctrl-C") && resolve(null)))
        )
        const url = /http:\/\/127\.0\.0\.1:\d+\/api\/v1/u.exec(written.stdout)?.[0] ?? ""
        const response = yield* Effect.promise(() =>
          fetch(`${url}/spaces`, { headers: { authorization: "ApiKey any" } })
        )
        assert.strictEqual(response.status, 200)
        child.kill("SIGTERM")
        yield* Effect.promise(() => exited)
        assert.isNull(child.signalCode)
      })
    )
  )

  it.live(
    "tells the whole story in its demo",
    () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(["demo"])
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /Success after \d+ s with 200 records/u)
        assert.match(stdout, /books-catalogue_\d+\.csv/u)
        assert.match(stdout, /title\s+author/u)
        assert.match(stdout, /Message: Login required/u)
        assert.match(stdout, /possibleCauses/u)
      }),
    60_000
  )
})
