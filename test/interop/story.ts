import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { CallOptions, Speaker } from "../support/speakers.ts"

const Result = Schema.Struct({
  isError: Schema.optional(Schema.Boolean),
  structuredContent: Schema.optional(Schema.Unknown),
  content: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) }))
})

/** Calls a tool and returns its result, whether it succeeded or not. */
export const outcome = (
  speaker: Speaker,
  name: string,
  args: Readonly<Record<string, unknown>>,
  options?: CallOptions
) =>
  Effect.flatMap(
    Effect.promise(() => speaker.callTool(name, args, options)),
    (result) => Effect.orDie(Schema.decodeUnknown(Result)(result))
  )

/** Calls a tool that must succeed and returns its structured content. */
const call = <A, I>(
  speaker: Speaker,
  schema: Schema.Schema<A, I>,
  name: string,
  args: Readonly<Record<string, unknown>>,
  options?: CallOptions
) =>
  Effect.flatMap(outcome(speaker, name, args, options), (result) => {
    assert.notStrictEqual(result.isError, true, result.content[0]?.text)
    return Effect.orDie(Schema.decodeUnknown(schema)(result.structuredContent))
  })

const Found = Schema.Struct({ agents: Schema.Array(Schema.Struct({ agentId: Schema.Number, name: Schema.String })) })
const Agent = Schema.Struct({ inputParameters: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
const Started = Schema.Struct({ run: Schema.Struct({ runId: Schema.Number, status: Schema.String }) })
const Waited = Schema.Struct({ isFinal: Schema.Boolean, run: Schema.Struct({ status: Schema.String }) })
const Files = Schema.Struct({ files: Schema.Array(Schema.Struct({ fileId: Schema.Number, name: Schema.String })) })
const Preview = Schema.Struct({ columns: Schema.Array(Schema.String), rows: Schema.Array(Schema.Unknown) })

export const startBooks = (speaker: Speaker) =>
  Effect.gen(function* () {
    const { agents } = yield* call(speaker, Found, "search_agents", { query: "books" })
    const agentId = agents[0]?.agentId ?? 0
    const { run } = yield* call(speaker, Started, "start_agent", { agentId })
    return { agentId, runId: run.runId }
  })

/** The main job: find an agent, read it, start it, wait for its end, preview its data. Returns the ids of the run. */
export const mainJob = (speaker: Speaker) =>
  Effect.gen(function* () {
    const { tools } = yield* Effect.promise(() => speaker.listTools())
    assert.strictEqual(tools.length, allTools.length)
    const { agents } = yield* call(speaker, Found, "search_agents", { query: "books" })
    assert.deepStrictEqual(
      agents.map(({ name }) => name),
      ["Books catalogue"]
    )
    const agentId = agents[0]?.agentId ?? 0
    const { inputParameters } = yield* call(speaker, Agent, "get_agent", { agentId })
    assert.deepStrictEqual(Object.keys(inputParameters), ["category", "maxPages"])
    const { run } = yield* call(speaker, Started, "start_agent", {
      agentId,
      inputParameters: JSON.stringify(inputParameters)
    })
    const messages: Array<string> = []
    const { run: ended } = yield* call(
      speaker,
      Waited,
      "wait_for_run",
      { agentId, runId: run.runId, timeoutSeconds: 45 },
      { onprogress: (message) => messages.push(message) }
    )
    assert.strictEqual(ended.status, "Success")
    assert.isAtLeast(messages.length, 1)
    for (const message of messages) assert.match(message, /^[A-Z][\w()]+: \d+ records, \d+ pages, \d+ errors$/u)
    const { files } = yield* call(speaker, Files, "get_run_files", { agentId, runId: run.runId })
    const csv = files.find(({ name }) => name.endsWith(".csv"))
    const { columns, rows } = yield* call(speaker, Preview, "preview_run_file", {
      agentId,
      runId: run.runId,
      fileId: csv?.fileId ?? 0,
      maxRows: 3
    })
    assert.include(columns, "title")
    assert.strictEqual(rows.length, 3)
    return { agentId, runId: run.runId }
  })
