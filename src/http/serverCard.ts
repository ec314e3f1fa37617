import { createHash } from "node:crypto"
import { isIP } from "node:net"
import type * as Headers from "@effect/platform/Headers"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/server"
import { about, titleOf } from "../runtime/about.ts"
import { version } from "../runtime/version.ts"
import type { OAuthAddresses } from "./admission/oauth.ts"
import { publicDocument, type PublicDocumentOptions } from "./admission/publicDocument.ts"

const modernVersion = "2026-07-28"

const ownName = "sequentum-mcp"

/** The host of a URL, an IPv6 address without its brackets. */
const hostOf = (url: string) => new URL(url).hostname.replaceAll(/[[\]]/gu, "")

/** The name in a registry or, unpublished, one that belongs to the host: `com.example.mcp/sequentum-mcp`. */
const nameAt = (publicUrl: string): string => {
  if (about.registryName !== "") return about.registryName
  const host = hostOf(publicUrl)
  // No name may have the colons of an IPv6 address.
  const space = isIP(host) === 0 ? host.split(".").reverse().join(".") : host.replaceAll(":", "-")
  return `${space}/${ownName}`
}

interface Described {
  readonly publicUrl: string
  readonly isSandbox: boolean
}

/**
 * What this server is and where to connect; it lists no tools, which depend on the caller. Source of its fields:
 * static.modelcontextprotocol.io/schemas/v1/server-card.schema.json.
 */
const card = ({ isSandbox, publicUrl }: Described) => ({
  $schema: "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
  name: nameAt(publicUrl),
  version,
  description: about.description,
  title: titleOf(isSandbox),
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
const catalogue = ({ isSandbox, publicUrl }: Described) => ({
  specVersion: "1.0",
  host: { displayName: titleOf(isSandbox) },
  entries: [
    {
      // Its last part is that of the card's name.
      identifier: `urn:air:${hostOf(publicUrl).replaceAll(":", "-")}:mcp:${nameAt(publicUrl).split("/").at(-1) ?? ownName}`,
      displayName: titleOf(isSandbox),
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

export interface ServerCardOptions extends PublicDocumentOptions {
  readonly addresses: (headers: Headers.Headers) => OAuthAddresses
  readonly isSandbox: boolean
}

/** The server card and the catalogue that leads to it. Any origin may read them. */
export const serverCardRoutes = ({ addresses, isSandbox, ...options }: ServerCardOptions) => {
  const counted = publicDocument(options)
  return HttpRouter.fromIterable(
    documents.flatMap(({ describe, path, type }) => [
      HttpRouter.makeRoute(
        "GET",
        path,
        counted((headers) => {
          const text = JSON.stringify(describe({ publicUrl: addresses(headers).publicUrl, isSandbox }))
          const etag = tagOf(text)
          return isKnown(headers["if-none-match"], etag)
            ? HttpServerResponse.empty({ status: 304, headers: { ...publicHeaders, etag } })
            : HttpServerResponse.text(text, { headers: { ...publicHeaders, etag }, contentType: type })
        })
      ),
      HttpRouter.makeRoute(
        "OPTIONS",
        path,
        counted(() => preflight)
      )
    ])
  )
}
