import { randomUUID } from "node:crypto"
import { WebStandardStreamableHTTPServerTransport, type AuthInfo, type Server } from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** A request of a legacy client, its body read and parsed where it has one. */
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

/** An answer, under way until the scope closes; undefined where there is no session to give it. */
type Served = Effect.Effect<Response | undefined, never, Scope.Scope>

/** Sessions of clients of protocol revision 2025-11-25 and older. */
export interface Sessions {
  /** Opens a session by an `initialize` request; undefined when there is no room. */
  readonly open: (subject: string, request: LegacyRequest) => Served
  /** Serves a request in a session of `subject`; undefined when there is none of this id. */
  readonly use: (id: string, subject: string, request: LegacyRequest) => Served
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

/** How often idle sessions are looked for, at least. */
const longestSweep = Duration.minutes(1)

/** Ends what the session has under way. That it can't be told to its client is nobody's failure. */
const close = ({ transport }: Session) => Effect.promise(() => transport.close().catch(() => undefined))

/** Keeps sessions until they are deleted, have been idle for too long, or the scope closes. */
export const makeSessions = ({ idle, makeServer, maxSessions }: SessionOptions) =>
  Effect.gen(function* () {
    const sessions = new Map<string, Session>()
    // Counts sessions being opened too, so that a burst can't pass the limit while each waits for its handshake.
    let taken = 0

    const touch = (session: Session, change: number) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        session.lastUsed = now
        session.inFlight += change
      })

    const handle = (session: Session, { request, ...options }: LegacyRequest) =>
      Effect.zipRight(
        // A stream that only listens does not keep its session: nothing is asked over it.
        request.method === "POST" ? Effect.acquireRelease(touch(session, 1), () => touch(session, -1)) : Effect.void,
        Effect.promise(() => session.transport.handleRequest(request, options))
      ).pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            // A request that was cancelled gets no answer, and its stream would stay open for ever.
            const cancelled = readCancelled(options.parsedBody)
            if (Option.isSome(cancelled)) session.transport.closeSSEStream(cancelled.value.params.requestId)
          })
        )
      )

    const open: Sessions["open"] = (subject, request) =>
      Effect.suspend(() => {
        if (taken >= maxSessions) return Effect.succeed(undefined)
        taken += 1
        let released = false
        let opened: string | undefined
        const transport = new WebStandardStreamableHTTPServerTransport({
          sessionIdGenerator: () => randomUUID(),
          onsessioninitialized: (id) => {
            opened = id
            sessions.set(id, session)
          }
        })
        // Before the server connects, which keeps it: from here on every way to close gives the place back.
        transport.onclose = () => {
          if (opened !== undefined) sessions.delete(opened)
          if (!released) taken -= 1
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

    const closeAll = (ending: (session: Session) => boolean) =>
      Effect.suspend(() => Effect.forEach([...sessions.values()].filter(ending), close, { discard: true }))

    const sweep = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      closeAll(({ inFlight, lastUsed }) => inFlight === 0 && now - lastUsed >= Duration.toMillis(idle))
    )

    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(Duration.min(longestSweep, idle))))
    yield* Effect.addFinalizer(() => closeAll(() => true))

    return { open, use, count: () => sessions.size } satisfies Sessions
  })
