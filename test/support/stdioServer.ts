import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { builtProgram } from "./builtProgram.ts"

/** A message on the wire. */
const Message = Schema.Struct({
  jsonrpc: Schema.Literal("2.0"),
  id: Schema.optional(Schema.NullOr(Schema.Number)),
  method: Schema.optional(Schema.String),
  params: Schema.optional(Schema.Unknown),
  result: Schema.optional(Schema.Unknown),
  error: Schema.optional(
    Schema.Struct({ code: Schema.Int, message: Schema.String, data: Schema.optional(Schema.Unknown) })
  )
})
export type Message = typeof Message.Type

const decode = Schema.decodeUnknownOption(Schema.parseJson(Message), { onExcessProperty: "error" })
const decodeLine = (line: string) => decode(line)

interface Launch {
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly script?: string
  readonly cwd?: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Starts the built program with no environment but PATH, and talks to it in bytes. It is killed with the scope, which
 * closes when the process is gone.
 */
export const launch = ({ args = [], cwd, env = {}, script = builtProgram }: Launch) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [script, ...args], { cwd, env: { PATH: process.env["PATH"], ...env } })
        const closed = new Promise<Ended>((done) => child.once("close", (code, signal) => done({ code, signal })))
        // Writing to a server that is gone is no failure.
        child.stdin.on("error", () => undefined)
        return { child, closed }
      }),
      ({ child, closed }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return closed
        })
    ),
    ({ child, closed }) => {
      const stdout: Array<string> = []
      const stderr: Array<string> = []
      const lines = createInterface({ input: child.stdout }).on("line", (line) => stdout.push(line))
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text))

      const messages = () =>
        stdout.map(decodeLine).flatMap((message) => (message._tag === "Some" ? [message.value] : []))

      /** The first message that fits. Dies if the server ends without it. */
      const heard = (fits: (message: Message) => boolean) =>
        Effect.async<Message>((resume) => {
          const look = () => {
            const found = messages().find(fits)
            if (found === undefined) return
            lines.off("line", look)
            resume(Effect.succeed(found))
          }
          lines.on("line", look)
          void closed.then(({ code, signal }) =>
            resume(
              Effect.dieMessage(`The server ended with ${code ?? signal} after ${[...stdout, ...stderr].join("\n")}`)
            )
          )
          look()
        })

      const write = (text: string | Uint8Array) => void child.stdin.write(text)
      const send = (message: object) => write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)

      return {
        child,
        write,
        send,
        request: (id: number, method: string, params: object = {}) => send({ id, method, params }),
        heard,
        answer: (id: number) => heard((message) => message.id === id),
        /** Every line of stdout so far. */
        stdout,
        /** The lines that are no JSON-RPC message. */
        strays: () => stdout.filter((line) => decodeLine(line)._tag === "None"),
        messages,
        stderr: () => stderr.join(""),
        endInput: () => void child.stdin.end(),
        ended: Effect.promise(() => closed)
      }
    }
  )

export const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bytes-test", version: "1" } }
}

/** Params of every request in the 2026-07-28 era. */
export const envelope = (version = "2026-07-28") => ({
  _meta: {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "bytes-test", version: "1" }
  }
})

/** A server that has answered initialize. */
export const greeted = (options: Launch) =>
  Effect.gen(function* () {
    const server = yield* launch(options)
    server.send(initialize)
    yield* server.answer(1)
    server.send({ method: "notifications/initialized" })
    return server
  })
