import type * as Headers from "@effect/platform/Headers"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { scopes } from "../../sequentum/scopes.ts"
import { resourceMetadataPath, type OAuthAddresses } from "./oauth.ts"

/** RFC 9728 metadata of this resource server. */
const protectedResource = ({ issuer, publicUrl }: OAuthAddresses) => ({
  resource: `${publicUrl}/mcp`,
  resource_name: "Sequentum",
  authorization_servers: [issuer],
  scopes_supported: scopes,
  bearer_methods_supported: ["header"]
})

/** RFC 8414 metadata of Sequentum's authorization server, for clients that look for it on this server. */
const authorizationServer = ({ issuer }: OAuthAddresses) => ({
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
  ["/.well-known/oauth-protected-resource", protectedResource],
  [resourceMetadataPath, protectedResource],
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

/** The OAuth metadata documents. Any origin may read them. */
export const metadataRoutes = (addresses: (headers: Headers.Headers) => OAuthAddresses) =>
  HttpRouter.fromIterable(
    documents.flatMap(([path, describe]) => [
      HttpRouter.makeRoute(
        "GET",
        path,
        Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
          HttpServerResponse.unsafeJson(describe(addresses(headers)), { headers: publicHeaders })
        )
      ),
      HttpRouter.makeRoute("OPTIONS", path, Effect.succeed(preflight))
    ])
  )
