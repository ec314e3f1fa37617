import { createMcpHandler, isLegacyRequest, type AuthInfo, type ServerContext } from "@modelcontextprotocol/server"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { makeRunEffect } from "../mcp/runRequest.ts"
import { makeHandlers, type RunRequest } from "../mcp/handlers.ts"
import type { Era } from "../mcp/era.ts"
import { makeServer, type ServerExtension } from "../mcp/server.ts"
import { Credentials } from "../sequentum/Credentials.ts"
import { ToolRegistry } from "../tools/registry.ts"
import { type Selection } from "../tools/selection.ts"
import type { ToolError } from "../tools/Tool.ts"
import { readBody } from "./admission/body.ts"
import { corsHeaders, preflightHeaders, type OriginPolicy } from "./admission/origins.ts"
import { makeDeadlines } from "../runtime/deadlines.ts"
import type { Drain } from "./drain.ts"
import { countRequest } from "./observability/requestMetrics.ts"
import { clientAddress, hostAllowed, rateHeaders, type RateLimiter } from "./admission/rateLimit.ts"
import { makeExchanges, type Exchange } from "./delivery/exchange.ts"
import { maskHeaders, maskValue } from "./observability/masking.ts"
import {
  accountOf,
  bearerToken,
  challengeHeader,
  challengeMessage,
  subjectOf,
  type Challenge,
  type OAuthAddresses
} from "./admission/oauth.ts"
import { fromWeb, receive, rpcCodes, rpcError, type Received } from "./delivery/respond.ts"
import { narrowed } from "./admission/narrowing.ts"
import { webRequest } from "./delivery/webRequest.ts"
import { makeSessions, type LegacyRequest, type Sessions } from "./sessions.ts"

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

/** What the headers of a request tell of it. */
interface Known {
  readonly addresses: OAuthAddresses
  readonly credentials: Credentials["Type"]
  /** What every answer to it carries. */
  readonly headers: Readonly<Record<string, string>>
  readonly selection: Selection
  readonly token: Option.Option<string>
}

/** A request that goes to the protocol's code. */
interface Admitted {
  readonly legacy: LegacyRequest
  readonly token: Option.Option<string>
  readonly exchange: Exchange
  /** Ends what the request has under way. */
  readonly aborter: AbortController
}

type Served = Received | HttpServerResponse.HttpServerResponse

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

/** The headers that the protocol has a say in. The token is not among them: nothing behind this needs it. */
const protocolHeaders = (headers: Headers.Headers) => {
  const kept = new globalThis.Headers()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && (name.startsWith("mcp-") || name === "accept" || name === "content-type")) {
      kept.set(name, value)
    }
  }
  return kept
}

/** The SDK wants to know who is signed in; what calls need of it goes by another way. */
const authInfo: AuthInfo = { token: "", clientId: "", scopes: [] }

const sessionHeader = "mcp-session-id"

/**
 * Whether the status of an answer waits for its first bytes, until which it may become a challenge. A stream that only
 * listens may have nothing to say for long.
 */
const holdsBack = ({ method }: Request) => method === "POST"

/** How a request is counted whose client did not wait for the answer: a status of no standard, but a custom of proxies. */
const clientGone = 499

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
    const clock = yield* Effect.clock
    const deadlines = yield* makeDeadlines
    const onStalled = (then: () => void) => deadlines.after(Duration.toMillis(options.stalled), then)
    const callers = new WeakMap<Request, Caller>()

    const callerOf = (ctx: ServerContext) => (ctx.http?.req === undefined ? undefined : callers.get(ctx.http.req))
    const selection = (ctx: ServerContext) => callerOf(ctx)?.selection ?? (() => false)
    const run: RunRequest = (effect, ctx, own) => {
      const caller = callerOf(ctx)
      return caller === undefined
        ? Promise.reject(new Error("The request has no caller"))
        : runEffect(effect, Context.add(own, Credentials, caller.credentials), ctx.mcpReq.signal)
    }
    const scopeOf = new Map(tools.list().map(({ name, scope }) => [name, scope]))
    const onFailure = (error: ToolError, ctx: ServerContext, tool?: string) => {
      const caller = callerOf(ctx)
      if (caller !== undefined) caller.challenge ??= challengeFor(error, scopeOf.get(tool ?? ""))
    }
    const handlersOf = (era: Era) => {
      const ready = Promise.resolve(makeHandlers({ tools, run, clock, selection, era, onFailure }))
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
    const stateless = async ({ aborter, exchange, legacy }: Admitted) => {
      let isWhole = false
      exchange.onOver(() => {
        if (!isWhole) aborter.abort()
      })
      const received = await receive(await modern.fetch(legacy.request, legacy), exchange, holdsBack(legacy.request))
      isWhole = received.whole !== undefined
      return received
    }

    const inSession = (open: Sessions, { exchange, legacy, token }: Admitted): Effect.Effect<Served> =>
      Effect.gen(function* () {
        const { parsedBody, request } = legacy
        const subject = Option.match(token, { onNone: () => "anonymous", onSome: subjectOf })
        const id = request.headers.get(sessionHeader)
        if (id === null) {
          if (request.method !== "POST") {
            return rpcError(405, rpcCodes.refused, "Method not allowed without a session.", { allow: "POST" })
          }
          if (!isInitialize(parsedBody)) {
            return rpcError(400, rpcCodes.refused, "The Mcp-Session-Id header is required. Initialize first.")
          }
          if (options.drain.isDraining()) return rpcError(503, rpcCodes.refused, "The server is stopping.")
        }
        const scope = yield* exchange.scope
        const response = yield* Scope.extend(
          id === null ? open.open(subject, legacy) : open.use(id, subject, legacy),
          scope
        )
        if (response !== undefined) return yield* Effect.promise(() => receive(response, exchange, holdsBack(request)))
        return id === null
          ? rpcError(503, rpcCodes.refused, "The server has no room for another session. Try again later.", {
              "retry-after": "30"
            })
          : rpcError(404, rpcCodes.unauthorized, "Session not found. Initialize a new one.")
      })

    const dispatch = (admitted: Admitted): Effect.Effect<Served> => {
      const { parsedBody, request } = admitted.legacy
      if (sessions === undefined) return Effect.promise(() => stateless(admitted))
      if (request.method !== "POST") return inSession(sessions, admitted)
      return Effect.flatMap(
        Effect.promise(async () => ((await isLegacyRequest(request, parsedBody)) ? undefined : stateless(admitted))),
        (served) => (served === undefined ? inSession(sessions, admitted) : Effect.succeed(served))
      )
    }

    const logged = (request: HttpServerRequest.HttpServerRequest, body: unknown, answered: Answer): Answer =>
      options.debug
        ? Effect.zipRight(
            Effect.annotateLogs(Effect.logDebug("request"), {
              method: request.method,
              headers: JSON.stringify(maskHeaders(request.headers)),
              body: JSON.stringify(maskValue(body))
            }),
            answered
          )
        : answered

    const serve = (
      request: HttpServerRequest.HttpServerRequest,
      { addresses, credentials, headers, selection, token }: Known,
      parsedBody: unknown
    ): Answer => {
      const aborter = new AbortController()
      const web = webRequest(request.method, protocolHeaders(request.headers), aborter.signal)
      const caller: Caller = { credentials, selection, challenge: undefined }
      callers.set(web, caller)
      const exchange = exchangeOf(request)
      if (request.method === "POST") exchange.onOver(options.drain.enter())
      const admitted = {
        aborter,
        exchange,
        legacy: { request: web, parsedBody, authInfo },
        token
      }
      return Effect.map(dispatch(admitted), (served) =>
        HttpServerResponse.isServerResponse(served)
          ? HttpServerResponse.setHeaders(served, headers)
          : fromWeb(served, {
              headers,
              exchange,
              onStalled,
              instead: () =>
                Option.map(Option.fromNullable(caller.challenge), (challenge) =>
                  challengeResponse(challenge, addresses, headers)
                )
            })
      )
    }

    const read = (request: HttpServerRequest.HttpServerRequest, known: Known): Answer =>
      request.method === "POST"
        ? Effect.matchEffect(readBody(request), {
            onFailure: ({ code, message, status }) =>
              logged(request, undefined, Effect.succeed(rpcError(status, code, message, known.headers))),
            onSuccess: (body) => logged(request, body, serve(request, known, body))
          })
        : logged(request, undefined, serve(request, known, undefined))

    const corsOf = (origin: string | undefined) =>
      corsHeaders(origin !== undefined && options.origins.allows(origin) ? origin : undefined)

    const limited = (request: HttpServerRequest.HttpServerRequest) =>
      options.rateLimiter?.take(
        clientAddress(
          {
            remoteAddress: NodeHttpServerRequest.toIncomingMessage(request).socket.remoteAddress ?? "unknown",
            forwardedFor: request.headers["x-forwarded-for"]
          },
          options.trustProxy
        ),
        clock.unsafeCurrentTimeMillis()
      )

    /** Who asks and what for, or the answer to a request that is refused by its headers alone. */
    const admit = (request: HttpServerRequest.HttpServerRequest): Known | HttpServerResponse.HttpServerResponse => {
      const origin = request.headers["origin"]
      const cors = corsOf(origin)
      if (origin !== undefined && !options.origins.allows(origin)) {
        return rpcError(403, rpcCodes.refused, "This origin is not allowed.", cors)
      }
      if (options.hosts !== undefined && !hostAllowed(request.headers["host"], options.hosts)) {
        return rpcError(403, rpcCodes.refused, "This Host header is not allowed.", cors)
      }
      if (request.method === "OPTIONS") {
        return HttpServerResponse.empty({
          status: 204,
          headers: origin === undefined ? cors : preflightHeaders(origin)
        })
      }
      const rate = limited(request)
      const headers = rate === undefined ? cors : { ...cors, ...rateHeaders(rate) }
      if (rate?.allowed === false) {
        return rpcError(429, rpcCodes.rateLimited, "Too many requests. Slow down.", headers)
      }
      if (request.method !== "POST" && request.method !== "GET" && request.method !== "DELETE") {
        return rpcError(405, rpcCodes.refused, "Method not allowed.", { ...headers, allow: "GET, POST, DELETE" })
      }
      const addresses = options.addresses(request.headers)
      const authorization = request.headers["authorization"]
      const token = bearerToken(authorization)
      const credentials = Option.orElse(
        Option.map(token, (secret) =>
          Credentials.of({ scheme: "Bearer", secret: Redacted.make(secret), account: accountOf(secret) })
        ),
        // Who brings credentials that can't be used is not nobody, and must not act as the operator.
        () => ((authorization ?? "").trim() === "" ? options.anonymous : Option.none())
      )
      if (Option.isNone(credentials)) {
        return challengeResponse({ status: 401, reason: "missing" }, addresses, headers)
      }
      return Either.match(narrowed(options.selection, request.headers), {
        onLeft: (problems) => rpcError(400, rpcCodes.refused, problems.join(" "), headers),
        onRight: (selection) => ({ addresses, credentials: credentials.value, headers, selection, token })
      })
    }

    const answer = (request: HttpServerRequest.HttpServerRequest): Answer => {
      const known = admit(request)
      return HttpServerResponse.isServerResponse(known)
        ? logged(request, undefined, Effect.succeed(known))
        : read(request, known)
    }

    const route = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const counted = (response: HttpServerResponse.HttpServerResponse) => {
        countRequest(request.method, response.status)
        return response
      }
      return Effect.uninterruptibleMask((restore) =>
        Effect.matchCauseEffect(restore(Effect.suspend(() => answer(request))), {
          onSuccess: (response) => Effect.succeed(counted(response)),
          onFailure: (cause) => {
            if (Cause.isInterrupted(cause)) {
              countRequest(request.method, clientGone)
              return Effect.failCause(cause)
            }
            return Effect.as(
              Effect.logError("A request failed", cause),
              counted(rpcError(500, rpcCodes.internal, "Internal error", corsOf(request.headers["origin"])))
            )
          }
        })
      )
    })
    return { route, sessionCount: () => sessions?.count() ?? 0 } as const
  })
