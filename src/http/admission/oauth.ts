import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { scopes, type Scope } from "../../sequentum/scopes.ts"
import { allTools } from "../../tools/catalog/all.ts"
import type { Selection } from "../../tools/selection.ts"
import type { ToolError } from "../../tools/Tool.ts"
import { rpcCodes, rpcError } from "../rpcError.ts"

/** Where clients find the endpoint and the authorization server, and what to ask of the latter. */
export interface OAuthAddresses {
  /** Base URL of this server as clients see it, without a trailing slash. */
  readonly publicUrl: string
  /** Origin of the Sequentum host, which issues the tokens. */
  readonly issuer: string
  /** The scopes that the offered tools need. */
  readonly scopes: ReadonlyArray<string>
}

/** The scopes that the selected tools need. */
export const scopesOf = (selection: Selection): ReadonlyArray<Scope> => {
  const needed = new Set(allTools.filter(selection).map(({ scope }) => scope))
  return scopes.filter((scope) => needed.has(scope))
}

export const protectedResourcePath = "/.well-known/oauth-protected-resource"

/** The path of the public URL that comes before `/mcp`: "" or such as `/sequentum`. */
export const basePathOf = (publicUrl: string): string => new URL(publicUrl).pathname.replace(/\/+$/u, "")

/** Where the metadata of the endpoint is, below the path that a proxy forwards in any case. */
const metadataUrl = (publicUrl: string) => `${publicUrl}${protectedResourcePath}/mcp`

/** Why a caller is refused, and what would let it in. */
export type Challenge =
  { readonly status: 401; readonly reason: "missing" | "invalid" } | { readonly status: 403; readonly scope: string }

/**
 * The challenge for a refusal of Sequentum, if signing in again can help. `scope` is the one that the tool needs. Clients
 * sign in again with exactly the scopes that it names, so it names the held ones too.
 */
export const challengeFor = (
  error: ToolError,
  scope: Scope | undefined,
  held: ReadonlyArray<string>
): Challenge | undefined => {
  if (error._tag === "Unauthorized") return { status: 401, reason: "invalid" }
  if (error._tag !== "Forbidden" || error.requiredScope === undefined) return undefined
  const all = [...held, ...error.requiredScope.split(" "), scope ?? ""].filter((word) => word !== "")
  return { status: 403, scope: [...new Set(all)].join(" ") }
}

const quotable = (value: string) => value.replaceAll(/[^\x20-\x7e]|["\\]/gu, "")

/** The `WWW-Authenticate` header of a challenge (RFC 6750, RFC 9728). */
const challengeHeader = (challenge: Challenge, { publicUrl, scopes }: OAuthAddresses): string => {
  const metadata = `resource_metadata="${metadataUrl(publicUrl)}"`
  const wanted = quotable(challenge.status === 403 ? challenge.scope : scopes.join(" "))
  // A scope must not be empty (RFC 6749, section 3.3).
  const scope = wanted === "" ? [] : [`scope="${wanted}"`]
  const parts =
    challenge.status === 403
      ? ['error="insufficient_scope"', ...scope, metadata]
      : [...(challenge.reason === "invalid" ? ['error="invalid_token"'] : []), metadata, ...scope]
  return `Bearer ${parts.join(", ")}`
}

const challengeMessage = (challenge: Challenge): string =>
  challenge.status === 403
    ? "The access token lacks a scope that this needs. Sign in again and grant it."
    : challenge.reason === "missing"
      ? "A bearer token is required. Sign in first."
      : "The access token is invalid or has expired. Sign in again."

/** The response that asks a client to sign in. */
export const challengeResponse = (
  challenge: Challenge,
  addresses: OAuthAddresses,
  headers: Readonly<Record<string, string>>
): HttpServerResponse.HttpServerResponse =>
  rpcError(challenge.status, rpcCodes.unauthorized, challengeMessage(challenge), {
    ...headers,
    "www-authenticate": challengeHeader(challenge, addresses)
  })
