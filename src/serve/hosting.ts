import * as Option from "effect/Option"
import { isLoopback, type Settings } from "../config.ts"
import type { ListeningAt } from "../http/server.ts"

type Exposure = Pick<
  Settings,
  "allowedHosts" | "allowUnauthenticated" | "host" | "metricsPort" | "port" | "publicUrl" | "requireAuth" | "trustProxy"
>

/** Settings that are valid one by one, and dangerous or impossible together: one sentence for each problem. */
export const exposureProblems = ({
  allowedHosts,
  allowUnauthenticated,
  host,
  metricsPort,
  port,
  publicUrl,
  requireAuth,
  trustProxy
}: Exposure): ReadonlyArray<string> => [
  ...(requireAuth || allowUnauthenticated || isLoopback(host)
    ? []
    : [
        "REQUIRE_AUTH=false is refused on an address that is not loopback: everyone who can reach it would act with SEQUENTUM_API_KEY. Set HOST to 127.0.0.1, or ALLOW_UNAUTHENTICATED=true if that is what you want."
      ]),
  ...(trustProxy && Option.isNone(publicUrl) && allowedHosts.length === 0
    ? [
        "TRUST_PROXY=true needs PUBLIC_URL or ALLOWED_HOSTS: otherwise a request could choose the address at which clients sign in."
      ]
    : []),
  ...(port !== 0 && Option.contains(metricsPort, port)
    ? ["METRICS_PORT must not be the port of the endpoint: it is for a port that the proxy does not forward."]
    : [])
]

/** A warning for a server that anyone may use; undefined for any other. */
export const exposureWarning = ({ host, requireAuth }: Exposure): string | undefined =>
  requireAuth || isLoopback(host)
    ? undefined
    : "REQUIRE_AUTH=false: everyone who can reach this server acts with SEQUENTUM_API_KEY. Web pages may use it only from ALLOWED_ORIGINS."

const limits = ({ rateLimit }: Settings) => (rateLimit === 0 ? "no rate limit" : `${rateLimit} requests a minute`)

/** What is served, in one line: address, revisions, authorization, upstream, limits. */
export const startLine = (settings: Settings, { metricsUrl, url }: ListeningAt, isSandbox: boolean): string =>
  [
    `Serving MCP at ${url}/mcp`,
    "protocol revisions 2026-07-28, and 2025-11-25 and older",
    `authorization: ${settings.requireAuth ? "bearer token" : "none, the key of SEQUENTUM_API_KEY"}`,
    `upstream: ${isSandbox ? "a SANDBOX, all data is simulated" : settings.apiUrl.origin}`,
    `limits: ${limits(settings)}, ${settings.maxInFlight} requests under way, 1 MiB a request`,
    `metrics: ${metricsUrl ?? "none"}`
  ].join("; ")
