import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Api from "../../src/sandbox/api.ts"
import type { Random } from "../../src/sandbox/random.ts"
import type { Exchange, RealAnswer } from "./hostile/exchange.ts"
import { reply } from "./hostile/exchange.ts"
import { faults } from "./hostile/faults.ts"
import { counts, isUnreachable, moveAt, type Move, type Plan } from "./hostile/plan.ts"

/** A request that reached the hostile upstream. */
export interface Seen {
  readonly method: string
  readonly path: string
  /** What it met, such as `drop.after`. */
  readonly move: string
  /** Clock time in milliseconds. */
  readonly at: number
  /** The status that the sandbox answered with; undefined as long as it has not been asked. */
  status: number | undefined
}

export interface Ask {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
}

/** A sandbox behind a server that fails in the ways of `faults`. */
export interface HostileUpstream {
  readonly url: string
  /** Applies a plan to the requests that come from now on. The dice settle what a fault leaves open. */
  readonly arm: (plan: Plan, dice: Random) => Effect.Effect<void>
  /** Lets every later request pass. Those under way end as they began. */
  readonly disarm: Effect.Effect<void>
  /** What came since it was last armed. */
  readonly seen: () => ReadonlyArray<Seen>
  /** Changes whenever bytes move here. */
  readonly activity: () => number
  /** Whether a request waits for its answer, or its client for more of it. */
  readonly isHeld: () => boolean
  /** Asks the sandbox itself. No fault strikes. */
  readonly ask: (ask: Ask) => Effect.Effect<RealAnswer>
}

interface Played extends Pick<Exchange, "request" | "response" | "dice"> {
  /** Has the sandbox carry the request out. */
  readonly passOn: Effect.Effect<RealAnswer>
}

interface Armed {
  readonly plan: Plan
  readonly dice: Random
  matched: number
}

const headersOf = (incoming: IncomingMessage) =>
  Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? "")
    ])
  )

/** Waits until an answer has left, or its client has gone. */
const isSent = (response: ServerResponse) =>
  Effect.async<void>((resume) => {
    const sent = () => resume(Effect.void)
    if (response.writableFinished || response.destroyed) sent()
    else response.once("finish", sent).once("close", sent)
  })

/** Seconds until an unreachable upstream listens again, if its plan does not go on. */
const outage = 5

/**
 * Serves a sandbox of its own on a free port of 127.0.0.1, until the Scope closes. All waiting goes by the Clock of the
 * fiber that makes it. `speed` is how many times faster than planned its runs go.
 */
export const hostileUpstream = ({ speed = 1 }: { readonly speed?: number } = {}): Effect.Effect<
  HostileUpstream,
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const app = yield* Api.make({ speed, rateLimitPerMinute: 1_000_000 })
    const clock = yield* Effect.clock
    const run = yield* FiberSet.makeRuntime()
    let armed: Armed | undefined
    let seen: Array<Seen> = []
    let activity = 0
    const unanswered = new Set<ServerResponse>()
    const moved = () => {
      activity += 1
    }

    const ask = ({ body, headers, method, path }: Ask): Effect.Effect<RealAnswer> =>
      Effect.gen(function* () {
        const request = new Request(new URL(path, "http://sandbox.test"), {
          method,
          headers,
          ...(body === undefined || body.byteLength === 0 || method === "GET" ? {} : { body: new Uint8Array(body) })
        })
        const response = yield* Effect.provideService(
          app,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(request)
        )
        const web = HttpServerResponse.toWeb(response)
        const bytes = yield* Effect.promise(() => web.arrayBuffer())
        return { status: web.status, headers: Object.fromEntries(web.headers), body: Buffer.from(bytes) }
      })

    const nextMove = (method: string) => {
      if (armed === undefined || !counts(armed.plan, method)) return "pass"
      const move = moveAt(armed.plan, armed.matched)
      armed.matched += 1
      return move
    }

    const play = (move: Move, { passOn, ...about }: Played) =>
      Effect.gen(function* () {
        const exchange = (real: RealAnswer | undefined) => ({
          ...about,
          real,
          now: clock.unsafeCurrentTimeMillis(),
          moved
        })
        if (move === "pass") {
          const real = yield* passOn
          return yield* reply(exchange(real), real)
        }
        const fault = faults[move.fault]
        if (fault === undefined) return yield* Effect.dieMessage(`There is no fault ${move.fault}`)
        if (fault.answersFirst === true) yield* fault.play(exchange(undefined))
        if (fault.actsAfter !== undefined) yield* Effect.sleep(`${fault.actsAfter} seconds`)
        const real = move.moment === "after" ? yield* passOn : undefined
        if (fault.answersFirst !== true) yield* fault.play(exchange(real))
      })

    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer({ keepAliveTimeout: 0 }, (request, response) => {
          unanswered.add(response)
          const answered = () => {
            unanswered.delete(response)
            moved()
          }
          response
            .on("error", () => undefined)
            .on("finish", answered)
            .on("close", answered)
          run(serve(request, response))
        }).on("connection", (socket) => {
          moved()
          socket.on("error", () => undefined).on("close", moved)
        })
      ),
      (made) =>
        Effect.async<void>((resume) => {
          made.close(() => resume(Effect.void))
          made.closeAllConnections()
        })
    )
    const listen = (port: number) =>
      Effect.async<number>((resume) => {
        server.listen(port, "127.0.0.1", () => {
          const address = server.address()
          resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0))
        })
      })
    const port = yield* listen(0)
    const open = Effect.suspend(() => (server.listening ? Effect.void : Effect.asVoid(listen(port))))
    const shut = Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })

    const isDue = () => armed !== undefined && isUnreachable(moveAt(armed.plan, armed.matched))

    /** Closes the port for the next request, and opens it again if the plan goes on after that. */
    const closePort = Effect.gen(function* () {
      yield* shut
      if (armed === undefined) return
      const { matched, plan } = armed
      const isLast = matched + 1 - plan.skip >= plan.moves.length
      armed.matched += 1
      if (!(plan.repeats && isLast)) run(Effect.delay(open, `${outage} seconds`))
    })

    const serve = (request: IncomingMessage, response: ServerResponse) =>
      Effect.gen(function* () {
        moved()
        const { method = "GET", url: path = "/" } = request
        const current = armed
        const move = nextMove(method)
        const record: Seen = {
          method,
          path,
          move: move === "pass" ? move : `${move.fault}.${move.moment}`,
          at: clock.unsafeCurrentTimeMillis(),
          status: undefined
        }
        seen.push(record)
        const body = yield* Effect.promise(() => buffer(request).catch(() => undefined))
        const passOn = Effect.tap(ask({ method, path, headers: headersOf(request), body }), ({ status }) => {
          record.status = status
          moved()
        })
        yield* play(move, { request, response, dice: current?.dice ?? calm, passOn })
        if (current === armed && isDue()) yield* Effect.zipRight(isSent(response), closePort)
      })

    return {
      url: `http://127.0.0.1:${port}`,
      arm: (plan, dice) =>
        Effect.gen(function* () {
          armed = { plan, dice, matched: 0 }
          seen = []
          if (isDue()) yield* closePort
        }),
      disarm: Effect.zipRight(
        Effect.sync(() => {
          armed = undefined
        }),
        open
      ),
      seen: () => seen,
      activity: () => activity,
      isHeld: () => unanswered.size > 0,
      ask
    }
  })

/** For requests that meet no fault. */
const calm: Random = { next: () => 0, int: (from) => from, pick: ([first]) => first }
