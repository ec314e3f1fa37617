import * as Effect from "effect/Effect"
import { settings, type Overrides } from "../config.ts"
import type { FieldSet } from "../sandbox/state.ts"
import { Stop } from "../serve/runMain.ts"
import { out } from "./print.ts"

interface Shape {
  readonly speed: number
  readonly rateLimit: number
  readonly fields: FieldSet
  readonly agents: number
}

const isInUse = (cause: unknown) => cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE"

/** Starts a sandbox in the scope and succeeds with its URL. Fails with Stop if it can't listen on the port. */
const startSandbox = ({ agents, fields, rateLimit, speed }: Shape, port = 0) =>
  Effect.gen(function* () {
    const { serve } = yield* Effect.promise(() => import("../sandbox/server.ts"))
    return yield* Effect.mapError(
      serve({ speed, rateLimitPerMinute: rateLimit, fields, agents, port }),
      ({ cause }) => {
        const address = `127.0.0.1:${port}`
        const problem = isInUse(cause) ? `${address} is already in use.` : `Can't listen on ${address}.`
        return new Stop({ lines: [`${problem} Choose another --port.`] })
      }
    )
  })

/** Calls `use` with the overrides; if `sandbox` is set, they point to a sandbox and replace the real key. */
export const withSandbox = <A, E, R>(
  { sandbox, ...shape }: Shape & { readonly sandbox: boolean },
  overrides: Overrides,
  use: (overrides: Overrides) => Effect.Effect<A, E, R>
) =>
  sandbox
    ? Effect.scoped(
        Effect.flatMap(startSandbox(shape), ({ url }) =>
          use(new Map([...overrides, [settings.apiUrl.env, url], [settings.apiKey.env, "sandbox"]]))
        )
      )
    : use(overrides)

/** Serves the sandbox alone until it is interrupted, and prints how to use it. */
export const serveSandbox = ({ port, ...shape }: Shape & { readonly port: number }) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { url } = yield* startSandbox(shape, port)
      yield* out(
        [
          `A sandbox of the Sequentum API is listening at ${url}/api/v1`,
          `Any key is an account of its own: SEQUENTUM_API_URL=${url} SEQUENTUM_API_KEY=any sequentum-mcp`,
          "Stop it with Ctrl-C."
        ].join("\n")
      )
      return yield* Effect.never
    })
  )
