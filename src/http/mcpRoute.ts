import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { makeDeadlines } from "../runtime/deadlines.ts"
import { makeAdmit, type AdmissionOptions } from "./admission/admit.ts"
import { maxBodyBytes, readBody } from "./admission/body.ts"
import { corsHeaders } from "./admission/origins.ts"
import { makeProve, type ProveOptions } from "./admission/prove.ts"
import { TokenProof } from "./admission/TokenProof.ts"
import { makeExchanges } from "./delivery/exchange.ts"
import { deliver } from "./delivery/respond.ts"
import { webRequest } from "./delivery/webRequest.ts"
import { makeDispatch, tooBusy, type DispatchOptions } from "./dispatch.ts"
import { makeInFlight } from "./inFlight.ts"
import { makeRequestLog } from "./observability/logging.ts"
import { countRequest } from "./observability/requestMetrics.ts"
import { makeProtocolServers, type ProtocolServerOptions } from "./protocolServers.ts"
import { rpcCodes, rpcError } from "./rpcError.ts"

export interface McpRouteOptions
  extends
    Omit<AdmissionOptions, "isKnown">,
    Omit<ProveOptions, "proof">,
    Omit<DispatchOptions, "makeServer" | "inFlight">,
    ProtocolServerOptions {
  /** Max requests under way. */
  readonly maxInFlight: number
  /** How long a client may leave what was written to it unread. */
  readonly stalled: Duration.Duration
  /** Logs each request, masked. */
  readonly debug: boolean
}

/** nginx's status for "client closed request". */
const clientClosed = 499

const tooLargeStatus = 413

/** A body up to this many bytes is read while too many requests are under way: it may cancel one, or answer one. */
const maxShortBody = 16 * 1024

/** The endpoint itself: admits a request, proves its token, reads its body, dispatches it to the SDK and delivers the response. */
export const makeMcpRoute = (options: McpRouteOptions) =>
  Effect.gen(function* () {
    const proof = yield* TokenProof
    const admit = makeAdmit({ ...options, isKnown: proof.isKnown })
    const prove = makeProve({ ...options, proof })
    const makeServer = yield* makeProtocolServers(options)
    const inFlight = makeInFlight(options.maxInFlight)
    const { dispatch } = yield* makeDispatch({ ...options, makeServer, inFlight })
    const exchangeOf = yield* makeExchanges
    const deadlines = yield* makeDeadlines
    const logRequest = makeRequestLog(options.debug)
    const onStalled = (callback: () => void) => deadlines.after(Duration.toMillis(options.stalled), callback)

    const respond = (request: HttpServerRequest.HttpServerRequest) =>
      Effect.gen(function* () {
        const checked = admit(request)
        const admitted = HttpServerResponse.isServerResponse(checked) ? checked : yield* prove(checked)
        if (HttpServerResponse.isServerResponse(admitted)) {
          yield* logRequest(request)
          return admitted
        }
        const isFull = inFlight.isFull()
        const read = yield* Effect.either(readBody(request, isFull ? maxShortBody : maxBodyBytes))
        yield* logRequest(request, Either.getOrUndefined(read))
        if (Either.isLeft(read)) {
          const { code, message, status } = read.left
          if (isFull && status === tooLargeStatus) return HttpServerResponse.setHeaders(tooBusy, admitted.headers)
          return rpcError(status, code, message, admitted.headers)
        }
        const aborter = new AbortController()
        const exchange = exchangeOf(request)
        const outcome = yield* dispatch({
          admitted,
          body: read.right,
          cancel: () => aborter.abort(),
          exchange,
          request: webRequest(request.method, request.headers, aborter.signal)
        })
        return deliver(outcome, { admitted, exchange, onStalled })
      })

    const route = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      respond(request).pipe(
        Effect.catchAllCause((cause) =>
          Cause.isInterrupted(cause)
            ? Effect.failCause(cause)
            : Effect.as(
                Effect.logError("A request failed", cause),
                rpcError(
                  500,
                  rpcCodes.internal,
                  "Internal error",
                  corsHeaders(options.origins, request.headers["origin"])
                )
              )
        ),
        Effect.onExit((exit) =>
          Effect.sync(() => countRequest(request.method, Exit.isSuccess(exit) ? exit.value.status : clientClosed))
        )
      )
    )
    return { route } as const
  })
