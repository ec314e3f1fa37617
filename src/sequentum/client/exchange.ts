import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { Deadline } from "../Deadline.ts"
import { meaningOf, RateLimited, RequestTimeout, Unavailable, withTries, type SequentumError } from "../errors.ts"
import { isTooDeep, maxNesting } from "./bodies.ts"
import type { BreakerService } from "./Breaker.ts"
import type { RateBudget } from "./RateBudget.ts"
import { errorFrom, type Read } from "./responses.ts"
import * as Retry from "./Retry.ts"
import {
  unusable,
  type ExchangeFailure,
  type Upstream,
  type UpstreamRequest,
  type UpstreamResponse
} from "./Upstream.ts"

/** The longest wait for one request: for the rate budget, for `Retry-After`, or before a retry. */
const maxWait = Duration.seconds(45)

/** Whether a response is what the caller asked for, by its status. */
export type Accepts = (status: number) => boolean

/** A request, and what its tries share. */
export interface Exchange<A> {
  readonly request: UpstreamRequest
  readonly secret: string
  readonly budget: RateBudget
  readonly deadline: Deadline["Type"]
  /** Whether it fails, unsent, where it would take the places that others may need. */
  readonly isSparing: boolean
  readonly accepts: Accepts
  /** Reads the response that was accepted. */
  readonly read: Read<A>
  /** False for a request that the caller repeats by itself. */
  readonly retry: boolean
  /** Called for each try. */
  readonly onSent: () => void
  /** Whether nobody waits for the result any more. */
  readonly isUnwanted: () => boolean
}

const wholeSeconds = (millis: number) => Math.max(1, Math.ceil(millis / 1000))

/** Whether a status says that the host is down. */
const isDown = (status: number) => status >= 500 && status !== 501 && status !== 505

const learnLimit = (budget: RateBudget, { header }: UpstreamResponse) =>
  budget.learn(Number(header("x-ratelimit-limit")), Number(header("x-ratelimit-window-seconds") ?? 60))

/** The longest time that a request may wait from `now` on. */
const waitLeft = ({ waitsUntil }: Deadline["Type"], now: number) =>
  Duration.min(maxWait, Duration.millis(Math.max(0, waitsUntil - now)))

/** Whether a retry may wait that long: not beyond the deadline of its call, and not to meet an open breaker. */
const mayWait = (breaker: BreakerService) => (delay: Duration.Duration) =>
  Effect.clockWith((clock) =>
    Effect.contextWith((context: Context.Context<never>) => {
      const now = monotonicMillis(clock)
      return (
        Duration.lessThanOrEqualTo(delay, waitLeft(Context.get(context, Deadline), now)) &&
        breaker.pause(now) <= Duration.toMillis(delay)
      )
    })
  )

/** The error of a write after its last try. A later refusal does not undo what an earlier try may have done. */
const outcomeOf = (unknown: SequentumError | undefined, last: SequentumError): SequentumError =>
  meaningOf(last).outcome === "unknown" ? last : (unknown ?? last)

/** One exchange with Sequentum, retried by `Retry.schedule`, within its deadline, the rate budget and the breaker. */
export const makeExchange = (upstream: Upstream["Type"], breaker: BreakerService) => {
  const retries = Retry.schedule(mayWait(breaker))

  return <A>({
    accepts,
    budget,
    deadline,
    isSparing,
    isUnwanted,
    onSent,
    read,
    request,
    retry,
    secret
  }: Exchange<A>) => {
    const { line } = request
    const isWrite = line.method !== "GET"
    const call = deadline.call ?? request
    let tries = 0
    /** The first error after which Sequentum may have acted. */
    let unknown: SequentumError | undefined

    const fail = (error: SequentumError) => {
      if (meaningOf(error).outcome === "unknown") unknown ??= error
      return Effect.fail(error)
    }

    const failed = (error: ExchangeFailure, now: number, isProbe: boolean) => {
      if (error._tag === "UnexpectedResponse") breaker.succeeded()
      else if (isProbe || (error._tag === "ConnectionFailed" && meaningOf(error).retryable)) {
        breaker.failed(now, call, isProbe)
      }
      return fail(error)
    }

    const answered = (response: UpstreamResponse, clock: Clock.Clock, isProbe: boolean) => {
      learnLimit(budget, response)
      if (isDown(response.status)) breaker.failed(monotonicMillis(clock), call, isProbe)
      else breaker.succeeded()
      if (!accepts(response.status)) {
        return fail(errorFrom(line, response, secret, clock.unsafeCurrentTimeMillis()))
      }
      return isTooDeep(response.body)
        ? fail(unusable(line, response.status, `more than ${maxNesting} levels of nesting`))
        : Effect.succeed(response)
    }

    const sendNow = (clock: Clock.Clock, now: number) => {
      if (isWrite && isUnwanted()) return Effect.interrupt
      const left = deadline.at - now
      const isProbe = breaker.enter()
      tries += 1
      onSent()
      const sent = Effect.matchEffect(
        upstream.send(
          left < Duration.toMillis(request.timeout) ? { ...request, timeout: Duration.millis(left) } : request
        ),
        {
          onFailure: (error) => failed(error, monotonicMillis(clock), isProbe),
          onSuccess: (response) => answered(response, clock, isProbe)
        }
      )
      return isProbe ? Effect.ensuring(sent, Effect.sync(breaker.probed)) : sent
    }

    /** Why nothing can be sent `now`, if so. */
    const refusal = (now: number) => {
      if (deadline.at <= now) return new RequestTimeout({ ...line, seconds: 0, sent: false })
      const pause = breaker.pause(now)
      return pause > 0 ? new Unavailable({ ...line, retryAfterSeconds: wholeSeconds(pause) }) : undefined
    }

    const noRoom = (missing: number) =>
      new RateLimited({ ...line, sent: false, retryAfterSeconds: wholeSeconds(missing) })

    const sendIfSpare = (clock: Clock.Clock, now: number) => {
      const missing = budget.trySpare(now)
      return missing > 0 ? noRoom(missing) : sendNow(clock, now)
    }

    const sendLater = (clock: Clock.Clock, now: number) =>
      budget.take(isWrite, waitLeft(deadline, now)).pipe(
        Effect.mapError((missing) => noRoom(Duration.toMillis(missing))),
        Effect.flatMap(() => {
          const then = monotonicMillis(clock)
          return refusal(then) ?? sendNow(clock, then)
        })
      )

    const attempt = Effect.clockWith((clock): Effect.Effect<UpstreamResponse, SequentumError> => {
      const now = monotonicMillis(clock)
      const refused = refusal(now)
      if (refused !== undefined) return refused
      if (isSparing) return sendIfSpare(clock, now)
      return budget.tryTake(now, isWrite) ? sendNow(clock, now) : sendLater(clock, now)
    })

    const response = retry ? Effect.retry(attempt, retries) : attempt
    return response.pipe(
      Effect.flatMap((accepted) => read(accepted, secret)),
      Effect.mapError((error) => withTries(isWrite ? outcomeOf(unknown, error) : error, tries))
    )
  }
}
