import * as Effect from "effect/Effect"
import { start } from "./program.ts"

/** The built program as an endpoint on a free port. It ends with the scope. */
export const program = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { child, exited, written } = yield* start(["http", "--port", "0", ...args], { env })
    const url = yield* Effect.async<string>((resume) => {
      const look = () => {
        const [, found] = /(http:\/\/127\.0\.0\.1:\d+)\/mcp/u.exec(written.stderr) ?? []
        if (found !== undefined) resume(Effect.succeed(found))
      }
      child.stderr.on("data", look)
      look()
    })
    const ended = Effect.map(
      Effect.promise(() => exited),
      () => ({ code: child.exitCode, ...written })
    )
    return { child, ended, written, url, mcp: `${url}/mcp` }
  })
