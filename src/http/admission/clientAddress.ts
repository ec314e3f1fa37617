import ipaddr from "ipaddr.js"
import * as Option from "effect/Option"

interface Peer {
  readonly remoteAddress: Option.Option<string>
  readonly forwardedFor: string | undefined
}

/** An address with a port, as some proxies write it: `192.0.2.1:443`, `[2001:db8::1]:443`. */
const withPort = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>[\d.]+):\d+)$/u

/**
 * The name by which requests from an address are counted: the same for every spelling. IPv6 counts by its first 64 bits,
 * since one customer gets all of them. None for what is no address.
 */
export const addressName = (text: string): Option.Option<string> => {
  const groups = withPort.exec(text.trim())?.groups
  const address = (groups?.["v6"] ?? groups?.["v4"] ?? text.trim()).replace(/%.*$/u, "")
  // The library reads `1` and `0x7f.1` as addresses too, as old programs do. No proxy writes them.
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return Option.none()
  const parsed = ipaddr.process(address)
  return Option.some(
    parsed instanceof ipaddr.IPv6
      ? `${parsed.parts
          .slice(0, 4)
          .map((part) => part.toString(16))
          .join(":")}::/64`
      : parsed.toString()
  )
}

/**
 * The address that a request counts for. Of `X-Forwarded-For` only the last entry is trusted, and only behind a trusted
 * proxy, which wrote it. The entries before it came from the client. If it is no address, the proxy's own counts.
 */
export const clientAddress = ({ forwardedFor, remoteAddress }: Peer, trustProxy: boolean): string => {
  const last = trustProxy ? forwardedFor?.split(",").at(-1) : undefined
  return Option.getOrElse(
    Option.orElse(Option.flatMap(Option.fromNullable(last), addressName), () =>
      Option.flatMap(remoteAddress, addressName)
    ),
    () => "unknown"
  )
}
