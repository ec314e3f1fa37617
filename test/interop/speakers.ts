import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client"
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio"
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as LegacyStdio } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"

export interface CallOptions {
  readonly onprogress?: (message: string) => void
  readonly signal?: AbortSignal
}

/** What every client can do here. */
export interface Speaker {
  readonly protocol: () => string | undefined
  readonly listTools: () => Promise<{ readonly tools: ReadonlyArray<{ readonly name: string }> }>
  readonly callTool: (name: string, args: Readonly<Record<string, unknown>>, options?: CallOptions) => Promise<unknown>
  /** Ends the session, where the client has one. */
  readonly endSession: () => Promise<void>
  readonly close: () => Promise<void>
}

export const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

/** How to reach a server: a process of its own, or an endpoint with a token. */
export type Where = { readonly args: ReadonlyArray<string> } | { readonly url: string; readonly token: string }

const about = { name: "interop-test", version: "1" }

const requestInit = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

/** The client of the first SDK: protocol revision 2025-11-25 and older. */
export const v1 = async (where: Where): Promise<Speaker> => {
  const client = new LegacyClient(about)
  const http =
    "url" in where ? new LegacyHttp(new URL(where.url), { requestInit: requestInit(where.token) }) : undefined
  const transport =
    "args" in where ? new LegacyStdio({ command: process.execPath, args: [program, ...where.args] }) : http
  if (transport === undefined) throw new Error("nowhere to connect to")
  let protocol: string | undefined
  // The SDK's own transports do not fit its own interface under exactOptionalPropertyTypes; the one over HTTP must keep
  // its own way of hearing the version.
  await client.connect(
    http === undefined
      ? Object.assign(transport, { setProtocolVersion: (version: string) => void (protocol = version) })
      : Object.assign(http, {})
  )
  return {
    protocol: () => http?.protocolVersion ?? protocol,
    listTools: () => client.listTools(),
    callTool: (name, args, { onprogress, signal } = {}) =>
      client.callTool({ name, arguments: { ...args } }, undefined, {
        ...(onprogress === undefined ? {} : { onprogress: ({ message = "" }) => onprogress(message) }),
        ...(signal === undefined ? {} : { signal })
      }),
    endSession: () => http?.terminateSession() ?? Promise.resolve(),
    close: () => client.close()
  }
}

const v2 =
  (mode: "legacy" | "auto" | { readonly pin: string }) =>
  async (where: Where): Promise<Speaker> => {
    const client = new ModernClient(about, { versionNegotiation: { mode } })
    const http =
      "url" in where ? new ModernHttp(new URL(where.url), { requestInit: requestInit(where.token) }) : undefined
    const transport =
      "args" in where ? new ModernStdio({ command: process.execPath, args: [program, ...where.args] }) : http
    if (transport === undefined) throw new Error("nowhere to connect to")
    await client.connect(transport)
    return {
      protocol: () => client.getNegotiatedProtocolVersion(),
      listTools: () => client.listTools(),
      callTool: (name, args, { onprogress, signal } = {}) =>
        client.callTool(
          { name, arguments: { ...args } },
          {
            ...(onprogress === undefined ? {} : { onprogress: ({ message = "" }) => onprogress(message) }),
            ...(signal === undefined ? {} : { signal })
          }
        ),
      endSession: () => http?.terminateSession() ?? Promise.resolve(),
      close: () => client.close()
    }
  }

/** The client of the second SDK in the older era. */
export const v2Legacy = v2("legacy")
/** The client of the second SDK in the era of 2026-07-28. */
export const v2Modern = v2({ pin: "2026-07-28" })
/** The client of the second SDK, finding out by itself which era the server speaks. */
export const v2Auto = v2("auto")

/** Each client with the protocol revision that it ends up speaking. */
export const clients = [
  ["the v1 client", v1, "2025-11-25"],
  ["the v2 client in the 2025-11-25 era", v2Legacy, "2025-11-25"],
  ["the v2 client in the 2026-07-28 era", v2Modern, "2026-07-28"]
] as const

/** Connects a client for as long as the scope is open. */
export const connected = (connect: (where: Where) => Promise<Speaker>, where: Where) =>
  Effect.acquireRelease(
    Effect.promise(() => connect(where)),
    (speaker) => Effect.promise(() => speaker.close().catch(() => undefined))
  )
