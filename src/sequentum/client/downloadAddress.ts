import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns"
import type { LookupFunction } from "node:net"
import * as Effect from "effect/Effect"
import ipaddr from "ipaddr.js"
import type { UnexpectedResponse } from "../errors.ts"
import { unusable, type RequestLine } from "./Upstream.ts"

/** What decides where files may be fetched from. */
export interface DownloadSettings {
  readonly apiUrl: URL
  /** Hosts that may have any address, besides the API's own. In lower case, without a port. */
  readonly allowedDownloadHosts?: ReadonlyArray<string>
}

/** A host as it stands in a URL, without brackets and without the dot at the end of a full name. */
const bare = (hostname: string) =>
  hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/u, "$1")
    .replace(/\.$/u, "")

const globalIPv6 = ipaddr.parseCIDR("2000::/3")

/** Inside an IPv6 address of NAT64, the IPv4 address that it stands for. */
const behindNat64 = (address: ipaddr.IPv6) => new ipaddr.IPv4(address.toByteArray().slice(12))

const isPublicIPv4 = (address: ipaddr.IPv4) => address.range() === "unicast"

const isPublicIPv6 = (address: ipaddr.IPv6) =>
  address.range() === "rfc6052"
    ? isPublicIPv4(behindNat64(address))
    : address.range() === "unicast" && address.match(globalIPv6)

/** `ipaddr.process` turns an IPv4-mapped address into the IPv4 address that it is. */
const isPublic = (address: string): boolean => {
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv4 ? isPublicIPv4(parsed) : isPublicIPv6(parsed)
}

const isLoopback = (address: string): boolean => ipaddr.process(address).range() === "loopback"

/** Names that mean this machine, by RFC 6761 and by the files of common systems. */
const loopbackName = /^(?:(?:.+\.)?localhost|localhost\.localdomain|ip6-(?:localhost|loopback))$/u

/** Names of networks that are not public: without a dot, or with an ending that is reserved for them. */
const privateName = /^[^.]+$|\.(?:localdomain|local|internal|intranet|lan|home\.arpa|svc)$/u

/** The code of the error with which a connection to such an address fails. */
export const privateAddressCode = "EPRIVATEADDRESS"

export const privateAddressProblem = "a redirect to an address that is not public"

class PrivateAddress extends Error {
  readonly code = privateAddressCode
  constructor() {
    super(privateAddressProblem)
  }
}

/** Finds the addresses of a name, as `lookup` of node:dns does. */
export type ResolveName = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: ReadonlyArray<LookupAddress>) => void
) => void

/** Which hosts and addresses files may be fetched from. */
export const makeDownloadPolicy = ({ allowedDownloadHosts = [], apiUrl }: DownloadSettings) => {
  const trusted = new Set([apiUrl.hostname, ...allowedDownloadHosts].map(bare))
  const apiHost = bare(apiUrl.hostname)
  const opensLoopback = ipaddr.isValid(apiHost) ? isLoopback(apiHost) : loopbackName.test(apiHost)

  /** Whether `hostname`, which has this address, may be connected to. */
  const mayConnect = (hostname: string, address: string): boolean =>
    trusted.has(bare(hostname)) ||
    (ipaddr.isValid(address) && (isPublic(address) || (opensLoopback && isLoopback(address))))

  const mayName = (host: string): boolean =>
    trusted.has(host) || (loopbackName.test(host) ? opensLoopback : !privateName.test(host))

  /** Why a file must not be fetched from `url`, as the end of "it had …"; undefined if it may be. */
  const problemOf = (url: URL): string | undefined => {
    // The API is on http on loopback only, where nothing can be read on the way.
    if (url.protocol !== "https:" && !(url.protocol === "http:" && apiUrl.protocol === "http:")) {
      return "a redirect to something other than an https address"
    }
    if (url.username !== "" || url.password !== "") return "a redirect to an address with a user name or password"
    const host = bare(url.hostname)
    return (ipaddr.isValid(host) ? mayConnect(host, host) : mayName(host)) ? undefined : privateAddressProblem
  }

  /**
   * Resolves names for connections: the addresses that pass are those that are connected to, so a name can't have
   * another address later. Fails with `privateAddressCode` if none passes. A literal address is not resolved:
   * `problemOf` checks it.
   */
  const lookupFor =
    (resolve: ResolveName = lookup): LookupFunction =>
    (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        // With an error there are no addresses, whatever the types say.
        const allowed = error === null ? addresses.filter(({ address }) => mayConnect(hostname, address)) : []
        const [first] = allowed
        if (error !== null) callback(error, "", 0)
        else if (first === undefined) callback(new PrivateAddress(), "", 0)
        else if (options.all === true) callback(null, allowed)
        else callback(null, first.address, first.family)
      })
    }

  return { lookupFor, mayConnect, problemOf } as const
}

export type DownloadPolicy = ReturnType<typeof makeDownloadPolicy>

/**
 * The address of a file if a download may go there. It is handed to the client too, so this is the one place that
 * decides. Fails with UnexpectedResponse.
 */
export const usableAddress =
  (line: RequestLine, status: number, { problemOf }: DownloadPolicy) =>
  (url: URL): Effect.Effect<URL, UnexpectedResponse> => {
    const problem = problemOf(url)
    return problem === undefined ? Effect.succeed(url) : Effect.fail(unusable(line, status, problem))
  }
