import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client"
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio"
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as LegacyStdio } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { loadSettings } from "../../src/config.ts"
import { errorText } from "../../src/mcp/results.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import { serverLayer } from "../../src/serve/layers.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { endpoint } from "../support/endpoint.ts"
import type { Reply } from "./replies.ts"

/** Something that calls tools for one account. */
export interface Speaker {
  /** What Sequentum gets as the Authorization header. */
  readonly authorization: string
  /** Fails if the client got no answer that it could use. */
  readonly call: (name: string, args: Readonly<Record<string, unknown>>) => Effect.Effect<Reply, NoAnswer>
  /** Peak memory of the server in MiB, if it is a process of its own. */
  readonly peakMemory: () => number | undefined
}

/** The client got nothing, or something that it had to drop. */
export interface NoAnswer {
  readonly noAnswer: string
}

/** A way from a client to the tools. */
export interface Lane {
  readonly name: string
  /** Whether its time is virtual: no waiting is real. */
  readonly isVirtual: boolean
  readonly about: string
  readonly open: (apiUrl: string) => Effect.Effect<Speaker, never, Scope.Scope>
}

const Result = Schema.Struct({
  isError: Schema.optional(Schema.Boolean),
  structuredContent: Schema.optional(Schema.Unknown),
  content: Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optional(Schema.String) }))
})

const replyOf = (result: unknown): Effect.Effect<Reply, NoAnswer> =>
  Effect.matchEffect(Schema.decodeUnknown(Result)(result), {
    onFailure: () => Effect.fail({ noAnswer: "A result of another shape" }),
    onSuccess: ({ content, isError, structuredContent }) =>
      Effect.succeed({
        error: isError === true ? content.map(({ text = "" }) => text).join("\n") : undefined,
        structured: structuredContent
      })
  })

const ProtocolFailure = Schema.Struct({ code: Schema.Int, message: Schema.String })

/** The one error of the protocol that a known tool can be answered with. Any other comes from the SDK of the client. */
const internalError = -32603

const failureOf = (error: unknown): Effect.Effect<Reply, NoAnswer> =>
  Option.match(Schema.decodeUnknownOption(ProtocolFailure)(error), {
    onNone: () => Effect.fail({ noAnswer: String(error) }),
    onSome: ({ code, message }) =>
      code === internalError
        ? Effect.succeed({ error: message, structured: undefined })
        : Effect.fail({ noAnswer: message })
  })

const about = { name: "chaos", version: "1" }

/** Longer than any call may take: it is not the client that gives up. */
const clientTimeout = 200_000

type CallTool = (name: string, args: Record<string, unknown>, signal: AbortSignal) => Promise<unknown>

const calling =
  (callTool: CallTool): Speaker["call"] =>
  (name, args) =>
    Effect.matchEffect(
      Effect.tryPromise((signal) => callTool(name, { ...args }, signal)),
      { onFailure: ({ error }) => failureOf(error), onSuccess: replyOf }
    )

type LegacyTransport = Parameters<LegacyClient["connect"]>[0]
type ModernTransport = Parameters<ModernClient["connect"]>[0]

/** The client of the first SDK. */
const legacy = (transport: LegacyTransport) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new LegacyClient(about)
      await client.connect(transport)
      return client
    }),
    (client) => Effect.promise(() => client.close().catch(() => undefined))
  ).pipe(
    Effect.map((client) =>
      calling((name, args, signal) =>
        client.callTool({ name, arguments: args }, undefined, { signal, timeout: clientTimeout })
      )
    )
  )

/** The client of the second SDK, in the era of 2026-07-28. */
const modern = (transport: ModernTransport) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new ModernClient(about, { versionNegotiation: { mode: { pin: "2026-07-28" } } })
      await client.connect(transport)
      return client
    }),
    (client) => Effect.promise(() => client.close().catch(() => undefined))
  ).pipe(
    Effect.map((client) =>
      calling((name, args, signal) => client.callTool({ name, arguments: args }, { signal, timeout: clientTimeout }))
    )
  )

const secret = "sk-chaos-0123456789"
const noMemory = () => undefined

/** The tools with the HTTP client of the stdio program, without a protocol. */
const registry: Lane = {
  name: "registry",
  isVirtual: true,
  about: "the tools and the HTTP client of the stdio program, in this process, without a protocol",
  open: (apiUrl) =>
    Effect.gen(function* () {
      const settings = yield* Effect.orDie(loadSettings(new Map([["SEQUENTUM_API_URL", apiUrl]])))
      const tools = Context.get(yield* Layer.build(serverLayer(settings)), ToolRegistry)
      const credentials = Credentials.of({ scheme: "ApiKey", secret: Redacted.make(secret) })
      return {
        authorization: `ApiKey ${secret}`,
        peakMemory: noMemory,
        call: (name, args) =>
          tools.call(name, args).pipe(
            Effect.provideService(Credentials, credentials),
            Effect.match({
              onSuccess: ({ value }): Reply => ({ error: undefined, structured: value }),
              onFailure: (error): Reply => ({
                error: error._tag === "UnknownTool" ? "Unknown tool" : errorText(error, () => true),
                structured: undefined
              })
            }),
            Effect.catchAllDefect((defect) =>
              Effect.succeed<Reply>({
                error: `Internal error: ${Cause.pretty(Cause.die(defect))}`,
                structured: undefined
              })
            )
          )
      }
    })
}

const httpLane = (
  name: string,
  about: string,
  connect: (url: URL, headers: Record<string, string>) => Effect.Effect<Speaker["call"], never, Scope.Scope>
): Lane => ({
  name,
  isVirtual: true,
  about,
  open: (apiUrl) =>
    Effect.gen(function* () {
      const { mcp } = yield* Effect.orDie(endpoint({ SEQUENTUM_API_URL: apiUrl }, 1, { logs: [] }))
      const authorization = "Bearer chaos"
      return { authorization, peakMemory: noMemory, call: yield* connect(new URL(mcp), { authorization }) }
    })
})

const httpLegacy = httpLane("http-v1", "the HTTP endpoint in this process, the client of SDK 1", (url, headers) =>
  // The SDK's own transports do not fit its own interface under exactOptionalPropertyTypes.
  legacy(Object.assign(new LegacyHttp(url, { requestInit: { headers } }), {}))
)

const httpModern = httpLane("http-v2", "the HTTP endpoint in this process, the client of SDK 2", (url, headers) =>
  modern(new ModernHttp(url, { requestInit: { headers } }))
)

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

/** The peak of a process in MiB, where the system tells it. */
const peakOf = (pid: number | null): number | undefined => {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}

const launched = (apiUrl: string) => ({
  command: process.execPath,
  args: [program],
  env: { PATH: process.env["PATH"] ?? "", SEQUENTUM_API_URL: apiUrl, SEQUENTUM_API_KEY: secret },
  stderr: "ignore" as const
})

const stdioLegacy: Lane = {
  name: "stdio-v1",
  isVirtual: false,
  about: "the built program over stdio, the client of SDK 1",
  open: (apiUrl) => {
    const transport = new LegacyStdio(launched(apiUrl))
    return Effect.map(legacy(transport), (call) => ({
      authorization: `ApiKey ${secret}`,
      call,
      peakMemory: () => peakOf(transport.pid)
    }))
  }
}

const stdioModern: Lane = {
  name: "stdio-v2",
  isVirtual: false,
  about: "the built program over stdio, the client of SDK 2",
  open: (apiUrl) => {
    const transport = new ModernStdio(launched(apiUrl))
    return Effect.map(modern(transport), (call) => ({
      authorization: `ApiKey ${secret}`,
      call,
      peakMemory: () => peakOf(transport.pid)
    }))
  }
}

export const lanes: ReadonlyArray<Lane> = [registry, httpLegacy, httpModern, stdioLegacy, stdioModern]
