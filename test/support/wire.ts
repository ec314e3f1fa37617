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
import { legacy, message, metricsUrls, modern, modernBody, modernHeaders, type Ask } from "./endpoint.ts"

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT with these claims and an invalid signature. */
export const jwt = (claims: Readonly<Record<string, unknown>>) =>
  `${base64url({ alg: "none", typ: "JWT" })}.${base64url(claims)}.c2lnbmF0dXJl`

interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends a request with any headers, Host and Origin included. */
export const send = (url: string, { body, headers = {}, method = "GET" }: Request = {}) =>
  Effect.async<Received>((resume) => {
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
  /** What has arrived. */
  readonly text: () => string
  readonly write: (text: string) => void
  /** Waits until `part` has arrived so many times. */
  readonly until: (part: string, count?: number) => Effect.Effect<string>
  /** Waits until the server has closed the connection. The result is all that arrived. */
  readonly closed: Effect.Effect<string>
}

/** A bare connection to the endpoint. It is destroyed with the scope. */
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
          socket.emit("arrived")
        })
      }
      const has = (part: string, count: number) => text.split(part).length > count
      return {
        socket,
        text: () => text,
        write: (bytes) => void socket.write(bytes),
        until: (part, count = 1) =>
          Effect.async<string>((resume) => {
            const check = () => {
              if (!has(part, count)) return
              socket.off("arrived", check)
              resume(Effect.succeed(text))
            }
            socket.on("arrived", check)
            check()
          }),
        closed: Effect.async<string>((resume) => {
          const end = () => resume(Effect.succeed(text))
          if (socket.destroyed || socket.readableEnded) end()
          else socket.once("end", end).once("close", end)
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

/** The bytes of a POST of the 2026-07-28 era. */
export const modernBytes = (method: string, params: Arguments = {}, headers: Readonly<Record<string, string>> = {}) =>
  postBytes(modernBody(method, params), { ...modernHeaders(method, params), ...headers })

const Failed = Schema.Struct({
  error: Schema.Struct({ code: Schema.Int, message: Schema.String, data: Schema.optional(Schema.Unknown) })
})

/** The JSON-RPC error in a response. */
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

/** The result in the response to a call. */
export const resultOf = (response: Response) =>
  Effect.flatMap(message(response), (body) => Effect.map(Schema.decodeUnknown(Called)(body), ({ result }) => result))

type Arguments = Readonly<Record<string, unknown>>

/** Calls a tool in either era. */
export const callTool = {
  modern: (mcp: string, name: string, args: Arguments, ask?: Ask, meta?: Arguments) =>
    modern(mcp, "tools/call", { name, arguments: args }, ask, meta),
  legacy: (mcp: string, name: string, args: Arguments, ask?: Ask, meta?: Arguments) =>
    legacy(mcp, "tools/call", { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) }, ask)
} as const

const Started = Schema.Struct({ run: Schema.Struct({ agentId: Schema.Int, runId: Schema.Int }) })

/** Starts a run of the books agent; the result is its ids. */
export const startRun = ({ mcp }: Pick<Endpoint, "mcp">, token = "alice") =>
  callTool.modern(mcp, "start_agent", { agentId: 4101 }, { token }).pipe(
    Effect.flatMap(resultOf),
    Effect.flatMap(({ structuredContent }) => Schema.decodeUnknown(Started)(structuredContent)),
    Effect.map(({ run: { agentId, runId } }) => ({ agentId, runId }))
  )

const Stats = Schema.Struct({ reads: Schema.Int, writes: Schema.Int })

/** How many requests with a token the sandbox has received. */
export const upstreamCalls = ({ apiUrl }: Pick<Endpoint, "apiUrl">, token = "alice") =>
  Effect.flatMap(send(`${apiUrl}/sandbox/stats`, { headers: { authorization: `Bearer ${token}` } }), ({ body }) =>
    Effect.map(Schema.decodeUnknown(Schema.parseJson(Stats))(body), ({ reads, writes }) => reads + writes)
  )

/** Checks until something is true, in real time; for states that have no event. Dies after five seconds. */
export const eventually = <E, R>(check: Effect.Effect<boolean, E, R>) =>
  Effect.suspend(() => check).pipe(
    Effect.delay("10 millis"),
    Effect.repeat({ until: (isTrue) => isTrue }),
    Effect.timeoutFail({
      duration: "5 seconds",
      onTimeout: () => new Error("It did not become true within 5 seconds")
    }),
    Effect.orDie,
    TestServices.provideLive
  )

/** The value of a series in the metrics of the endpoint at `url`; 0 if it is absent. */
export const metric = (url: string, series: string) =>
  Effect.map(send(metricsUrls.get(url) ?? `${url}/metrics`), ({ body }) => {
    const line = body.split("\n").find((candidate) => candidate.startsWith(`${series} `))
    return line === undefined ? 0 : Number(line.slice(series.length + 1))
  })

/** Starts an upstream that ends with the scope; the result is its URL. */
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

/** An upstream that gives every request the same response. */
export const refusing = (status: number, body: unknown, challenge?: string) =>
  upstream((_, response) => {
    response.writeHead(status, {
      "content-type": "application/json",
      ...(challenge === undefined ? {} : { "www-authenticate": challenge })
    })
    response.end(JSON.stringify(body))
  })

/** An upstream that refuses every request and quotes its body. */
export const quoting = (status: number) =>
  upstream((request, response) => {
    response.writeHead(status, { "content-type": "application/json" })
    text(request).then(
      (body) => response.end(JSON.stringify({ message: `Bad input: ${body}` })),
      () => response.destroy()
    )
  })
