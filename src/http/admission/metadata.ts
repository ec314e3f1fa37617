import type * as Headers from "@effect/platform/Headers"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Option from "effect/Option"
import type { Settings } from "../../config.ts"
import type { Selection } from "../../tools/selection.ts"
import { forwardedUrl } from "./hosts.ts"
import { basePathOf, protectedResourcePath, scopesOf, type OAuthAddresses } from "./oauth.ts"
import { publicDocument } from "./publicDocument.ts"
import type { RateLimiter } from "./rateLimit.ts"

type AddressSettings = Pick<Settings, "apiUrl" | "publicUrl" | "trustProxy" | "allowedHosts">

/** The public URL of the settings, without a trailing slash. */
const ownUrl = ({ publicUrl }: AddressSettings) => Option.map(publicUrl, (url) => url.href.replace(/\/+$/u, ""))

/**
 * What the documents and challenges for a request name. Its headers can't steer that: only those of a trusted proxy
 * count, and only a host among the allowed ones. Otherwise it is PUBLIC_URL or the address that the server listens on.
 */
export const addressesOf = (settings: AddressSettings, selection: Selection, listening: string) => {
  const { allowedHosts, apiUrl, trustProxy } = settings
  const configured = ownUrl(settings)
  const scopes = scopesOf(selection)
  const forwarded = (headers: Headers.Headers) => (trustProxy ? forwardedUrl(headers, allowedHosts) : undefined)
  return (headers: Headers.Headers): OAuthAddresses => ({
    publicUrl: Option.getOrElse(configured, () => forwarded(headers) ?? listening),
    issuer: apiUrl.origin,
    scopes
  })
}

/** RFC 9728 metadata of this resource server. */
const protectedResource = ({ issuer, publicUrl, scopes }: OAuthAddresses) => ({
  resource: `${publicUrl}/mcp`,
  resource_name: "Sequentum",
  authorization_servers: [issuer],
  scopes_supported: scopes,
  bearer_methods_supported: ["header"]
})

/** RFC 8414 metadata of Sequentum's authorization server, for clients that look for it on this server. */
const authorizationServer = ({ issuer, scopes }: OAuthAddresses) => ({
  issuer,
  authorization_endpoint: `${issuer}/api/oauth/authorize`,
  token_endpoint: `${issuer}/api/oauth/token`,
  registration_endpoint: `${issuer}/api/oauth/register`,
  response_types_supported: ["code"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
  scopes_supported: [...scopes, "offline_access"],
  client_id_metadata_document_supported: true,
  resource_indicators_supported: true
})

const documents = [
  [protectedResourcePath, protectedResource],
  ["/.well-known/oauth-authorization-server", authorizationServer]
] as const

const publicHeaders = {
  "access-control-allow-origin": "*",
  "cache-control": "public, max-age=3600",
  vary: "Host, X-Forwarded-Host, X-Forwarded-Proto"
}

/** Browsers send a preflight first, because of the header that MCP clients add. */
const preflight = HttpServerResponse.empty({
  status: 204,
  headers: {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "mcp-protocol-version, content-type, accept",
    "access-control-max-age": "600"
  }
})

export interface MetadataOptions {
  readonly addresses: (headers: Headers.Headers) => OAuthAddresses
  /** undefined sets no limit. */
  readonly rateLimiter: RateLimiter | undefined
  readonly settings: AddressSettings
}

/**
 * The OAuth metadata documents, each at its well-known path, and there below the path of the endpoint. Any origin may
 * read them. Requests count by their address.
 */
export const metadataRoutes = ({ addresses, rateLimiter, settings }: MetadataOptions) => {
  const base = Option.match(ownUrl(settings), { onNone: () => "", onSome: basePathOf })
  const counted = publicDocument({ rateLimiter, trustProxy: settings.trustProxy })

  return HttpRouter.fromIterable(
    documents.flatMap(([path, describe]) =>
      [...new Set(["", "/mcp", base, `${base}/mcp`])].flatMap((below) => [
        HttpRouter.makeRoute(
          "GET",
          `${path}${below}` as const,
          counted((headers) => HttpServerResponse.unsafeJson(describe(addresses(headers)), { headers: publicHeaders }))
        ),
        HttpRouter.makeRoute(
          "OPTIONS",
          `${path}${below}` as const,
          counted(() => preflight)
        )
      ])
    )
  )
}
