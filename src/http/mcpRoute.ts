import { createMcpHandler, isLegacyRequest, type AuthInfo, type ServerContext } from "@modelcontextprotocol/server"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { makeRunEffect } from "../mcp/runRequest.ts"
import { makeHandlers, type RunRequest } from "../mcp/handlers.ts"
import { makeServer, type Era, type ServerExtension } from "../mcp/server.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { type Selection } from "../tools/selection.ts"
import type { ToolError } from "../tools/Tool.ts"
import { readBody } from "./body.ts"
import { corsHeaders, preflightHeaders, type OriginPolicy } from "./cors.ts"
import type { Drain } from "./drain.ts"
import { countRequest } from "./requestMetrics.ts"
import { clientAddress, hostAllowed, rateHeaders, type RateLimiter } from "./limits.ts"
import { makeExchanges } from "./exchange.ts"
import { maskHeaders, maskValue } from "./masking.ts"
import {
  bearerToken,
  challengeHeader,
  challengeMessage,
  subjectOf,
  type Challenge,
  type OAuthAddresses
} from "./oauth.ts"
import { fromWeb, rpcCodes, rpcError } from "./respond.ts"
import { narrowed } from "./selection.ts"
import { makeSessions, type LegacyRequest } from "./sessions.ts"

export interface McpRouteOptions {
  readonly origins: OriginPolicy
  /** Host header values to take; undefined takes any. */
  readonly hosts: ReadonlyArray<string> | undefined
  readonly trustProxy: boolean
  /** undefined sets no limit. */
  readonly rateLimiter: RateLimiter | undefined
  /** Where a client of these headers finds the endpoint. */
  readonly addresses: (headers: Headers.Headers) => OAuthAddresses
  /** The caller of requests without a token, where these are allowed. */
  readonly anonymous: Option.Option<Credentials["Type"]>
  readonly selection: Selection
  readonly extension?: ServerExtension | undefined
  readonly sessions: { readonly max: number; readonly idle: Duration.Duration } | undefined
  readonly drain: Drain
  /** How long a client may leave what was written to it unread. */
  readonly stalled: Duration.Duration
  /** Logs each request, masked. */
  readonly debug: boolean
}

/** What is known of a request beside what MCP carries. The web Request stands for it in the SDK's handlers. */
interface Caller {
  readonly credentials: Credentials["Type"]
  readonly selection: Selection
  challenge: Challenge | undefined
}

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

const webHeaders = (headers: Headers.Headers) => new globalThis.Headers(Object.entries(headers))

const sessionHeader = "mcp-session-id"

const isInitialize = (body: unknown) => Predicate.isRecord(body) && body["method"] === "initialize"

/** A refusal of Sequentum that signing in again can cure. */
const challengeFor = (error: ToolError, scope: string | undefined): Challenge | undefined => {
  if (error._tag === "Unauthorized") return { status: 401, reason: "invalid" }
  if (error._tag !== "Forbidden" || error.requiredScope === undefined) return undefined
  const scopes = [...new Set([...error.requiredScope.split(" "), scope ?? ""].filter((word) => word !== ""))]
  return { status: 403, scope: scopes.join(" ") }
}

const challengeResponse = (
  challenge: Challenge,
  addresses: OAuthAddresses,
  headers: Readonly<Record<string, string>>
) =>
  rpcError(challenge.status, rpcCodes.unauthorized, challengeMessage(challenge), {
    ...headers,
    "www-authenticate": challengeHeader(challenge, addresses)
  })

/**
 * The endpoint itself: origin, host, rate, authorisation and body are checked in that order, then the request goes to
 * the handler of its era.
 */
export const makeMcpRoute = (options: McpRouteOptions) =>
  Effect.gen(function* () {
    const tools = yield* ToolRegistry
    const runEffect = yield* makeRunEffect
    const exchangeOf = yield* makeExchanges
    const callers = new WeakMap<Request, Caller>()

    const callerOf = (ctx: ServerContext) => (ctx.http?.req === undefined ? undefined : callers.get(ctx.http.req))
    const selection = (ctx: ServerContext) => callerOf(ctx)?.selection ?? (() => false)
    const run: RunRequest = (effect, ctx) => {
      const caller = callerOf(ctx)
      return caller === undefined
        ? Promise.reject(new Error("The request has no caller"))
        : runEffect(Effect.provideService(effect, Credentials, caller.credentials), ctx.mcpReq.signal)
    }
    const scopeOf = new Map(tools.list().map(({ name, scope }) => [name, scope]))
    const onFailure = (error: ToolError, ctx: ServerContext, tool?: string) => {
      const caller = callerOf(ctx)
      if (caller !== undefined) caller.challenge ??= challengeFor(error, scopeOf.get(tool ?? ""))
    }
    const handlersOf = (era: Era) => {
      const ready = Promise.resolve(makeHandlers({ tools, run, selection, era, onFailure }))
      return () => ready
    }
    const handlers = { legacy: handlersOf("legacy"), modern: handlersOf("modern") }
    const server = (era: Era) => makeServer({ era, handlers: handlers[era], extension: options.extension })

    const modern = createMcpHandler(({ era }) => server(era), {
      legacy: options.sessions === undefined ? "stateless" : "reject"
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => modern.close()))
    const sessions =
      options.sessions === undefined
        ? undefined
        : yield* makeSessions({
            maxSessions: options.sessions.max,
            idle: options.sessions.idle,
            makeServer: () => server("legacy")
          })

    /** Serves a request that belongs to no session. The call ends with the exchange. */
    const stateless = (legacy: LegacyRequest): Effect.Effect<Response, never, Scope.Scope> =>
      Effect.gen(function* () {
        const controller = new AbortController()
        yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
        const request = new Request(legacy.request, { signal: controller.signal })
        const caller = callers.get(legacy.request)
        if (caller !== undefined) callers.set(request, caller)
        return yield* Effect.promise(() => modern.fetch(request, legacy))
      })

    const dispatch = (
      legacy: LegacyRequest,
      subject: string
    ): Effect.Effect<Response | HttpServerResponse.HttpServerResponse, never, Scope.Scope> =>
      Effect.gen(function* () {
        const { parsedBody, request } = legacy
        if (sessions === undefined) return yield* stateless(legacy)
        const isModern =
          request.method === "POST" && !(yield* Effect.promise(() => isLegacyRequest(request, parsedBody)))
        if (isModern) return yield* stateless(legacy)
        const id = request.headers.get(sessionHeader)
        if (id !== null) {
          return (
            (yield* sessions.use(id, subject, legacy)) ??
            rpcError(404, rpcCodes.unauthorized, "Session not found. Initialize a new one.")
          )
        }
        if (request.method !== "POST") {
          return rpcError(405, rpcCodes.refused, "Method not allowed without a session.", { allow: "POST" })
        }
        if (!isInitialize(parsedBody)) {
          return rpcError(400, rpcCodes.refused, "The Mcp-Session-Id header is required. Initialize first.")
        }
        if (options.drain.isDraining()) return rpcError(503, rpcCodes.refused, "The server is stopping.")
        return (
          (yield* sessions.open(subject, legacy)) ??
          rpcError(503, rpcCodes.refused, "The server has no room for another session. Try again later.", {
            "retry-after": "30"
          })
        )
      })

    const log = (request: HttpServerRequest.HttpServerRequest, body: unknown) =>
      options.debug
        ? Effect.annotateLogs(Effect.logDebug("request"), {
            method: request.method,
            headers: JSON.stringify(maskHeaders(request.headers)),
            body: JSON.stringify(maskValue(body))
          })
        : Effect.void

    const serve = (
      request: HttpServerRequest.HttpServerRequest,
      token: Option.Option<string>,
      credentials: Credentials["Type"],
      headers: Readonly<Record<string, string>>,
      addresses: OAuthAddresses
    ): Answer =>
      Effect.gen(function* () {
        const chosen = narrowed(options.selection, request.headers)
        if (Either.isLeft(chosen)) return rpcError(400, rpcCodes.refused, chosen.left.join(" "), headers)
        const body = yield* Effect.either(request.method === "POST" ? readBody(request) : Effect.succeed(undefined))
        if (Either.isLeft(body)) return rpcError(body.left.status, body.left.code, body.left.message, headers)
        yield* log(request, body.right)
        const web = new Request("http://localhost/mcp", {
          method: request.method,
          headers: webHeaders(request.headers)
        })
        const caller: Caller = { credentials, selection: chosen.right, challenge: undefined }
        callers.set(web, caller)
        const authInfo: AuthInfo = { token: "", clientId: "", scopes: [] }
        const legacy: LegacyRequest = { request: web, parsedBody: body.right, authInfo }
        const subject = Option.match(token, { onNone: () => "anonymous", onSome: subjectOf })
        const exchange = yield* exchangeOf(request)
        const served = yield* Scope.extend(
          Effect.zipRight(request.method === "POST" ? options.drain.enter : Effect.void, dispatch(legacy, subject)),
          exchange.scope
        )
        if (HttpServerResponse.isServerResponse(served)) return HttpServerResponse.setHeaders(served, headers)
        return yield* fromWeb(served, {
          headers,
          exchange,
          // A stream that only listens may have nothing to say for long.
          holdBack: request.method === "POST",
          stalled: options.stalled,
          instead: () =>
            Option.map(Option.fromNullable(caller.challenge), (challenge) =>
              challengeResponse(challenge, addresses, headers)
            )
        })
      })

    const limited = (request: HttpServerRequest.HttpServerRequest) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        options.rateLimiter?.take(
          clientAddress(
            {
              remoteAddress: NodeHttpServerRequest.toIncomingMessage(request).socket.remoteAddress ?? "unknown",
              forwardedFor: request.headers["x-forwarded-for"]
            },
            options.trustProxy
          ),
          now
        )
      )

    const answer = (request: HttpServerRequest.HttpServerRequest): Answer =>
      Effect.gen(function* () {
        const origin = request.headers["origin"]
        if (origin !== undefined && !options.origins.allows(origin)) {
          return rpcError(403, rpcCodes.refused, "This origin is not allowed.", corsHeaders(undefined))
        }
        const cors = corsHeaders(origin)
        if (options.hosts !== undefined && !hostAllowed(request.headers["host"], options.hosts)) {
          return rpcError(403, rpcCodes.refused, "This Host header is not allowed.", cors)
        }
        if (request.method === "OPTIONS") {
          return HttpServerResponse.empty({
            status: 204,
            headers: origin === undefined ? cors : preflightHeaders(origin)
          })
        }
        const rate = yield* limited(request)
        const headers = rate === undefined ? cors : { ...cors, ...rateHeaders(rate) }
        if (rate?.allowed === false) {
          return rpcError(429, rpcCodes.rateLimited, "Too many requests. Slow down.", headers)
        }
        if (request.method !== "POST" && request.method !== "GET" && request.method !== "DELETE") {
          return rpcError(405, rpcCodes.refused, "Method not allowed.", { ...headers, allow: "GET, POST, DELETE" })
        }
        const addresses = options.addresses(request.headers)
        const token = bearerToken(request.headers["authorization"])
        const credentials = Option.orElse(
          Option.map(token, (secret) => Credentials.of({ scheme: "Bearer", secret: Redacted.make(secret) })),
          () => options.anonymous
        )
        return yield* Option.match(credentials, {
          onNone: () => Effect.succeed(challengeResponse({ status: 401, reason: "missing" }, addresses, headers)),
          onSome: (known) => serve(request, token, known, headers, addresses)
        })
      })

    const route = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const response = yield* Effect.catchAllDefect(answer(request), (defect) =>
        Effect.as(
          Effect.logError("A request failed", defect),
          rpcError(500, rpcCodes.internal, "Internal error", corsHeaders(undefined))
        )
      )
      yield* countRequest(request.method, response.status)
      return response
    })
    return { route, sessionCount: () => sessions?.count() ?? 0 } as const
  })
