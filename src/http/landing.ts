import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Headers from "@effect/platform/Headers"
import * as Effect from "effect/Effect"
import { version } from "../runtime/version.ts"
import type { OAuthAddresses } from "./admission/oauth.ts"

const lines = (url: string, isSandbox: boolean) => [
  `This is sequentum-mcp ${version}, a server of the Model Context Protocol (MCP). An AI assistant uses it to run web-scraping agents of Sequentum Cloud.`,
  ...(isSandbox ? ["It uses a sandbox: its agents, runs and data are simulated."] : []),
  `To connect, add ${url} to your assistant as a custom connector or remote MCP server (Streamable HTTP), and sign in with your Sequentum account when it asks.`,
  "A web browser can't use that address by itself."
]

const escapeHtml = (text: string) => text.replace(/[&<>"']/gu, (character) => `&#${String(character.codePointAt(0))};`)

const page = (paragraphs: ReadonlyArray<string>) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sequentum MCP server</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}</style>
</head>
<body>
<h1>Sequentum MCP server</h1>
${paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join("\n")}
</body>
</html>
`

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "no-referrer",
  vary: "Accept"
}

/** What a person sees who opens the server's address: a page for a browser, else text. */
export const landing = (addresses: (headers: Headers.Headers) => OAuthAddresses, isSandbox: boolean) =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const paragraphs = lines(`${addresses(request.headers).publicUrl}/mcp`, isSandbox)
    return (request.headers["accept"] ?? "").includes("text/html")
      ? HttpServerResponse.text(page(paragraphs), { headers, contentType: "text/html; charset=utf-8" })
      : HttpServerResponse.text(`${paragraphs.join("\n\n")}\n`, { headers, contentType: "text/plain; charset=utf-8" })
  })
