import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { loadSettings } from "../../src/config.ts"
import { serveHttp, type ListeningAt } from "../../src/http/server.ts"
import type { ServerExtension } from "../../src/mcp/server.ts"
import type { Timeouts } from "../../src/http/timeouts.ts"
import { serve } from "../../src/sandbox/server.ts"
import { layerUndici } from "../../src/sequentum/client/upstreamUndici.ts"
import { keyCredentials, logToStderr } from "../../src/serve/caller.ts"
import { endpointLayer } from "../../src/serve/endpointLayer.ts"
import { operatorSelection } from "../../src/serve/layers.ts"

/** Where the metrics of an endpoint are, by its URL. */
export const metricsUrls = new Map<string, string | undefined>()

interface Options {
  /** Whether clients are told that there is a sandbox, as on an address that others can reach. */
  readonly isSandbox?: boolean
  readonly timeouts?: Partial<Timeouts>
  readonly telemetry?: Layer.Layer<never>
  readonly extension?: ServerExtension
  /** Collects every line that is logged, at any level, instead of printing it. */
  readonly logs?: Array<string>
}

const collectLogs = (logs: Array<string>) =>
  Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      Logger.map(Logger.logfmtLogger, (line) => {
        logs.push(line)
      })
    ),
    Logger.minimumLogLevel(LogLevel.All)
  )

/** An endpoint on a sandbox of its own, both in this process. They end with the scope. */
export const endpoint = (
  settings: Readonly<Record<string, string>> = {},
  speed = 600,
  { extension, isSandbox = false, logs, telemetry = Layer.empty, timeouts = {} }: Options = {}
) =>
  Effect.gen(function* () {
    const { url: apiUrl } = yield* serve({ speed, rateLimitPerMinute: 1_000_000 })
    const loaded = yield* loadSettings(
      new Map(
        Object.entries({
          SEQUENTUM_API_URL: apiUrl,
          PORT: "0",
          RATE_LIMIT_PER_MINUTE: "0",
          // Most tests count requests to the sandbox, and use tokens that nobody has signed.
          TOKEN_CHECK: "off",
          HOST: "127.0.0.1",
          METRICS_PORT: "0",
          ...settings
        })
      )
    )
    const selection = yield* operatorSelection(loaded)
    const listening = yield* Deferred.make<ListeningAt>()
    const anonymous = loaded.requireAuth ? Option.none() : Option.some(yield* keyCredentials(loaded))
    const fiber = yield* serveHttp(
      { settings: loaded, selection, anonymous, timeouts, extension, isSandbox },
      (_, at) => Effect.asVoid(Deferred.succeed(listening, at))
    ).pipe(
      Effect.provide(Layer.merge(endpointLayer(loaded, layerUndici(loaded.apiUrl)), telemetry)),
      logs === undefined ? logToStderr(loaded) : Effect.provide(collectLogs(logs)),
      Effect.forkScoped
    )
    const { metricsUrl, url } = yield* Deferred.await(listening)
    metricsUrls.set(url, metricsUrl)
    return { url, mcp: `${url}/mcp`, apiUrl, fiber, metricsUrl: metricsUrl ?? "" }
  })

export type Endpoint = Effect.Effect.Success<ReturnType<typeof endpoint>>

const initializeParams = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "http-test", version: "1" }
}

const baseHeaders = { "content-type": "application/json", accept: "application/json, text/event-stream" }

export interface Ask {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly session?: string | undefined
  readonly signal?: AbortSignal
}

type Params = Readonly<Record<string, unknown>>

const bearer = (token: string | undefined) => (token === undefined ? {} : { authorization: `Bearer ${token}` })

/** Posts a body as it is. */
export const post = (mcp: string, body: string, { headers = {}, session, signal, token = "alice" }: Ask = {}) =>
  Effect.promise(() =>
    fetch(mcp, {
      method: "POST",
      body,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...baseHeaders,
        ...bearer(token),
        ...(session === undefined ? {} : { "mcp-session-id": session }),
        ...headers
      }
    })
  )

/** The body of a request of the 2025-11-25 era. */
export const legacyBody = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })

/** Posts a request of the 2025-11-25 era. */
export const legacy = (mcp: string, method: string, params: unknown, ask?: Ask) =>
  post(mcp, legacyBody(method, params), ask)

/** The body of a request of the 2026-07-28 era. */
export const modernBody = (method: string, params: Params = {}, meta: Params = {}) =>
  legacyBody(method, {
    ...params,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "http-test", version: "1" },
      ...meta
    }
  })

/** The headers that a request of the 2026-07-28 era repeats from its body. */
export const modernHeaders = (method: string, { name, taskId }: Params = {}) => {
  const named = name ?? taskId
  return {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(typeof named === "string" ? { "mcp-name": named } : {})
  }
}

/** Posts a request of the 2026-07-28 era. */
export const modern = (
  mcp: string,
  method: string,
  params: Params,
  { headers = {}, ...ask }: Ask = {},
  meta: Params = {}
) => post(mcp, modernBody(method, params, meta), { ...ask, headers: { ...modernHeaders(method, params), ...headers } })

export const initialize = (mcp: string, ask?: Ask) => legacy(mcp, "initialize", initializeParams, ask)

/** The body of an `initialize` request. */
export const initializeBody = legacyBody("initialize", initializeParams)

/** Opens a session; the result is its id. */
export const openSession = (mcp: string, ask?: Ask) =>
  Effect.flatMap(initialize(mcp, ask), (response) =>
    Effect.promise(async () => {
      await response.text()
      return response.headers.get("mcp-session-id") ?? ""
    })
  )

/** The message in a response, which is JSON or the last event of a stream. */
export const message = (response: Response): Effect.Effect<unknown> =>
  Effect.promise(async () => {
    const text = await response.text()
    const data = text
      .split("\n")
      .filter((line) => line.startsWith("data: "))
      .at(-1)
    const json: unknown = JSON.parse(data?.slice(6) ?? text)
    return json
  })
