import { isLoopback, type Settings } from "../../config.ts"

/** Which browser origins may use the endpoint. */
export interface OriginPolicy {
  readonly allows: (origin: string) => boolean
}

const exact: ReadonlySet<string> = new Set([
  "https://claude.ai",
  "https://claude.com",
  "https://chatgpt.com",
  "https://platform.openai.com",
  "https://dashboard.sequentum.com",
  "https://mcp.sequentum.com"
])

const subdomain = /^https:\/\/(?:[a-z0-9-]+\.)+(?:claude\.ai|claude\.com|chatgpt\.com)$/u
const localhost = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/u

/**
 * The built-in origins and their subdomains, and the operator's. Pages on this machine too, where the server is on
 * loopback or `debug` is set. Without authorization on another address, only the operator's. Case-sensitive.
 */
export const originPolicy = ({
  allowedOrigins,
  debug,
  host,
  requireAuth
}: Pick<Settings, "allowedOrigins" | "debug" | "host" | "requireAuth">): OriginPolicy => {
  const added = new Set(allowedOrigins)
  if (!requireAuth && !isLoopback(host)) return { allows: (origin) => added.has(origin) }
  const allowsLocal = debug || isLoopback(host)
  return {
    allows: (origin) =>
      exact.has(origin) || added.has(origin) || subdomain.test(origin) || (allowsLocal && localhost.test(origin))
  }
}

const requestHeaders =
  "authorization, content-type, accept, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id, x-mcp-toolsets, x-mcp-tools, x-mcp-exclude-tools, x-mcp-readonly"
const exposedHeaders =
  "mcp-session-id, www-authenticate, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset"

/** Of every response: it depends on the origin, may not be kept, and is what it says it is. */
const always = { vary: "Origin", "cache-control": "no-store", "x-content-type-options": "nosniff" } as const

/** Headers of every response. */
export const corsHeaders = (policy: OriginPolicy, origin: string | undefined): Readonly<Record<string, string>> =>
  origin === undefined || !policy.allows(origin)
    ? always
    : {
        ...always,
        "access-control-allow-origin": origin,
        "access-control-expose-headers": exposedHeaders
      }

/** Added to `corsHeaders` in the response to a preflight from an allowed origin. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
  "access-control-allow-headers": requestHeaders,
  "access-control-max-age": "600"
}
