import { randomUUID } from "node:crypto"
import { WebStandardStreamableHTTPServerTransport, type AuthInfo, type Server } from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

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

/** An answer, and what to run once it has been sent or given up. */
export interface Served {
  readonly response: Response
  readonly ended: Effect.Effect<void>
}

/** Sessions of clients of protocol revision 2025-11-25 and older. */
export interface Sessions {
  /** Opens a session by an `initialize` request; undefined when there is no room. */
  readonly open: (subject: string, request: LegacyRequest) => Effect.Effect<Served | undefined>
  /** Serves a request in a session of `subject`; undefined when there is none of this id. */
  readonly use: (id: string, subject: string, request: LegacyRequest) => Effect.Effect<Served | undefined>
  readonly count: () => number
  readonly closeAll: Effect.Effect<void>
}

export interface SessionOptions {
  readonly maxSessions: number
  readonly idle: Duration.Duration
  readonly makeServer: () => Server
}

/** How often idle sessions are looked for, at most. */
const longestSweep = Duration.minutes(1)

/** Keeps sessions until they are deleted, have been idle for too long, or the scope closes. */
export const makeSessions = ({ idle, makeServer, maxSessions }: SessionOptions) =>
  Effect.gen(function* () {
    const sessions = new Map<string, Session>()
    // Counts sessions being opened too, so that a burst can't pass the limit while each waits for its handshake.
    let taken = 0

    const close = (id: string, session: Session) =>
      Effect.suspend(() => {
        sessions.delete(id)
        return Effect.promise(() => session.transport.close())
      })

    const handle = (session: Session, { request, ...options }: LegacyRequest): Effect.Effect<Served> =>
      Effect.gen(function* () {
        // A stream that only listens does not keep its session: nothing is asked over it.
        const works = request.method === "POST"
        const touch = (change: number) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (!works) return
            session.lastUsed = now
            session.inFlight += change
          })
        yield* touch(1)
        const response = yield* Effect.promise(() => session.transport.handleRequest(request, options)).pipe(
          Effect.onError(() => touch(-1))
        )
        return { response, ended: touch(-1) }
      })

    const open: Sessions["open"] = (subject, request) =>
      Effect.suspend(() => {
        if (taken >= maxSessions) return Effect.succeed(undefined)
        taken += 1
        let released = false
        const release = () => {
          if (!released) taken -= 1
          released = true
        }
        let opened: string | undefined
        const transport = new WebStandardStreamableHTTPServerTransport({
          sessionIdGenerator: () => randomUUID(),
          onsessioninitialized: (id) => {
            opened = id
            sessions.set(id, session)
          },
          onsessionclosed: (id) => {
            sessions.delete(id)
          }
        })
        const session: Session = { subject, transport, lastUsed: 0, inFlight: 0 }
        return Effect.promise(() => makeServer().connect(transport)).pipe(
          Effect.tap(() =>
            Effect.sync(() => {
              const closed = transport.onclose
              transport.onclose = () => {
                if (opened !== undefined) sessions.delete(opened)
                release()
                closed?.()
              }
            })
          ),
          Effect.zipRight(handle(session, request)),
          Effect.tap(() => (opened === undefined ? Effect.promise(() => transport.close()) : Effect.void)),
          Effect.onError(() => Effect.promise(() => transport.close()))
        )
      })

    const use: Sessions["use"] = (id, subject, request) =>
      Effect.suspend(() => {
        const session = sessions.get(id)
        return session?.subject === subject ? handle(session, request) : Effect.succeed(undefined)
      })

    const sweep = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.forEach(
        [...sessions].filter(
          ([, session]) => session.inFlight === 0 && now - session.lastUsed >= Duration.toMillis(idle)
        ),
        ([id, session]) => close(id, session),
        { discard: true }
      )
    )

    const closeAll = Effect.suspend(() =>
      Effect.forEach([...sessions], ([id, session]) => close(id, session), { discard: true })
    )

    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(Duration.min(longestSweep, idle))))
    yield* Effect.addFinalizer(() => closeAll)

    return { open, use, count: () => sessions.size, closeAll } satisfies Sessions
  })
