import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"

const Listening = Schema.Struct({ port: Schema.Number })

/** A Sequentum that takes every request and never answers: what is asked of it stays under way until it is given up. */
export const heldUpstream = Effect.gen(function* () {
  const taken = yield* Queue.unbounded<string>()
  const givenUp = yield* Queue.unbounded<string>()
  const server = yield* Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const listening = createServer(({ url = "" }, response) => {
        response.once("close", () => Queue.unsafeOffer(givenUp, url))
        Queue.unsafeOffer(taken, url)
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.async<void>((resume) => {
        listening.close(() => resume(Effect.void))
        listening.closeAllConnections()
      })
  )
  const { port } = yield* Effect.orDie(Schema.decodeUnknown(Listening)(server.address()))
  return {
    env: { SEQUENTUM_API_URL: `http://127.0.0.1:${port}`, SEQUENTUM_API_KEY: "sk-held-secret" },
    /** The path of the next request. */
    taken: Queue.take(taken),
    /** The path of the next request whose connection its sender closed. */
    givenUp: Queue.take(givenUp)
  }
})
