import {
  createMcpHandler,
  isJSONRPCNotification,
  isJSONRPCResponse,
  isLegacyRequest,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type Server
} from "@modelcontextprotocol/server"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Era } from "../mcp/era.ts"
import { makeDeadlines } from "../runtime/deadlines.ts"
import type { Sealing } from "../runtime/sealed.ts"
import { acceptedBy } from "./admission/accepted.ts"
import type { AdmittedRequest } from "./admission/admit.ts"
import { makeCallsInFlight, type Party } from "./callsInFlight.ts"
import type { Exchange } from "./delivery/exchange.ts"
import { makeMessageStream } from "./delivery/messageStream.ts"
import { complete, receive, type Accepted, type Reply } from "./delivery/respond.ts"
import type { Drain } from "./drain.ts"
import type { InFlight } from "./inFlight.ts"
import { serveLegacyCall, sessionHeader } from "./legacyCall.ts"
import { takeResult } from "./modernCall.ts"
import { rpcCodes, rpcError } from "./rpcError.ts"
import { makeSessionIds } from "./sessionIds.ts"

export interface DispatchOptions {
  readonly makeServer: (era: Era) => Server
  readonly sealing: Sealing
  readonly drain: Drain
  readonly inFlight: InFlight
}

/** An admitted request for the protocol server of its era. */
export interface DispatchedRequest {
  readonly admitted: AdmittedRequest
  readonly request: Request
  /** The parsed body. */
  readonly body: unknown
  readonly exchange: Exchange
  /** Cancels the call, by the signal of `request`. */
  readonly cancel: () => void
}

/** A reply of the protocol server, or a refusal of this one. */
type Outcome = Reply | HttpServerResponse.HttpServerResponse

const refuse = (status: number, message: string, headers?: Readonly<Record<string, string>>) =>
  rpcError(status, rpcCodes.refused, message, headers)

/** The response to a request while as many as the server accepts are under way. */
export const tooBusy = refuse(503, "Too many requests are under way. Try again later.", { "retry-after": "5" })

const notAcceptable = refuse(406, "The client must accept application/json or text/event-stream.")
const stopping = refuse(503, "The server is stopping.")
const received = complete(202)

const hasMethod = (body: unknown, method: string) => Predicate.isRecord(body) && body["method"] === method

/** The refusal of a protocol revision that no server of the older era speaks. */
const versionProblem = ({ headers }: Request) => {
  const version = headers.get("mcp-protocol-version")
  return version === null || SUPPORTED_PROTOCOL_VERSIONS.includes(version)
    ? undefined
    : refuse(
        400,
        `Bad Request: Unsupported protocol version: ${version} (supported versions: ${SUPPORTED_PROTOCOL_VERSIONS.join(", ")})`
      )
}

/**
 * Whether a message says in its envelope that it is of the newer era. The SDK's handler checks that again, which takes
 * as long as to ask it first. `initialize` stays of the older era, whatever else it has.
 */
const namesRevision = (body: unknown) =>
  Predicate.isRecord(body) &&
  Predicate.isString(body["method"]) &&
  body["method"] !== "initialize" &&
  Predicate.isRecord(body["params"]) &&
  Predicate.isRecord(body["params"]["_meta"]) &&
  PROTOCOL_VERSION_META_KEY in body["params"]["_meta"]

/** Whether a message that the SDK has found valid is a request. The SDK's own guard would check all of it again. */
const isValidRequest = (body: unknown): body is JSONRPCRequest =>
  Predicate.hasProperty(body, "method") && Predicate.hasProperty(body, "id")

/** The request that a notification cancels; undefined if it cancels none. */
const cancelledBy = ({ method, params }: JSONRPCNotification) => {
  const id = method === "notifications/cancelled" ? params?.["requestId"] : undefined
  return Predicate.isString(id) || Predicate.isNumber(id) ? id : undefined
}

/** Hands requests to the protocol server of their era. Everything that is open ends with the scope. */
export const makeDispatch = ({ drain, inFlight, makeServer, sealing }: DispatchOptions) =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const { after } = yield* makeDeadlines
    const sessionIds = makeSessionIds(sealing)
    const calls = makeCallsInFlight()
    yield* Effect.addFinalizer(() => Effect.sync(calls.cancelAll))

    // Whose results are taken before the SDK makes a response of them.
    const takers = new WeakMap<Request, (reply: Reply) => void>()
    const modernHandler = (responseMode: "auto" | "sse") =>
      Effect.acquireRelease(
        Effect.sync(() =>
          createMcpHandler(
            ({ era, requestInfo }) => {
              const taker = requestInfo === undefined ? undefined : takers.get(requestInfo)
              return taker === undefined ? makeServer(era) : takeResult(makeServer(era), taker)
            },
            { legacy: "reject", responseMode }
          )
        ),
        (made) => Effect.promise(() => made.close())
      )
    const handler = yield* modernHandler("auto")
    const eventsHandler = yield* modernHandler("sse")
    // Has the subscriptions, which end when the server begins to stop; calls under way go on.
    const listenHandler = yield* modernHandler("sse")
    yield* Effect.forkScoped(
      Effect.zipRight(
        drain.started,
        Effect.promise(() => listenHandler.close())
      )
    )

    /** Serves a message of the newer era. The end of its exchange cancels it. */
    const serveModern = async (
      { admitted, body, cancel, exchange, request }: DispatchedRequest,
      accepted: Accepted
    ): Promise<Outcome> => {
      const isListening = hasMethod(body, "subscriptions/listen")
      if (isListening && accepted === "json") return notAcceptable
      if (isListening && drain.isDraining()) return stopping
      const leave = inFlight.enter()
      if (leave === undefined) return tooBusy
      let isComplete = false
      exchange.onEnd(() => {
        leave()
        if (!isComplete) cancel()
      })
      const { fetch } = isListening ? listenHandler : accepted === "events" ? eventsHandler : handler
      const reply = await new Promise<Reply>((resolve, reject) => {
        if (!isListening && accepted !== "events") takers.set(request, resolve)
        fetch(request, { parsedBody: body, authInfo: admitted.caller.authInfo })
          .then((response) => receive(response, exchange, accepted))
          .then(resolve, reject)
      })
      isComplete = reply.body !== undefined
      return reply
    }

    const serveLegacyRequest = (
      { admitted: { caller }, exchange }: DispatchedRequest,
      request: JSONRPCRequest,
      party: Option.Option<Party>,
      accepted: Accepted
    ): Promise<Reply> | Outcome => {
      const leave = inFlight.enter()
      if (leave === undefined) return tooBusy
      const stream = makeMessageStream({ accepted, after })
      const cancel = serveLegacyCall(
        {
          server: makeServer("legacy"),
          request,
          authInfo: caller.authInfo,
          // A response of JSON has no room for questions.
          statement:
            accepted === "json" ? Option.none() : Option.flatMap(party, ({ session }) => sessionIds.read(session)),
          party,
          stream
        },
        { calls, sessionIds, now: () => clock.unsafeCurrentTimeMillis(), onEnd: leave }
      )
      exchange.onEnd(() => {
        stream.discard()
        // A lost connection cancels no call that its client can cancel otherwise. But nobody reads its result.
        if (Option.isSome(party)) caller.leave()
        else cancel()
      })
      return stream.reply
    }

    /** Serves a message of the older era. Whatever session it names, any process can serve it. */
    const serveLegacy = (dispatched: DispatchedRequest, accepted: Accepted): Promise<Reply> | Outcome => {
      const { admitted, body, request } = dispatched
      const isInitialize = hasMethod(body, "initialize")
      const problem = isInitialize ? undefined : versionProblem(request)
      if (problem !== undefined) return problem
      if (isInitialize && drain.isDraining()) return stopping
      const session = request.headers.get(sessionHeader)
      const account = Option.getOrElse(admitted.account, () => "anonymous")
      const party = Option.map(Option.fromNullable(session), (id): Party => ({ account, session: id }))
      if (isValidRequest(body)) return serveLegacyRequest(dispatched, body, party, accepted)
      if (Option.isSome(party)) {
        const cancelled = isJSONRPCNotification(body) ? cancelledBy(body) : undefined
        if (cancelled !== undefined) calls.cancel(party.value, cancelled)
        if (isJSONRPCResponse(body)) calls.answer(party.value, body)
      }
      return received
    }

    const dispatch = (dispatched: DispatchedRequest): Effect.Effect<Outcome> =>
      Effect.suspend(() => {
        const { body, exchange, request } = dispatched
        const accepted = acceptedBy(request.headers.get("accept") ?? undefined)
        if (accepted === undefined) return Effect.succeed(notAcceptable)
        exchange.onEnd(drain.enter())
        return Effect.promise(async () =>
          !namesRevision(body) && (await isLegacyRequest(request, body))
            ? serveLegacy(dispatched, accepted)
            : serveModern(dispatched, accepted)
        )
      })

    return { dispatch } as const
  })
