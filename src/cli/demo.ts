import type { Client } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "../runtime/version.ts"
import { callTool, connect, countTools, failed, type Report } from "./demoClient.ts"
import { bar, clearLine, cut, indent, out, screenWidth, stdoutStyle, wrap, type Style } from "./print.ts"
import { describe, table } from "./table.ts"

/** Speed-up factor: a run of seven minutes takes about four seconds. */
const speed = "100"

const Agents = Schema.Struct({ agents: Schema.Array(Schema.Struct({ agentId: Schema.Number, name: Schema.String })) })
const Agent = Schema.Struct({ inputParameters: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
const Started = Schema.Struct({ run: Schema.Struct({ runId: Schema.Number }) })
const Waited = Schema.Struct({
  isFinal: Schema.Boolean,
  run: Schema.Struct({
    status: Schema.String,
    message: Schema.optional(Schema.String),
    dataCount: Schema.optional(Schema.Number)
  })
})
const FileList = Schema.Struct({
  files: Schema.Array(
    Schema.Struct({
      fileId: Schema.Number,
      name: Schema.optional(Schema.String),
      type: Schema.optional(Schema.String),
      size: Schema.optional(Schema.String)
    })
  )
})
const Preview = Schema.Struct({ rows: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })) })
const Diagnosis = Schema.Struct({
  possibleCauses: Schema.optional(Schema.Array(Schema.String)),
  suggestedActions: Schema.optional(Schema.Array(Schema.String))
})

const width = () => Math.min(screenWidth(), 100)

const paragraph = (text: string) => out(indent(wrap(text, width() - 2).join("\n")))

const draw = ({ message, progress, total }: Report) =>
  void process.stdout.write(
    process.stdout.isTTY
      ? `${clearLine}  ${bar(progress, total, message, width() - 3)}`
      : `  ${cut(message, width() - 2)}\n`
  )

/** The steps of the demo. */
const makeSteps = (client: Client, { bad, bold, dim, good }: Style) => {
  let number = 0
  const announce = (title: string) => out(`\n${bold(`${(number += 1)}. ${title}`)}`)

  const call = <A, I>(name: string, args: Readonly<Record<string, unknown>>, schema: Schema.Schema<A, I>) =>
    Effect.zipRight(
      out(`  ${dim(cut(`→ ${name} ${JSON.stringify(args)}`, width() - 2))}`),
      callTool(client, name, args, schema, draw)
    )

  const find = (query: string) =>
    Effect.gen(function* () {
      const { agents } = yield* call("search_agents", { query }, Agents)
      const [agent] = agents
      if (agent === undefined) return yield* failed(`no agent was found for ${query}`)
      yield* paragraph(`${agent.name} (agent ${agent.agentId})`)
      return agent
    })

  const start = (agentId: number, inputs: Readonly<Record<string, unknown>>) =>
    Effect.map(
      call("start_agent", { agentId, inputParameters: JSON.stringify(inputs) }, Started),
      ({ run }) => run.runId
    )

  const follow = (agentId: number, runId: number) =>
    Effect.gen(function* () {
      const { isFinal, run } = yield* call("wait_for_run", { agentId, runId, timeoutSeconds: 30 }, Waited).pipe(
        Effect.repeat({ until: ({ isFinal }) => isFinal, times: 2 })
      )
      if (!isFinal) return yield* failed(`run ${runId} did not end`)
      const mark = run.status === "Success" ? good("✓") : bad("✗")
      yield* out(`${process.stdout.isTTY ? clearLine : ""}  ${mark} ${run.status} with ${run.dataCount ?? 0} records`)
      return run
    })

  return { announce, call, find, start, follow }
}

type Steps = ReturnType<typeof makeSteps>

const success = ({ announce, call, find, follow, start }: Steps) =>
  Effect.gen(function* () {
    yield* announce("Find an agent")
    const { agentId } = yield* find("books")

    yield* announce("Read its input parameters")
    const { inputParameters } = yield* call("get_agent", { agentId }, Agent)
    yield* out(indent(describe(inputParameters, width() - 2)))

    yield* announce("Start it and follow the run to its end")
    const runId = yield* start(agentId, inputParameters)
    yield* follow(agentId, runId)

    yield* announce("List the files it produced")
    const { files } = yield* call("get_run_files", { agentId, runId }, FileList)
    yield* out(indent(table(files, width() - 2)))

    const csv = files.find(({ name = "" }) => name.endsWith(".csv"))
    if (csv === undefined) return yield* failed("the run left no CSV file")
    yield* announce("Look at the first rows without downloading the file")
    const { rows } = yield* call("preview_run_file", { agentId, runId, fileId: csv.fileId, maxRows: 5 }, Preview)
    yield* out(indent(table(rows, width() - 2)))
  })

const failure = ({ announce, call, find, follow, start }: Steps) =>
  Effect.gen(function* () {
    yield* announce("And when an agent fails?")
    const { agentId } = yield* find("supplier")
    const runId = yield* start(agentId, {})
    const { message = "none" } = yield* follow(agentId, runId)
    yield* paragraph(`Message: ${message}`)

    yield* announce("Ask why")
    const diagnosis = yield* call("get_run_diagnostics", { agentId, runId }, Diagnosis)
    yield* out(indent(describe(diagnosis, width() - 2)))
  })

/** Shows the main job end to end. Fails with Stop if a step fails. */
export const demo = Effect.scoped(
  Effect.gen(function* () {
    const style = yield* stdoutStyle
    const client = yield* connect(speed)
    const count = yield* countTools(client)
    yield* out(
      `${style.bold(`sequentum-mcp ${version}`)}: a real MCP client, a real server process, an embedded Sequentum`
    )
    const revision = client.getNegotiatedProtocolVersion() ?? "unknown"
    yield* out(style.dim(`MCP ${revision} over stdio, ${count} tools, runs sped up ${speed} times`))
    const steps = makeSteps(client, style)
    yield* success(steps)
    yield* failure(steps)
    yield* out(
      `\n${wrap("That was the sandbox. To use your own account, set SEQUENTUM_API_KEY, or sign in with sequentum-mcp login. Then see sequentum-mcp install.", width()).join("\n")}`
    )
  })
)
