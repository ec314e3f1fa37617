import { lookup } from "node:dns"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isIP } from "node:net"

/**
 * Finds the addresses of a host before its URL is handed on. None means that nothing is known: the default looks nothing
 * up, and behind a proxy only the proxy can.
 */
export class HostNames extends Context.Reference<HostNames>()("sequentum/HostNames", {
  defaultValue: () => ({ addressesOf: (_: URL): Effect.Effect<ReadonlyArray<string>> => Effect.succeed([]) })
}) {}

/** A name that takes longer is not waited for. */
const maxTime = Duration.seconds(1)

/** The addresses of a name, by the resolver of the system. None if it does not answer at once. */
export const systemAddresses = ({ hostname }: URL): Effect.Effect<ReadonlyArray<string>> =>
  isIP(hostname) !== 0 || hostname.startsWith("[")
    ? Effect.succeed([])
    : Effect.timeoutTo(
        Effect.async<ReadonlyArray<string>>((resume) => {
          lookup(hostname, { all: true }, (error, addresses) =>
            resume(Effect.succeed(error === null ? addresses.map(({ address }) => address) : []))
          )
        }),
        { duration: maxTime, onSuccess: (addresses) => addresses, onTimeout: () => [] }
      )
