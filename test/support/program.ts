import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"

const built = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** What stdin brings; `run` alone reads it. */
  readonly input?: string
}

/** An environment without the settings of the machine that runs the tests, and without a sign-in of its user. */
const environment = (extra: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  XDG_STATE_HOME: "/nonexistent",
  ...extra
})

/** Starts the built program. It ends with the scope. */
export const start = (args: ReadonlyArray<string>, { env }: Options = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [built, ...args], { env: environment(env) })
      const written = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (text: string) => (written.stdout += text))
      child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text))
      const exited = once(child, "close")
      return { child, written, exited }
    }),
    ({ child, exited }) =>
      Effect.promise(async () => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill("SIGKILL")
          await exited
        }
      })
  )

/** Runs the built program to its end, with no more input than is given. */
export const run = (args: ReadonlyArray<string>, options: Options = {}): Effect.Effect<Outcome> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { child, exited, written } = yield* start(args, options)
      child.stdin.end(options.input ?? "")
      yield* Effect.promise(() => exited)
      return { code: child.exitCode, ...written }
    })
  )

/** Waits until the stream has brought enough. */
export const until = (stream: Readable, isEnough: () => boolean) =>
  Effect.async<void>((resume) => {
    const check = () => {
      if (!isEnough()) return
      stream.off("data", check)
      resume(Effect.void)
    }
    stream.on("data", check)
    check()
  })

/** Stands in for the cloud: records requests and answers with an empty list. */
export const recorder = Effect.acquireRelease(
  Effect.promise(async () => {
    const requests: Array<string> = []
    const server = createServer((request, response) => {
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`)
      response.writeHead(200, { "content-type": "application/json" }).end("[]")
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    return { server, requests, url: `http://127.0.0.1:${port}` }
  }),
  ({ server }) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)
