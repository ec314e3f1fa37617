import { BlockList, isIP } from "node:net"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/** An address of a proxy, which may hold a password. */
export type Proxy = Redacted.Redacted<URL>

/** The settings HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export interface Proxies {
  readonly httpsProxy: Option.Option<Proxy>
  readonly httpProxy: Option.Option<Proxy>
  /** Host names, addresses and networks that are reached directly. */
  readonly noProxy: ReadonlyArray<string>
}

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4")

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8)
loopback.addAddress("::1", "ipv6")

const withoutBrackets = (host: string) => host.replace(/^\[(.*)\]$/u, "$1")

const isLoopback = (host: string) =>
  isIP(host) === 0 ? /^(?:.*\.)?localhost\.?$/u.test(host) : loopback.check(host, familyOf(host))

const isInNetwork = (host: string, network: string, bits: number): boolean => {
  if (isIP(host) === 0 || isIP(network) === 0 || bits > (isIP(network) === 6 ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(network, bits, familyOf(network))
  return list.check(host, familyOf(host))
}

const defaultPort = (url: URL) => (url.protocol === "https:" ? "443" : "80")

/**
 * Whether an entry of NO_PROXY means `url`: `*`, a host name with all below it, either with a port, an address, or a
 * network such as `10.0.0.0/8`.
 */
const isMeant = (entry: string, url: URL): boolean => {
  if (entry === "*") return true
  const host = withoutBrackets(url.hostname.toLowerCase())
  const [, network = "", bits] = /^(.+)\/(\d{1,3})$/u.exec(entry) ?? []
  if (bits !== undefined) return isInNetwork(host, withoutBrackets(network), Number(bits))
  const [, named = "", port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/u.exec(entry) ?? ["", entry]
  if (port !== undefined && port !== (url.port === "" ? defaultPort(url) : url.port)) return false
  const name = withoutBrackets(named.toLowerCase()).replace(/^\*?\.|\.$/gu, "")
  if (isIP(name) !== 0) return isInNetwork(host, name, isIP(name) === 6 ? 128 : 32)
  return name !== "" && (host === name || host.endsWith(`.${name}`))
}

/** The proxy for requests to `url`, if any. Never one for this machine itself, whatever NO_PROXY says. */
export const proxyFor = ({ httpProxy, httpsProxy, noProxy }: Proxies, url: URL): Option.Option<Proxy> =>
  Option.filter(
    url.protocol === "https:" ? httpsProxy : httpProxy,
    () => !isLoopback(withoutBrackets(url.hostname)) && !noProxy.some((entry) => isMeant(entry, url))
  )
