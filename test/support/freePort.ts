import { once } from "node:events"
import { createServer } from "node:net"
import * as Effect from "effect/Effect"

/** A port of the loopback address that nobody listens on, for a program that has to be told its port. */
export const freePort = Effect.promise(async () => {
  const server = createServer()
  await once(server.listen(0, "127.0.0.1"), "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return address !== null && typeof address === "object" ? address.port : 0
})
