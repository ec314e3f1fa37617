import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Stop } from "../serve/runMain.ts"
import { version } from "../runtime/version.ts"

/** The progress of a call, as its server reports it. */
export interface Report {
  readonly progress: number
  readonly total: number
  readonly message: string
}

/** The failure of the demo. */
export const failed = (what: string) => new Stop({ lines: [`The demo failed: ${what}.`] })

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1).join("").replace(/\.$/u, "")

/** Starts this program as a server with a sandbox and connects a client to it. Both end with the scope. */
export const connect = (speed: string) =>
  Effect.acquireRelease(
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
      catch: (error) => failed(`the server did not start: ${firstLine(error)}`)
    }),
    (client) => Effect.promise(() => client.close())
  )

/** The number of tools that the server offers. */
export const countTools = (client: Client) =>
  Effect.map(
    Effect.tryPromise({
      try: () => client.listTools(),
      catch: (error) => failed(`the tools could not be listed: ${firstLine(error)}`)
    }),
    ({ tools }) => tools.length
  )

const textOf = (content: ReadonlyArray<{ readonly type: string; readonly text?: unknown }>) =>
  content.flatMap(({ text }) => (typeof text === "string" ? [text] : [])).join(" ")

/** Calls a tool and decodes its structured result. Fails with Stop for any other result. */
export const callTool = <A, I>(
  client: Client,
  name: string,
  args: Readonly<Record<string, unknown>>,
  schema: Schema.Schema<A, I>,
  onReport: (report: Report) => void
) =>
  Effect.gen(function* () {
    const result = yield* Effect.tryPromise({
      try: (signal) =>
        client.callTool(
          { name, arguments: { ...args } },
          {
            signal,
            onprogress: ({ message = "", progress, total = progress }) => onReport({ progress, total, message })
          }
        ),
      catch: (error) => failed(`${name} did not answer: ${firstLine(error)}`)
    })
    if (result.isError === true) return yield* failed(`${name} answered: ${firstLine(textOf(result.content))}`)
    return yield* Effect.mapError(Schema.decodeUnknown(schema)(result.structuredContent), () =>
      failed(`${name} returned a result of another shape`)
    )
  })
