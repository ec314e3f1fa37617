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

/** The built-in origins and their subdomains, those of the operator, and with `debug` this machine. Case counts. */
export const originPolicy = (extra: ReadonlyArray<string>, debug: boolean): OriginPolicy => {
  const added = new Set(extra)
  return {
    allows: (origin) =>
      exact.has(origin) || added.has(origin) || subdomain.test(origin) || (debug && localhost.test(origin))
  }
}

const allowedHeaders =
  "authorization, content-type, accept, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id, x-mcp-toolsets, x-mcp-tools, x-mcp-exclude-tools, x-mcp-readonly"
const exposedHeaders =
  "mcp-session-id, www-authenticate, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset"

/** Headers on every answer to an allowed origin. The answer differs by origin, so caches must know. */
export const corsHeaders = (origin: string | undefined): Readonly<Record<string, string>> =>
  origin === undefined
    ? { vary: "Origin" }
    : {
        vary: "Origin",
        "access-control-allow-origin": origin,
        "access-control-expose-headers": exposedHeaders
      }

/** Headers that answer a preflight from an allowed origin. */
export const preflightHeaders = (origin: string): Readonly<Record<string, string>> => ({
  ...corsHeaders(origin),
  "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
  "access-control-allow-headers": allowedHeaders,
  "access-control-max-age": "600"
})
