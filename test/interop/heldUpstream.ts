import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { localServer } from "../support/localServer.ts"

/** A Sequentum that accepts every request and never answers: requests stay pending until they are cancelled. */
export const heldUpstream = Effect.gen(function* () {
  const taken = yield* Queue.unbounded<string>()
  const givenUp = yield* Queue.unbounded<string>()
  const { url } = yield* localServer(({ url: path = "" }, response) => {
    response.once("close", () => Queue.unsafeOffer(givenUp, path))
    Queue.unsafeOffer(taken, path)
  })
  return {
    env: { SEQUENTUM_API_URL: url, SEQUENTUM_API_KEY: "sk-held-secret", DRAIN: "1 second" },
    /** The path of the next request. */
    taken: Queue.take(taken),
    /** The path of the next request whose sender closed the connection. */
    givenUp: Queue.take(givenUp)
  }
})
