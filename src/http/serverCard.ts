import { createHash } from "node:crypto"
import type * as Headers from "@effect/platform/Headers"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import { about } from "../runtime/about.ts"
import { version } from "../runtime/version.ts"
import type { OAuthAddresses } from "./admission/oauth.ts"

/** Max characters of a card's description. Source: the MCP extension "server card". */
const maxDescription = 100

const shortened = (text: string) => (text.length <= maxDescription ? text : `${text.slice(0, maxDescription - 1)}…`)

const modernVersion = "2026-07-28"

/** The name in a registry or, unpublished, one that belongs to the host: `com.example.mcp/sequentum-mcp`. */
const nameAt = (publicUrl: string): string =>
  about.registryName === ""
    ? `${new URL(publicUrl).hostname.split(".").reverse().join(".")}/sequentum-mcp`
    : about.registryName

/** What this server is and where to connect; it lists no tools, which depend on the caller. */
const card = ({ publicUrl }: OAuthAddresses) => ({
  $schema: "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
  name: nameAt(publicUrl),
  version,
  description: shortened(about.description),
  title: about.title,
  ...(about.repository === "" ? {} : { repository: { url: about.repository, source: "github" } }),
  remotes: [
    {
      type: "streamable-http",
      url: `${publicUrl}/mcp`,
      supportedProtocolVersions: [...new Set([modernVersion, ...SUPPORTED_PROTOCOL_VERSIONS])]
    }
  ]
})

const cardPath = "/mcp/server-card"
const cardType = "application/mcp-server-card+json"

/** The catalogue of this host: its one server card. */
const catalogue = ({ publicUrl }: OAuthAddresses) => ({
  specVersion: "1.0",
  host: { displayName: about.title },
  entries: [
    {
      identifier: `urn:air:${new URL(publicUrl).hostname}:mcp:sequentum-mcp`,
      displayName: about.title,
      description: about.description,
      type: cardType,
      url: `${publicUrl}${cardPath}`
    }
  ]
})

const documents = [
  { path: cardPath, type: cardType, describe: card },
  // Where scanners looked for it before.
  { path: "/.well-known/mcp/server-card.json", type: "application/json", describe: card },
  { path: "/.well-known/ai-catalog.json", type: "application/ai-catalog+json", describe: catalogue }
] as const

const publicHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET",
  "access-control-allow-headers": "content-type, accept, if-none-match",
  "access-control-expose-headers": "etag",
  "cache-control": "public, max-age=3600",
  vary: "Host, X-Forwarded-Host, X-Forwarded-Proto"
}

const tagOf = (text: string) => `"${createHash("sha256").update(text).digest("base64url")}"`

/** Whether the client has the document already. */
const isKnown = (ifNoneMatch: string | undefined, tag: string) =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((known) => known.trim().replace(/^W\//u, "") === tag))

const preflight = HttpServerResponse.empty({ status: 204, headers: publicHeaders })

/** The server card and the catalogue that leads to it. Any origin may read them. */
export const serverCardRoutes = (addresses: (headers: Headers.Headers) => OAuthAddresses) =>
  HttpRouter.fromIterable(
    documents.flatMap(({ describe, path, type }) => [
      HttpRouter.makeRoute(
        "GET",
        path,
        Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => {
          const text = JSON.stringify(describe(addresses(headers)))
          const etag = tagOf(text)
          return isKnown(headers["if-none-match"], etag)
            ? HttpServerResponse.empty({ status: 304, headers: { ...publicHeaders, etag } })
            : HttpServerResponse.text(text, { headers: { ...publicHeaders, etag }, contentType: type })
        })
      ),
      HttpRouter.makeRoute("OPTIONS", path, Effect.succeed(preflight))
    ])
  )
