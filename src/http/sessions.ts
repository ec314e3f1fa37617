import { randomUUID } from "node:crypto"
import { WebStandardStreamableHTTPServerTransport, type AuthInfo, type Server } from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** A request of a legacy client, with its parsed body if the method has one. */
export interface LegacyRequest {
  readonly request: Request
  readonly parsedBody?: unknown
  readonly authInfo?: AuthInfo
}

interface Session {
  readonly subject: string
  readonly transport: WebStandardStreamableHTTPServerTransport
  lastUsed: number
  inFlight: number
}

/** The response, streaming until the scope closes; undefined if the session is unknown or there is no room for it. */
type SessionResponse = Effect.Effect<Response | undefined, never, Scope.Scope>

/** Sessions of clients of protocol revision 2025-11-25 and older. */
export interface Sessions {
  /** Opens a session with an `initialize` request; undefined if there is no room. */
  readonly open: (subject: string, request: LegacyRequest) => SessionResponse
  /** Serves a request in a session; undefined unless `subject` owns a session with this id. */
  readonly use: (id: string, subject: string, request: LegacyRequest) => SessionResponse
  readonly count: () => number
}

export interface SessionOptions {
  readonly maxSessions: number
  readonly idle: Duration.Duration
  readonly makeServer: () => Server
}

const CancelledNotification = Schema.Struct({
  method: Schema.Literal("notifications/cancelled"),
  params: Schema.Struct({ requestId: Schema.Union(Schema.String, Schema.Number) })
})
const readCancelled = Schema.decodeUnknownOption(CancelledNotification)

/** Idle sessions are closed at least this often. */
const maxSweepInterval = Duration.minutes(1)

/** Closes the session. Errors are ignored: the client may be gone. */
const close = ({ transport }: Session) => Effect.promise(() => transport.close().catch(() => undefined))

/** Keeps sessions until they are deleted, are idle for too long, or the scope closes. */
export const makeSessions = ({ idle, makeServer, maxSessions }: SessionOptions) =>
  Effect.gen(function* () {
    const sessions = new Map<string, Session>()
    // Includes sessions that are being opened, so that a burst can't pass the limit during the handshakes.
    let places = 0

    const touch = (session: Session, change: number) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        session.lastUsed = now
        session.inFlight += change
      })

    const handle = (session: Session, { request, ...options }: LegacyRequest) =>
      Effect.zipRight(
        // A GET stream does not keep its session alive: it carries no requests.
        request.method === "POST" ? Effect.acquireRelease(touch(session, 1), () => touch(session, -1)) : Effect.void,
        Effect.promise(() => session.transport.handleRequest(request, options))
      ).pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            // A cancelled request gets no response, so its stream would stay open for ever.
            const cancelled = readCancelled(options.parsedBody)
            if (Option.isSome(cancelled)) session.transport.closeSSEStream(cancelled.value.params.requestId)
          })
        )
      )

    const open: Sessions["open"] = (subject, request) =>
      Effect.suspend(() => {
        if (places >= maxSessions) return Effect.succeed(undefined)
        places += 1
        let released = false
        let opened: string | undefined
        const transport = new WebStandardStreamableHTTPServerTransport({
          sessionIdGenerator: () => randomUUID(),
          onsessioninitialized: (id) => {
            opened = id
            sessions.set(id, session)
          }
        })
        // Set before the server connects, which keeps this callback. From here on, every close frees the place.
        transport.onclose = () => {
          if (opened !== undefined) sessions.delete(opened)
          if (!released) places -= 1
          released = true
        }
        const session: Session = { subject, transport, lastUsed: 0, inFlight: 0 }
        return Effect.promise(() => makeServer().connect(transport)).pipe(
          Effect.zipRight(handle(session, request)),
          Effect.tap(() => (opened === undefined ? close(session) : Effect.void)),
          Effect.onError(() => close(session))
        )
      })

    const use: Sessions["use"] = (id, subject, request) =>
      Effect.suspend(() => {
        const session = sessions.get(id)
        return session?.subject === subject ? handle(session, request) : Effect.succeed(undefined)
      })

    const closeWhere = (condition: (session: Session) => boolean) =>
      Effect.suspend(() => Effect.forEach([...sessions.values()].filter(condition), close, { discard: true }))

    const sweep = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      closeWhere(({ inFlight, lastUsed }) => inFlight === 0 && now - lastUsed >= Duration.toMillis(idle))
    )

    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(Duration.min(maxSweepInterval, idle))))
    yield* Effect.addFinalizer(() => closeWhere(() => true))

    return { open, use, count: () => sessions.size } satisfies Sessions
  })
