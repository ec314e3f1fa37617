import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client"
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import * as Effect from "effect/Effect"
import { Client as ClientV112 } from "sdk-1.12/client/index.js"
import { StreamableHTTPClientTransport as HttpV112 } from "sdk-1.12/client/streamableHttp.js"
import { builtProgram } from "./builtProgram.ts"

export interface CallOptions {
  readonly onprogress?: (message: string) => void
  readonly signal?: AbortSignal
}

export type Ref =
  { readonly type: "ref/prompt"; readonly name: string } | { readonly type: "ref/resource"; readonly uri: string }

export interface Argument {
  readonly name: string
  readonly value: string
}

type Texts = Readonly<Record<string, string>>

/** What the clients of both SDKs can do, in the words of the protocol. */
export interface Speaker {
  /** Negotiated protocol revision. */
  readonly protocol: () => string | undefined
  readonly listTools: () => Promise<{ readonly tools: ReadonlyArray<{ readonly name: string }> }>
  readonly listResources: () => Promise<unknown>
  readonly listResourceTemplates: () => Promise<unknown>
  readonly listPrompts: () => Promise<unknown>
  readonly callTool: (name: string, args: Readonly<Record<string, unknown>>, options?: CallOptions) => Promise<unknown>
  readonly readResource: (uri: string) => Promise<unknown>
  readonly getPrompt: (name: string, args: Texts) => Promise<unknown>
  readonly complete: (ref: Ref, argument: Argument, known?: Texts) => Promise<unknown>
  /** Ends the session, if the client has one. */
  readonly endSession: () => Promise<void>
  readonly close: () => Promise<void>
}

/** How to reach a server: a process of its own, or an endpoint with a token. */
export type Where = { readonly args: ReadonlyArray<string> } | { readonly url: string; readonly token: string }

export type Connect = (where: Where) => Promise<Speaker>

const about = { name: "interop-test", version: "1" }

const commandOf = (args: ReadonlyArray<string>) => ({ command: process.execPath, args: [builtProgram, ...args] })

const requestInit = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

const requestOptions = ({ onprogress, signal }: CallOptions = {}) => ({
  ...(onprogress === undefined ? {} : { onprogress: ({ message = "" }) => onprogress(message) }),
  ...(signal === undefined ? {} : { signal })
})

/** The methods that both SDKs have under the same name. */
const shared = (client: ClientV1 | ClientV112 | ClientV2) => ({
  listTools: () => client.listTools(),
  listResources: () => client.listResources(),
  listResourceTemplates: () => client.listResourceTemplates(),
  listPrompts: () => client.listPrompts(),
  readResource: (uri: string) => client.readResource({ uri }),
  getPrompt: (name: string, args: Texts) => client.getPrompt({ name, arguments: { ...args } }),
  complete: (ref: Ref, argument: Argument, known?: Texts) =>
    client.complete({
      ref,
      argument: { ...argument },
      ...(known === undefined ? {} : { context: { arguments: { ...known } } })
    }),
  close: () => client.close()
})

/** The client of the first SDK: protocol revision 2025-11-25 and older. */
export const v1: Connect = async (where) => {
  const client = new ClientV1(about)
  const http = "url" in where ? new HttpV1(new URL(where.url), { requestInit: requestInit(where.token) }) : undefined
  let protocol: string | undefined
  if (http !== undefined) {
    // The SDK's own transports do not fit its own interface under exactOptionalPropertyTypes.
    await client.connect(Object.assign(http, {}))
  } else if ("args" in where) {
    const setProtocolVersion = (version: string) => void (protocol = version)
    await client.connect(Object.assign(new StdioV1(commandOf(where.args)), { setProtocolVersion }))
  }
  return {
    ...shared(client),
    protocol: () => http?.protocolVersion ?? protocol,
    callTool: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, undefined, requestOptions(options)),
    endSession: () => http?.terminateSession() ?? Promise.resolve()
  }
}

/** The client of the first SDK as of version 1.12, which many programs still have. Over HTTP only. */
export const v112: Connect = async (where) => {
  if (!("url" in where)) throw new Error("Over HTTP only")
  const client = new ClientV112(about)
  const http = new HttpV112(new URL(where.url), { requestInit: requestInit(where.token) })
  // The SDK's own transport does not fit its own interface under exactOptionalPropertyTypes.
  const transport: Parameters<ClientV112["connect"]>[0] = {
    start: () => {
      http.onmessage = (message) => transport.onmessage?.(message)
      http.onclose = () => transport.onclose?.()
      http.onerror = (error) => transport.onerror?.(error)
      return http.start()
    },
    send: (message) => http.send(message),
    close: () => http.close()
  }
  await client.connect(transport)
  return {
    ...shared(client),
    protocol: () => undefined,
    callTool: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, undefined, requestOptions(options)),
    endSession: () => http.terminateSession()
  }
}

const v2 =
  (mode: "legacy" | "auto" | { readonly pin: string }): Connect =>
  async (where) => {
    const client = new ClientV2(about, { versionNegotiation: { mode } })
    const http = "url" in where ? new HttpV2(new URL(where.url), { requestInit: requestInit(where.token) }) : undefined
    if (http !== undefined) await client.connect(http)
    else if ("args" in where) await client.connect(new StdioV2(commandOf(where.args)))
    return {
      ...shared(client),
      protocol: () => client.getNegotiatedProtocolVersion(),
      callTool: (name, args, options) => client.callTool({ name, arguments: { ...args } }, requestOptions(options)),
      endSession: () => http?.terminateSession() ?? Promise.resolve()
    }
  }

/** The client of the second SDK in the era of 2026-07-28. */
export const v2Modern = v2({ pin: "2026-07-28" })
/** The client of the second SDK, which finds out by itself which era the server speaks. */
export const v2Auto = v2("auto")

/** Each client with the protocol revision that it negotiates. */
export const clients = [
  ["the v1 client", v1, "2025-11-25"],
  ["the v2 client in the 2025-11-25 era", v2("legacy"), "2025-11-25"],
  ["the v2 client in the 2026-07-28 era", v2Modern, "2026-07-28"]
] as const

/** The clients that can be told where an endpoint is. */
export const httpClients = [
  ["the v1 client of version 1.12", v112] as const,
  ...clients.map(([who, connect]) => [who, connect] as const)
]

/** Connects a client until the scope closes. */
export const connected = (connect: Connect, where: Where) =>
  Effect.acquireRelease(
    Effect.promise(() => connect(where)),
    (speaker) => Effect.promise(() => speaker.close().catch(() => undefined))
  )
