import * as Effect from "effect/Effect"
import { startSandbox } from "./options.ts"
import { out } from "./print.ts"

interface Serving {
  readonly speed: number
  readonly rateLimit: number
  readonly port: number
}

/** Serves the sandbox alone until it is interrupted, and says how to use it. */
export const serveSandbox = ({ port, ...shape }: Serving) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { url } = yield* startSandbox(shape, port)
      yield* out(
        [
          `A sandbox of the Sequentum API is listening at ${url}/api/v1`,
          `Any key is an account of its own: SEQUENTUM_API_URL=${url} SEQUENTUM_API_KEY=any sequentum-mcp`,
          "End it with Ctrl-C."
        ].join("\n")
      )
      return yield* Effect.never
    })
  )
