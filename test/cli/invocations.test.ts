import { once } from "node:events"
import { createServer } from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { exampleWords, propertiesOf } from "../../src/cli/toolHelp.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { serve } from "../../src/sandbox/server.ts"
import { run, start, until } from "../support/program.ts"

/** An upstream that answers GET /agent/<status> with that status, runs by their id, and never agent 1. */
class Stub extends Context.Tag("test/Stub")<Stub, { readonly url: string; readonly requests: Array<string> }>() {
  static readonly layer = Layer.scoped(
    Stub,
    Effect.map(
      Effect.acquireRelease(
        Effect.promise(async () => {
          const requests: Array<string> = []
          const server = createServer((request, response) => {
            const path = request.url ?? ""
            requests.push(path)
            const json = (status: number, value: unknown) =>
              response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
            const [, agent = ""] = /\/agent\/(\d+)$/u.exec(path) ?? []
            const [, status = ""] = /\/run\/(\d+)\/status$/u.exec(path) ?? []
            if (agent === "1") return
            if (agent === "200") json(200, [])
            else if (agent !== "") json(Number(agent), { message: "no" })
            else if (status !== "") json(200, { id: 7, status: Number(status) })
            else if (path.endsWith("/start")) json(500, { message: "no" })
            else json(200, [])
          })
          await once(server.listen(0, "127.0.0.1"), "listening")
          const address = server.address()
          const port = address !== null && typeof address === "object" ? address.port : 0
          return { server, requests, url: `http://127.0.0.1:${port}` }
        }),
        ({ server }) => Effect.sync(() => server.close().closeAllConnections())
      ),
      ({ requests, url }) => ({ requests, url })
    )
  )
}

interface Invocation {
  readonly args: string
  readonly words?: ReadonlyArray<string>
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly code: number
  readonly stdout: RegExp | ""
  readonly stderr: RegExp | ""
}

const error = (kind: string, exitCode: number) =>
  new RegExp(`^\\{"error":\\{"kind":"${kind}","exitCode":${exitCode},"message":".+"\\}\\}\\n$`, "u")
const line = (text: string) => new RegExp(`^[^\\n]*${text}[^\\n]*\\n$`, "u")

/** Words that are separated by spaces; `words` follow. Without SEQUENTUM_API_URL in `env` the stub is upstream. */
const invocations: ReadonlyArray<Invocation> = [
  {
    args: "call restore_agent_version agentId=200 versionNumber=2 comments=back --json",
    env: { SEQUENTUM_CONFIRM: "always" },
    code: 4,
    stdout: error("refused", 4),
    stderr: ""
  },
  {
    args: "call restore_agent_version agentId=200 versionNumber=2 comments=back --yes --json",
    env: { SEQUENTUM_CONFIRM: "always" },
    code: 0,
    stdout: /^\{"restored":true,/u,
    stderr: ""
  },
  { args: "--version", code: 0, stdout: /^\d+\.\d+\.\d+\n$/u, stderr: "" },
  { args: "help", code: 0, stdout: /^MCP server for Sequentum Cloud[\s\S]*\nCommands\n/u, stderr: "" },
  { args: "help call", code: 0, stdout: /sequentum-mcp call <tool> \[name=value \.\.\.\] \[flags\]/u, stderr: "" },
  { args: "help call start_agent", code: 0, stdout: /^Start agent \(runs; writes, open world\)\n/u, stderr: "" },
  {
    args: "call start_agent --help",
    code: 0,
    stdout:
      /\n {2}timeout +integer 1\.\.3600, default 60\. [\s\S]*\nExample\n {2}sequentum-mcp call start_agent agentId=4101/u,
    stderr: ""
  },
  { args: "tools get_credits_balance", code: 0, stdout: /It has no parameters\.\n/u, stderr: "" },
  {
    args: "tools get_agent --json",
    code: 0,
    stdout: /^\{"name":"get_agent",.*"inputSchema":\{"type":"object"/u,
    stderr: ""
  },
  { args: "tools get_agnet", code: 2, stdout: "", stderr: line("Did you mean get_agent\\?") },
  { args: "call nothing --help", code: 2, stdout: "", stderr: line('Unknown tool: "nothing"\\.') },
  { args: "cal get_agent", code: 2, stdout: "", stderr: line('Unknown command: "cal"\\. Did you mean call\\?') },
  { args: "call get_agent --jsn", code: 2, stdout: "", stderr: line("Unknown flag: --jsn\\. Did you mean --json\\?") },
  { args: "call --json", code: 2, stdout: error("usage", 2), stderr: "" },
  { args: "call get_agent", code: 2, stdout: "", stderr: line("agentId is required") },
  { args: "call get_agent agentId=four --json", code: 2, stdout: error("usage", 2), stderr: "" },
  { args: "call get_agent 4101", code: 2, stdout: "", stderr: line('"4101" is not an argument: write name=value') },
  { args: "call get_agent agentId=4 agentId=5", code: 2, stdout: "", stderr: line('"agentId" is given twice') },
  { args: "call get_agent", words: ["[4]"], code: 2, stdout: "", stderr: line('"\\[4\\]" is not an argument') },
  { args: "call get_agent -", input: "[4]", code: 2, stdout: "", stderr: line("stdin are not a JSON object") },
  { args: "call get_agent -", input: "", code: 2, stdout: "", stderr: line("stdin are not JSON") },
  {
    args: "call get_agent agentId=4101 --sandbox",
    code: 0,
    stdout: /^agentId: 4101\nname: Books catalogue\n/u,
    stderr: ""
  },
  {
    args: "call get_agent - --sandbox --json",
    input: '{"agentId":4101}',
    code: 0,
    stdout: /^\{"agentId":4101,"name":"Books catalogue",.*\}\n$/u,
    stderr: ""
  },
  {
    args: "call list_agents recordsPerPage=2 --sandbox --json",
    words: ['{"search":"a"}'],
    code: 0,
    stdout: /"agents":\[\{[^[\]]*\},\{[^[\]]*\}\]/u,
    stderr: ""
  },
  {
    args: "call start_agent agentId=4101 --sandbox",
    code: 0,
    stdout: /status: /u,
    stderr: line("To keep one between calls, run sequentum-mcp sandbox")
  },
  { args: "call get_agent agentId=404", code: 3, stdout: "", stderr: line("nothing at GET /agent/404") },
  { args: "call get_agent agentId=404 --json", code: 3, stdout: error("notFound", 3), stderr: "" },
  { args: "call get_agent agentId=401", code: 4, stdout: "", stderr: line("refused the credentials") },
  { args: "call get_agent agentId=403 --json", code: 4, stdout: error("refused", 4), stderr: "" },
  { args: "call get_agent agentId=422", code: 4, stdout: "", stderr: line("refused the request \\(422") },
  { args: "call get_agent agentId=429 --json", code: 5, stdout: error("tryLater", 5), stderr: "" },
  {
    args: "call get_agent agentId=4",
    env: { SEQUENTUM_API_URL: "http://127.0.0.1:1" },
    code: 6,
    stdout: "",
    stderr: line("can't be reached \\(ECONNREFUSED\\)")
  },
  { args: "call get_agent agentId=200 --json", code: 1, stdout: error("failed", 1), stderr: "" },
  { args: "call start_agent agentId=5 --json", code: 1, stdout: error("failed", 1), stderr: "" },
  {
    args: "call wait_for_run agentId=5 runId=1 timeoutSeconds=1 --json",
    code: 7,
    stdout: /^\{.*"isFinal":false.*\}\n$/u,
    stderr: line("has not ended yet")
  },
  { args: "call wait_for_run agentId=5 runId=6", code: 0, stdout: /status: Failure/u, stderr: "" },
  {
    args: "call wait_for_run agentId=5 runId=6 --fail-on-failure",
    code: 1,
    stdout: /status: Failure/u,
    stderr: line("did not end with success")
  },
  { args: "call wait_for_run agentId=5 runId=10 --fail-on-failure", code: 0, stdout: /Success/u, stderr: "" },
  { args: "completion tcsh", code: 2, stdout: "", stderr: line("choose bash, zsh or fish") },
  { args: "completion fish", code: 0, stdout: /\ncomplete -c sequentum-mcp -f/u, stderr: "" },
  { args: "call get_agent agentId=4", env: { SEQUENTUM_API_KEY: "" }, code: 2, stdout: "", stderr: line("is not set") }
]

const fits = (text: string, wanted: RegExp | "", what: string) =>
  wanted === "" ? assert.strictEqual(text, "", what) : assert.match(text, wanted, what)

layer(Stub.layer, { excludeTestServices: true })("each invocation has its exit code, stdout and stderr", (it) => {
  for (const { args, code, env, input, stderr, stdout, words = [] } of invocations) {
    it.effect([args, ...words].join(" "), () =>
      Effect.gen(function* () {
        const { url } = yield* Stub
        const outcome = yield* run([...args.split(" "), ...words], {
          env: { SEQUENTUM_API_URL: url, SEQUENTUM_API_KEY: "sk-test", ...env },
          ...(input === undefined ? {} : { input })
        })
        fits(outcome.stdout, stdout, outcome.stderr)
        fits(outcome.stderr, stderr, outcome.stderr)
        assert.strictEqual(outcome.code, code)
      })
    )
  }

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143]
  ] as const) {
    it.scoped(`exits with ${code} on ${signal}`, () =>
      Effect.gen(function* () {
        const { requests, url } = yield* Stub
        const before = requests.length
        const { child, exited, written } = yield* start(["call", "get_agent", "agentId=1"], {
          env: { SEQUENTUM_API_URL: url, SEQUENTUM_API_KEY: "sk-test" }
        })
        while (requests.length === before) yield* Effect.sleep("20 millis")
        child.kill(signal)
        yield* Effect.promise(() => exited)
        assert.strictEqual(child.exitCode, code)
        assert.deepStrictEqual(written, { stdout: "", stderr: "" })
      })
    )
  }

  it.scoped("a server that Ctrl-C stops has done its work", () =>
    Effect.gen(function* () {
      const { child, exited, written } = yield* start(["sandbox", "--port", "0"])
      yield* until(child.stdout, () => written.stdout.includes("Ctrl-C"))
      child.kill("SIGINT")
      yield* Effect.promise(() => exited)
      assert.strictEqual(child.exitCode, 0)
    })
  )
})

/** A word of an example, as a shell hands it on. */
const unquoted = (word: string) => word.replaceAll("'", "")

const account = Effect.map(serve({ rateLimitPerMinute: 100_000 }), ({ url }) => ({
  env: { SEQUENTUM_API_URL: url, SEQUENTUM_API_KEY: "any", SEQUENTUM_CONFIRM: "never" }
}))

describe("the example of each tool", () => {
  it.scopedLive.each(["wait_for_run", "create_agent_schedule", "compare_run_data", "find_runs"])(
    "is accepted, also where a tool takes one thing or another: %s",
    (name) =>
      Effect.gen(function* () {
        const tool = allTools.find((one) => one.name === name) ?? assert.fail(name)
        const { code, stderr } = yield* run(["call", name, ...exampleWords(tool).map(unquoted)], yield* account)
        assert.include([0, 3], code, stderr)
      })
  )

  it("names parameters that it has, and all that are required", () => {
    for (const tool of allTools) {
      const names = exampleWords(tool).map((word) => word.split("=", 1)[0] ?? "")
      assert.includeMembers([...propertiesOf(tool).keys()], names, tool.name)
      const { required } = Schema.decodeUnknownSync(
        Schema.Struct({ required: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }) })
      )(tool.inputSchema)
      assert.includeMembers(names, [...required], tool.name)
    }
  })
})
