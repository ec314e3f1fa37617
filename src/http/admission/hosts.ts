import type * as Headers from "@effect/platform/Headers"
import * as Option from "effect/Option"
import { isLoopback, type Settings } from "../../config.ts"

const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"] as const

/** A host as it stands in a URL: an IPv6 address gets brackets. */
export const urlHost = (host: string): string => (host.includes(":") ? `[${host}]` : host)

/**
 * The accepted Host headers; undefined accepts any. On loopback only names of this machine are accepted, so that a web
 * page can't reach the endpoint by DNS rebinding.
 */
export const allowedHosts = ({
  allowedHosts: configured,
  host,
  publicUrl
}: Pick<Settings, "allowedHosts" | "host" | "publicUrl">): ReadonlyArray<string> | undefined => {
  const own = Option.match(publicUrl, { onNone: () => [], onSome: (url) => [url.host] })
  if (isLoopback(host)) return [...loopbackHosts, ...own, ...configured]
  return configured.length === 0 ? undefined : [...own, ...configured]
}

const hostPattern = /^(\[[0-9a-f:.]+\]|[^:]+)(?::(\d+))?$/u

/** Whether the Host header is one of `allowed`. An entry without a port accepts any port. */
export const hostAllowed = (host: string | undefined, allowed: ReadonlyArray<string>): boolean => {
  const lower = host?.toLowerCase() ?? ""
  const name = hostPattern.exec(lower)?.[1]
  return name !== undefined && (allowed.includes(lower) || allowed.includes(name))
}

const authority = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/u

const lastOf = (list: string | undefined) => list?.split(",").at(-1)?.trim().toLowerCase()

/**
 * The base URL by which a client reached a trusted proxy; undefined if the proxy does not say, or names a host that is
 * not `allowed`. Each proxy adds to the end of a list, so the last entry is the trusted one's own.
 */
export const forwardedUrl = (headers: Headers.Headers, allowed: ReadonlyArray<string>): string | undefined => {
  const proto = lastOf(headers["x-forwarded-proto"]) ?? "https"
  const host =
    lastOf(headers["x-forwarded-host"]) ??
    (headers["x-forwarded-proto"] === undefined ? undefined : headers["host"]?.toLowerCase())
  return host !== undefined &&
    authority.test(host) &&
    hostAllowed(host, allowed) &&
    (proto === "https" || proto === "http")
    ? `${proto}://${host}`
    : undefined
}
