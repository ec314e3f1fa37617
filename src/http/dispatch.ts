import { createMcpHandler, isLegacyRequest, type Server } from "@modelcontextprotocol/server"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import type { Era } from "../mcp/era.ts"
import type { AdmittedRequest } from "./admission/admit.ts"
import { accountOf } from "./admission/bearer.ts"
import type { Exchange } from "./delivery/exchange.ts"
import { receive, type SdkResponse } from "./delivery/respond.ts"
import type { Drain } from "./drain.ts"
import { rpcCodes, rpcError } from "./rpcError.ts"
import { makeSessions, type Sessions } from "./sessions.ts"

export interface DispatchOptions {
  readonly makeServer: (era: Era) => Server
  /** undefined serves legacy clients without sessions. */
  readonly sessions: { readonly max: number; readonly idle: Duration.Duration } | undefined
  readonly drain: Drain
}

/** An admitted request for the SDK's handlers. */
export interface DispatchedRequest {
  readonly admitted: AdmittedRequest
  readonly request: Request
  /** The parsed body; undefined if the method has none. */
  readonly body: unknown
  readonly exchange: Exchange
  /** Cancels the call, by the signal of `request`. */
  readonly cancel: () => void
}

/** The SDK's response, or a refusal of this server. */
type Outcome = SdkResponse | HttpServerResponse.HttpServerResponse

const sessionHeader = "mcp-session-id"

/**
 * Whether the status waits for the first bytes of the body. Until then a challenge can still replace the response. A
 * GET stream may have nothing to send for a long time.
 */
const holdsBack = ({ method }: Request) => method === "POST"

const isInitialize = (body: unknown) => Predicate.isRecord(body) && body["method"] === "initialize"

/** Hands requests to the SDK's handler of their era. Everything that is open ends with the scope. */
export const makeDispatch = ({ drain, makeServer, sessions: limits }: DispatchOptions) =>
  Effect.gen(function* () {
    const handler = createMcpHandler(({ era }) => makeServer(era), {
      legacy: limits === undefined ? "stateless" : "reject"
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => handler.close()))
    const sessions =
      limits === undefined
        ? undefined
        : yield* makeSessions({
            maxSessions: limits.max,
            idle: limits.idle,
            makeServer: () => makeServer("legacy")
          })

    /** Serves a request without a session. The end of its exchange cancels it. */
    const sessionless = async ({ admitted, body, cancel, exchange, request }: DispatchedRequest) => {
      let isComplete = false
      exchange.onEnd(() => {
        if (!isComplete) cancel()
      })
      const response = await handler.fetch(request, { parsedBody: body, authInfo: admitted.caller.authInfo })
      const received = await receive(response, exchange, holdsBack(request))
      isComplete = received.body !== undefined
      return received
    }

    const inSession = (
      { open, use }: Sessions,
      { admitted, body, exchange, request }: DispatchedRequest
    ): Effect.Effect<Outcome> =>
      Effect.gen(function* () {
        const subject = Option.match(admitted.token, { onNone: () => "anonymous", onSome: accountOf })
        const id = request.headers.get(sessionHeader)
        if (id === null) {
          if (request.method !== "POST") {
            return rpcError(405, rpcCodes.refused, "Method not allowed without a session.", { allow: "POST" })
          }
          if (!isInitialize(body)) {
            return rpcError(400, rpcCodes.refused, "The Mcp-Session-Id header is required. Initialize first.")
          }
          if (drain.isDraining()) return rpcError(503, rpcCodes.refused, "The server is stopping.")
        }
        const legacy = { request, parsedBody: body, authInfo: admitted.caller.authInfo }
        const scope = yield* exchange.scope
        const response = yield* Scope.extend(id === null ? open(subject, legacy) : use(id, subject, legacy), scope)
        if (response !== undefined) return yield* Effect.promise(() => receive(response, exchange, holdsBack(request)))
        return id === null
          ? rpcError(503, rpcCodes.refused, "The server has no room for another session. Try again later.", {
              "retry-after": "30"
            })
          : rpcError(404, rpcCodes.unauthorized, "Session not found. Initialize a new one.")
      })

    const byEra = (dispatched: DispatchedRequest): Effect.Effect<Outcome> => {
      const { body, request } = dispatched
      if (sessions === undefined) return Effect.promise(() => sessionless(dispatched))
      if (request.method !== "POST") return inSession(sessions, dispatched)
      return Effect.flatMap(
        Effect.promise(async () => ((await isLegacyRequest(request, body)) ? undefined : sessionless(dispatched))),
        (response) => (response === undefined ? inSession(sessions, dispatched) : Effect.succeed(response))
      )
    }

    const dispatch = (dispatched: DispatchedRequest): Effect.Effect<Outcome> =>
      Effect.suspend(() => {
        if (dispatched.request.method === "POST") dispatched.exchange.onEnd(drain.enter())
        return byEra(dispatched)
      })

    return { dispatch, sessionCount: () => sessions?.count() ?? 0 } as const
  })
