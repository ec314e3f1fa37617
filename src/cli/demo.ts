import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Stop } from "../run.ts"
import { version } from "../version.ts"
import { bar, describe, out, screenWidth, table } from "./print.ts"

/** How much faster than life the demo's runs go: one of seven minutes takes about seven seconds. */
const speed = "60"

const Agents = Schema.Struct({ agents: Schema.Array(Schema.Struct({ agentId: Schema.Number, name: Schema.String })) })
const Agent = Schema.Struct({ inputParameters: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
const Started = Schema.Struct({ run: Schema.Struct({ runId: Schema.Number }) })
const Waited = Schema.Struct({
  isFinal: Schema.Boolean,
  run: Schema.Struct({
    status: Schema.String,
    message: Schema.optional(Schema.String),
    dataCount: Schema.optional(Schema.Number),
    runTimeSec: Schema.optional(Schema.Number)
  })
})
const FileRow = Schema.Struct({
  fileId: Schema.Number,
  name: Schema.optional(Schema.String),
  type: Schema.optional(Schema.String),
  size: Schema.optional(Schema.String)
})
const FileList = Schema.Struct({ files: Schema.Array(FileRow) })
const Preview = Schema.Struct({
  rows: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  size: Schema.optional(Schema.String)
})

const failed = (what: string) => new Stop({ lines: [`The demo failed: ${what}.`] })

const isColoured = Effect.map(
  Effect.orElseSucceed(Config.option(Config.string("NO_COLOR")), () => Option.none()),
  (noColor) => process.stdout.isTTY && Option.isNone(noColor)
)

/** Starts the built server as a child process on a sandbox of its own, and connects to it. */
const connect = Effect.acquireRelease(
  Effect.tryPromise({
    try: async () => {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [process.argv[1] ?? "", "--sandbox", "--sandbox-speed", speed, "--sandbox-rate-limit", "1000"]
      })
      const client = new Client({ name: "sequentum-mcp-demo", version }, { versionNegotiation: { mode: "auto" } })
      await client.connect(transport)
      return client
    },
    catch: () => failed("the server did not start")
  }),
  (client) => Effect.promise(() => client.close())
)

const clearLine = "\r\u001b[2K"

/** The steps of the demo on one connection. */
const story = (client: Client, coloured: boolean) => {
  const style = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text)
  const bold = style(1)
  const dim = style(2)
  const width = screenWidth() - 2
  const indented = (text: string) => out(text.replaceAll(/^/gmu, "  "))

  let step = 0
  const tell = (text: string) => {
    step += 1
    return out(`\n${bold(`${step}. ${text}`)}`)
  }

  const draw = (progress: number, total: number, message: string) =>
    process.stdout.isTTY
      ? void process.stdout.write(`${clearLine}  ${bar(progress, total, message, width)}`)
      : void process.stdout.write(`  ${message}\n`)

  const call = <A, I>(name: string, args: Readonly<Record<string, unknown>>, schema: Schema.Schema<A, I>) =>
    Effect.gen(function* () {
      yield* out(dim(`  → ${name} ${JSON.stringify(args)}`))
      const result = yield* Effect.tryPromise({
        try: () =>
          client.callTool(
            { name, arguments: { ...args } },
            { onprogress: ({ message = "", progress, total = progress }) => draw(progress, total, message) }
          ),
        catch: () => failed(`${name} did not answer`)
      })
      if (result.isError === true) return yield* failed(`${name} answered with an error`)
      return yield* Effect.mapError(Schema.decodeUnknown(schema)(result.structuredContent), () =>
        failed(`${name} gave another result than it promises`)
      )
    })

  const find = (query: string) =>
    Effect.flatMap(call("search_agents", { query }, Agents), ({ agents: [agent] }) =>
      agent === undefined ? failed(`no agent was found for ${query}`) : Effect.succeed(agent)
    )

  const follow = (agentId: number, runId: number) =>
    call("wait_for_run", { agentId, runId, timeoutSeconds: 30 }, Waited).pipe(
      Effect.repeat({ until: ({ isFinal }) => isFinal, times: 3 }),
      Effect.tap(({ run }) => {
        if (process.stdout.isTTY) process.stdout.write(clearLine)
        return indented(`${run.status} after ${run.runTimeSec ?? 0} s with ${run.dataCount ?? 0} records`)
      })
    )

  const start = (agentId: number, inputs: Readonly<Record<string, unknown>>) =>
    Effect.map(
      call("start_agent", { agentId, inputParameters: JSON.stringify(inputs) }, Started),
      ({ run }) => run.runId
    )

  return Effect.gen(function* () {
    const { tools } = yield* Effect.tryPromise({
      try: () => client.listTools(),
      catch: () => failed("the tools could not be listed")
    })
    yield* out(
      `${bold("sequentum-mcp")} ${version}: a real MCP client over stdio, a real server process, an embedded Sequentum`
    )
    yield* out(dim(`protocol ${client.getNegotiatedProtocolVersion() ?? "unknown"}, ${tools.length} tools`))

    yield* tell("Find an agent")
    const books = yield* find("books")
    yield* indented(`${books.name} (agent ${books.agentId})`)

    yield* tell("Read what it takes")
    const { inputParameters } = yield* call("get_agent", { agentId: books.agentId }, Agent)
    yield* indented(describe(inputParameters, width))

    yield* tell("Start it and follow the run to its end")
    const runId = yield* start(books.agentId, inputParameters)
    yield* follow(books.agentId, runId)

    yield* tell("See what it left")
    const { files } = yield* call("get_run_files", { agentId: books.agentId, runId }, FileList)
    yield* indented(table(files, width))

    const csv = files.find(({ name = "" }) => name.endsWith(".csv"))
    if (csv === undefined) return yield* failed("the run left no CSV file")
    yield* tell(`Look at the first rows of ${csv.name ?? "the data"}`)
    const preview = yield* call(
      "preview_run_file",
      { agentId: books.agentId, runId, fileId: csv.fileId, maxRows: 5 },
      Preview
    )
    yield* indented(table(preview.rows, width))

    yield* tell("And when an agent fails?")
    const failing = yield* find("supplier")
    yield* indented(`${failing.name} (agent ${failing.agentId})`)
    const failedRun = yield* start(failing.agentId, {})
    const { run } = yield* follow(failing.agentId, failedRun)
    yield* indented(`Message: ${run.message ?? "none"}`)
    const diagnosis = yield* call("get_run_diagnostics", { agentId: failing.agentId, runId: failedRun }, Diagnosis)
    yield* indented(describe(diagnosis, width))

    yield* out(`\nThat was the sandbox. For your own account set SEQUENTUM_API_KEY and leave --sandbox out.`)
  })
}

const Diagnosis = Schema.Struct({
  possibleCauses: Schema.optional(Schema.Array(Schema.String)),
  suggestedActions: Schema.optional(Schema.Array(Schema.String))
})

/** Shows the main job end to end. Fails with Stop when any step of it does. */
export const demo = Effect.scoped(
  Effect.flatMap(Effect.all([connect, isColoured]), ([client, coloured]) => story(client, coloured))
)
