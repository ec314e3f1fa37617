import {
  ProtocolError,
  ResourceNotFoundError,
  Server,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type Result,
  type ServerContext,
  type ServerOptions as SdkServerOptions,
  type Transport
} from "@modelcontextprotocol/server"
import { titleOf } from "../runtime/about.ts"
import { version } from "../runtime/version.ts"
import type { Era } from "./era.ts"
import type { Handlers } from "./handlers.ts"
import { instructions, sandboxNotice } from "./instructions.ts"
import { invalidParams } from "./invalidParams.ts"
import { skillParams, skillsExtension } from "./skillMethods.ts"
import { taskMethods, taskParams, tasksExtension } from "./taskMethods.ts"

/** Additions to the server, such as the fixtures of a test suite. */
export interface ServerExtension {
  /** Options that override those of the SDK's server. */
  readonly options?: SdkServerOptions
  readonly handlers?: (own: Handlers) => Handlers
  /** Registers handlers of further requests. */
  readonly register?: (server: Server) => void
}

export interface ServerOptions {
  readonly era: Era
  /** Called when a handler is first needed, so that a start need not wait for them. */
  readonly handlers: () => Promise<Handlers>
  readonly extension?: ServerExtension | undefined
  /** Tells clients that a sandbox stands in the place of Sequentum. */
  readonly isSandbox?: boolean
  /** Called for each request, before it is answered. */
  readonly onRequest?: ((request: JSONRPCRequest) => void) | undefined
}

/** Lists change with the version and the selection only. Resources change at any time. */
const listCache = { ttlMs: 5 * 60 * 1000, cacheScope: "private" } as const
const readCache = { ttlMs: 0, cacheScope: "private" } as const

/** Revision 2025-11-25; later ones use the code of invalid parameters. */
const legacyResourceNotFound = -32002

type RequestHandler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>

/** Refuses params that don't fit by -32602 and a sentence; the SDK does by -32603 and its validator's own JSON. */
class PlainErrorServer extends Server {
  onRequest: ((request: JSONRPCRequest) => void) | undefined

  protected override _wrapHandler(method: string, handler: RequestHandler): RequestHandler {
    const wrapped = super._wrapHandler(method, handler)
    return (request, ctx) => {
      this.onRequest?.(request)
      return wrapped(request, ctx).catch((error: unknown) => {
        throw invalidParams(method, error) ?? error
      })
    }
  }
}

/** The SDK sends the modern code in both eras. This sends legacy clients the code of their revision. */
class LegacyServer extends PlainErrorServer {
  override connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport)
    transport.send = (message, options) => send(withLegacyCode(message), options)
    return super.connect(transport)
  }
}

const withLegacyCode = (message: JSONRPCMessage): JSONRPCMessage =>
  "error" in message &&
  ResourceNotFoundError.isInstance(ProtocolError.fromError(message.error.code, "", message.error.data))
    ? { ...message, error: { ...message.error, code: legacyResourceNotFound } }
    : message

/** Makes the protocol server for one connection or request. The handlers answer everything but the handshake. */
export const makeServer = ({ era, extension, handlers: own, isSandbox = false, onRequest }: ServerOptions): Server => {
  const extend = extension?.handlers
  const handlers = extend === undefined ? own : () => own().then(extend)
  const server = new (era === "legacy" ? LegacyServer : PlainErrorServer)(
    { name: "sequentum-mcp", title: titleOf(isSandbox), version },
    {
      capabilities: {
        tools: {},
        resources: {},
        prompts: {},
        completions: {},
        extensions: { [skillsExtension]: {}, ...(era === "modern" ? { [tasksExtension]: {} } : {}) }
      },
      instructions: isSandbox ? `${sandboxNotice} ${instructions}` : instructions,
      cacheHints: {
        "tools/list": listCache,
        "resources/list": listCache,
        "resources/templates/list": listCache,
        "prompts/list": listCache,
        "server/discover": listCache,
        "resources/read": readCache
      },
      ...extension?.options
    }
  )
  server.onRequest = onRequest
  const capabilities = () => server.getClientCapabilities()
  server.setRequestHandler("tools/list", async (request, ctx) => (await handlers())["tools/list"](request, ctx))
  server.setRequestHandler("tools/call", async (request, ctx) =>
    (await handlers())["tools/call"](request, ctx, capabilities)
  )
  server.setRequestHandler("resources/list", async (request, ctx) => (await handlers())["resources/list"](request, ctx))
  server.setRequestHandler("resources/templates/list", async (request, ctx) =>
    (await handlers())["resources/templates/list"](request, ctx)
  )
  server.setRequestHandler("resources/read", async (request, ctx) => (await handlers())["resources/read"](request, ctx))
  server.setRequestHandler("prompts/list", async (request, ctx) => (await handlers())["prompts/list"](request, ctx))
  server.setRequestHandler("prompts/get", async (request, ctx) => (await handlers())["prompts/get"](request, ctx))
  server.setRequestHandler("completion/complete", async (request, ctx) =>
    (await handlers())["completion/complete"](request, ctx)
  )
  server.setRequestHandler("skills/list", { params: skillParams }, async (_, ctx) =>
    (await handlers()).skills.list(ctx)
  )
  server.setRequestHandler("skills/get", { params: skillParams }, async ({ uri = "" }, ctx) =>
    (await handlers()).skills.get(uri, ctx)
  )
  if (era === "modern") {
    for (const method of taskMethods) {
      server.setRequestHandler(method, { params: taskParams }, async (params, ctx) =>
        (await handlers()).tasks[method](params, ctx)
      )
    }
  }
  extension?.register?.(server)
  return server
}
