import * as Effect from "effect/Effect"
import { localServer, portOf } from "./localServer.ts"

/** A port of the loopback address that nothing listens on, for a program that must be told its port. */
export const freePort = Effect.scoped(
  Effect.map(
    localServer(() => undefined),
    ({ server }) => portOf(server)
  )
)
