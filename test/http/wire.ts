import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server
} from "node:http"
import { connect, type Socket } from "node:net"
import { text } from "node:stream/consumers"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestServices from "effect/TestServices"
import type { Endpoint } from "./endpoint.ts"
import { legacy, message, modern, type Ask } from "./endpoint.ts"

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT of these claims, its signature made up. */
export const jwt = (claims: Readonly<Record<string, unknown>>) =>
  `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.c2lnbmF0dXJl`

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request whose headers are all the caller's own, Host and Origin included. */
export const send = (url: string, { body, headers = {}, method = "GET" }: Request = {}) =>
  Effect.async<Answer>((resume) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .on("end", () =>
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString("utf8")
            })
          )
        )
    })
    request.on("error", (error) => resume(Effect.die(error)))
    request.end(body)
  })

export interface Wire {
  readonly socket: Socket
  /** What came so far. */
  readonly text: () => string
  readonly write: (text: string) => void
  /** Ends once this has come. */
  readonly until: (part: string, times?: number) => Effect.Effect<string>
  readonly closed: Effect.Effect<string>
}

/** A bare connection to the endpoint, destroyed with the scope. */
export const wire = (url: string, options: { readonly reads?: boolean } = {}) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Socket>((resume) => {
        const { hostname, port } = new URL(url)
        const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }, () =>
          resume(Effect.succeed(socket))
        )
        socket.on("error", () => undefined)
      }),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (socket): Wire => {
      let text = ""
      if (options.reads !== false) {
        socket.on("data", (chunk) => {
          text += chunk.toString()
          socket.emit("told")
        })
      }
      const has = (part: string, times: number) => text.split(part).length > times
      return {
        socket,
        text: () => text,
        write: (bytes) => void socket.write(bytes),
        until: (part, times = 1) =>
          Effect.async<string>((resume) => {
            const look = () => {
              if (!has(part, times)) return
              socket.off("told", look)
              resume(Effect.succeed(text))
            }
            socket.on("told", look)
            look()
          }),
        closed: Effect.async<string>((resume) => {
          const over = () => resume(Effect.succeed(text))
          if (socket.destroyed || socket.readableEnded) over()
          else socket.once("end", over).once("close", over)
        })
      }
    }
  )

/** The bytes of a POST to /mcp. */
export const postBytes = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  [
    "POST /mcp HTTP/1.1",
    ...Object.entries({
      host: "localhost",
      authorization: "Bearer alice",
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "content-length": String(Buffer.byteLength(body)),
      ...headers
    }).map(([name, value]) => `${name}: ${value}`),
    "",
    body
  ].join("\r\n")

const Failed = Schema.Struct({
  error: Schema.Struct({ code: Schema.Int, message: Schema.String, data: Schema.optional(Schema.Unknown) })
})

/** The JSON-RPC error of an answer. */
export const rpcErrorOf = (response: Response) =>
  Effect.flatMap(message(response), (body) => Effect.map(Schema.decodeUnknown(Failed)(body), ({ error }) => error))

/** The JSON-RPC error in a body. */
export const rpcErrorIn = (body: string) =>
  Effect.map(Schema.decodeUnknown(Schema.parseJson(Failed))(body), ({ error }) => error)

const Called = Schema.Struct({
  result: Schema.Struct({
    isError: Schema.optional(Schema.Boolean),
    content: Schema.Array(Schema.Struct({ text: Schema.String })),
    structuredContent: Schema.optional(Schema.Unknown)
  })
})

/** The result of a call. */
export const resultOf = (response: Response) =>
  Effect.flatMap(message(response), (body) => Effect.map(Schema.decodeUnknown(Called)(body), ({ result }) => result))

type Arguments = Readonly<Record<string, unknown>>

/** How a tool is called in each way that the endpoint serves. */
export const callTool = {
  modern: (mcp: string, name: string, args: Arguments, ask?: Ask, meta?: Arguments) =>
    modern(mcp, "tools/call", { name, arguments: args }, ask, meta),
  legacy: (mcp: string, name: string, args: Arguments, ask?: Ask, meta?: Arguments) =>
    legacy(mcp, "tools/call", { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) }, ask)
} as const

const Started = Schema.Struct({ run: Schema.Struct({ agentId: Schema.Int, runId: Schema.Int }) })

/** Starts a run of the books agent and gives its ids. */
export const startRun = ({ mcp }: Pick<Endpoint, "mcp">, token = "alice") =>
  callTool.modern(mcp, "start_agent", { agentId: 4101 }, { token }).pipe(
    Effect.flatMap(resultOf),
    Effect.flatMap(({ structuredContent }) => Schema.decodeUnknown(Started)(structuredContent)),
    Effect.map(({ run: { agentId, runId } }) => ({ agentId, runId }))
  )

const Stats = Schema.Struct({ reads: Schema.Int, writes: Schema.Int })

/** How many requests of a token the sandbox has seen. */
export const upstreamCalls = ({ apiUrl }: Pick<Endpoint, "apiUrl">, token = "alice") =>
  Effect.flatMap(send(`${apiUrl}/sandbox/stats`, { headers: { authorization: `Bearer ${token}` } }), ({ body }) =>
    Effect.map(Schema.decodeUnknown(Schema.parseJson(Stats))(body), ({ reads, writes }) => reads + writes)
  )

/** Looks until something is so; for what no event tells, whatever the clock of the test. Dies after five seconds. */
export const eventually = <E, R>(check: Effect.Effect<boolean, E, R>) =>
  Effect.suspend(() => check).pipe(
    Effect.delay("10 millis"),
    Effect.repeat({ until: (so) => so }),
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => new Error("It never came true") }),
    Effect.orDie,
    TestServices.provideLive
  )

/** A number that /metrics tells, 0 where it does not tell it. */
export const metric = (url: string, series: string) =>
  Effect.map(send(`${url}/metrics`), ({ body }) => {
    const line = body.split("\n").find((candidate) => candidate.startsWith(`${series} `))
    return line === undefined ? 0 : Number(line.slice(series.length + 1))
  })

/** An upstream, until the scope closes; gives its address. */
const upstream = (respond: RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const server = createServer(respond).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`
    }
  )

/** An upstream that answers everything alike. */
export const refusing = (status: number, body: unknown, challenge?: string) =>
  upstream((_, response) => {
    response.writeHead(status, {
      "content-type": "application/json",
      ...(challenge === undefined ? {} : { "www-authenticate": challenge })
    })
    response.end(JSON.stringify(body))
  })

/** An upstream that refuses everything and quotes what was asked. */
export const quoting = (status: number) =>
  upstream((request, response) => {
    response.writeHead(status, { "content-type": "application/json" })
    text(request).then(
      (asked) => response.end(JSON.stringify({ message: `Bad input: ${asked}` })),
      () => response.destroy()
    )
  })
