import { createHmac, randomBytes } from "node:crypto"
import type * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { scopes } from "../../sequentum/scopes.ts"

/** Where clients find the endpoint and whom they ask for tokens. */
export interface OAuthAddresses {
  /** Base URL of this server as clients see it, without a trailing slash. */
  readonly publicUrl: string
  /** Origin of the Sequentum host, which issues the tokens. */
  readonly issuer: string
}

const authority = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/u

const lastOf = (list: string | undefined) => list?.split(",").at(-1)?.trim().toLowerCase()

/**
 * The base URL by which a client reached a trusted proxy; undefined where the proxy does not tell. As each proxy adds
 * to the end of a list, the last entry is the trusted one's own.
 */
export const forwardedUrl = (headers: Headers.Headers): string | undefined => {
  const proto = lastOf(headers["x-forwarded-proto"]) ?? "https"
  const host =
    lastOf(headers["x-forwarded-host"]) ??
    (headers["x-forwarded-proto"] === undefined ? undefined : headers["host"]?.toLowerCase())
  return host !== undefined && authority.test(host) && (proto === "https" || proto === "http")
    ? `${proto}://${host}`
    : undefined
}

export const resourceMetadataPath = "/.well-known/oauth-protected-resource/mcp"

/** RFC 9728 metadata of this resource server. */
export const protectedResourceMetadata = ({ issuer, publicUrl }: OAuthAddresses) => ({
  resource: `${publicUrl}/mcp`,
  resource_name: "Sequentum",
  authorization_servers: [issuer],
  scopes_supported: scopes,
  bearer_methods_supported: ["header"]
})

/** RFC 8414 metadata of Sequentum's authorization server, for clients that look for it here. */
export const authorizationServerMetadata = ({ issuer }: OAuthAddresses) => ({
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

/** Why a caller is turned away and what would let it in. */
export type Challenge =
  { readonly status: 401; readonly reason: "missing" | "invalid" } | { readonly status: 403; readonly scope: string }

const text = (value: string) => value.replaceAll(/[^\x20-\x7e]|["\\]/gu, "")

/** The `WWW-Authenticate` header of a challenge (RFC 6750, RFC 9728). */
export const challengeHeader = (challenge: Challenge, { publicUrl }: OAuthAddresses): string => {
  const metadata = `resource_metadata="${publicUrl}${resourceMetadataPath}"`
  if (challenge.status === 403) {
    const scope = text(challenge.scope)
    return `Bearer error="insufficient_scope", ${scope === "" ? "" : `scope="${scope}", `}${metadata}`
  }
  const error = challenge.reason === "invalid" ? 'error="invalid_token", ' : ""
  return `Bearer ${error}${metadata}, scope="${scopes.join(" ")}"`
}

/** What a challenge says in words, as the message of its JSON-RPC error. */
export const challengeMessage = (challenge: Challenge): string =>
  challenge.status === 403
    ? "The access token lacks a scope that this needs. Sign in again and grant it."
    : challenge.reason === "missing"
      ? "A bearer token is required. Sign in first."
      : "The access token is invalid or has expired. Sign in again."

/** The bearer token of an Authorization header; none where there is no such header or it is malformed. */
export const bearerToken = (authorization: string | undefined): Option.Option<string> =>
  Option.fromNullable(/^Bearer ([\w.~+/-]+=*)$/iu.exec(authorization ?? "")?.[1])

const Claims = Schema.parseJson(Schema.Struct({ sub: Schema.NonEmptyString }))
const readClaims = Schema.decodeUnknownEither(Claims)

const hashKey = randomBytes(32)

/** What stands for a token where it must not be kept: a keyed hash of it, whose key dies with the process. */
export const accountOf = (token: string): string =>
  `token:${createHmac("sha256", hashKey).update(token).digest("base64url")}`

/**
 * Whose session a token may use: the `sub` of a JWT, else what stands for the token. It is not verified, since Sequentum verifies the token on every call.
 */
export const subjectOf = (token: string): string => {
  const payload = token.split(".")[1]
  const claims = payload === undefined ? undefined : readClaims(Buffer.from(payload, "base64url").toString("utf8"))
  return claims !== undefined && Either.isRight(claims) ? `sub:${claims.right.sub}` : accountOf(token)
}
