import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { withSpan } from "../../runtime/tracing.ts"
import { Credentials } from "../Credentials.ts"
import { Deadline } from "../Deadline.ts"
import { meaningOf, RateLimited, RequestTimeout, Unavailable, withTries, type SequentumError } from "../errors.ts"
import type { ApiPath } from "./apiPath.ts"
import { Attempts } from "./Attempts.ts"
import { acceptEncoding, isTooDeep, maxNesting } from "./bodies.ts"
import { Breaker } from "./Breaker.ts"
import { usableAddress } from "./downloadAddress.ts"
import * as RateBudget from "./RateBudget.ts"
import { decodeJson, errorFrom, isRedirect, isSuccess, jsonOrText, redirectTarget } from "./responses.ts"
import * as Retry from "./Retry.ts"
import {
  unusable,
  Upstream,
  type ExchangeFailure,
  type Method,
  type RequestLine,
  type UpstreamRequest,
  type UpstreamResponse
} from "./Upstream.ts"

/** Where Sequentum is and how long one request may take. */
export interface SequentumClientOptions {
  /** Origin of the Sequentum host, such as `https://dashboard.sequentum.com`; `/api/v1` is added. */
  readonly apiUrl: URL
  /** Limit for one try of one request, its whole response included. */
  readonly requestTimeout: Duration.Duration
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface RequestOptions {
  readonly query?: Query
  readonly body?: Readonly<Record<string, unknown>>
  /** Replaces the request timeout and the deadline of the call, as a synchronous run needs. */
  readonly timeout?: Duration.Duration
}

type Call<A> = Effect.Effect<A, SequentumError, Credentials>

/** The one way to the Sequentum API: authorisation, timeout, rate budget, retries and decoding. */
export interface SequentumClientService {
  /** Limit for one try of one request. */
  readonly requestTimeout: Duration.Duration
  readonly get: <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  readonly post: <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  readonly put: <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  /** A POST whose response is ignored. */
  readonly postVoid: (path: ApiPath, options?: RequestOptions) => Call<void>
  /** A DELETE. A 404 to a retry counts as success if an earlier try may have deleted the thing. */
  readonly deleteVoid: (path: ApiPath, options?: RequestOptions) => Call<void>
  /** A POST whose response is JSON or text. */
  readonly postData: (path: ApiPath, options?: RequestOptions) => Call<unknown>
  /** A GET whose response is a redirect, which is not followed. */
  readonly redirect: (path: ApiPath) => Call<URL>
}

const basePath = (apiUrl: URL) => `${apiUrl.pathname.replace(/(?:\/api\/v1)?\/*$/u, "")}/api/v1`

/** A query with its question mark; "" if nothing is set. */
const queryText = (query: Query): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.append(name, String(value))
  }
  return params.size === 0 ? "" : `?${params.toString()}`
}

const requestHeaders = (scheme: string, secret: string, hasBody: boolean) => {
  const always = {
    authorization: `${scheme} ${secret}`,
    accept: "application/json",
    "accept-encoding": acceptEncoding
  }
  return hasBody ? { ...always, "content-type": "application/json" } : always
}

/** The longest wait for one request: for the rate budget, for `Retry-After`, or before a retry. */
const maxWait = Duration.seconds(45)

const learnLimit = (budget: RateBudget.RateBudget, { header }: UpstreamResponse) =>
  budget.learn(Number(header("x-ratelimit-limit")), Number(header("x-ratelimit-window-seconds") ?? 60))

/**
 * Whether a response is what the caller asked for, by its status. `mayHaveActed` tells whether Sequentum may have
 * carried out an earlier try.
 */
type Accepts = (status: number, mayHaveActed: boolean) => boolean

interface Exchange {
  readonly request: UpstreamRequest
  readonly secret: string
  readonly budget: RateBudget.RateBudget
  readonly deadline: Deadline["Type"]
  readonly accepts: Accepts
  /** Called for each try. */
  readonly onSent: () => void
}

const wholeSeconds = (millis: number) => Math.ceil(millis / 1000)

/** Whether a status says that the host is down. */
const isDown = (status: number) => status >= 500 && status !== 501 && status !== 505

interface Parts {
  readonly upstream: Upstream["Type"]
  readonly breaker: Breaker["Type"]
  readonly retries: ReturnType<typeof Retry.schedule>
}

/** One exchange, retried by `Retry.schedule`, within its deadline, the rate budget and the breaker. */
const exchange = (
  { breaker, retries, upstream }: Parts,
  { accepts, budget, deadline, onSent, request, secret }: Exchange
) => {
  const { line } = request
  const isWrite = line.method !== "GET"
  const call = deadline.call ?? request
  let tries = 0
  /** The last error after which Sequentum may have acted. */
  let unknown: SequentumError | undefined

  const fail = (error: SequentumError) => {
    if (meaningOf(error).outcome === "unknown") unknown = error
    return Effect.fail(error)
  }

  const noteFailure = (error: ExchangeFailure, now: number, isProbe: boolean) => {
    if (error._tag === "UnexpectedResponse") breaker.succeeded()
    else if (isProbe || (error._tag === "ConnectionFailed" && meaningOf(error).retryable)) {
      breaker.failed(now, call, isProbe)
    }
  }

  const sendNow = (clock: Clock.Clock, now: number): Effect.Effect<UpstreamResponse, SequentumError> => {
    const left = deadline.at - now
    const isProbe = breaker.enter()
    tries += 1
    onSent()
    const sent = Effect.matchEffect(
      upstream.send(
        left < Duration.toMillis(request.timeout) ? { ...request, timeout: Duration.millis(left) } : request
      ),
      {
        onFailure: (error) => {
          noteFailure(error, monotonicMillis(clock), isProbe)
          return fail(error)
        },
        onSuccess: (response): Effect.Effect<UpstreamResponse, SequentumError> => {
          learnLimit(budget, response)
          if (isDown(response.status)) breaker.failed(monotonicMillis(clock), call, isProbe)
          else breaker.succeeded()
          if (!accepts(response.status, unknown !== undefined)) {
            return fail(errorFrom(line, response, secret, clock.unsafeCurrentTimeMillis()))
          }
          return isTooDeep(response.body)
            ? fail(unusable(line, response.status, `more than ${maxNesting} levels of nesting`))
            : Effect.succeed(response)
        }
      }
    )
    return isProbe ? Effect.onInterrupt(sent, () => Effect.sync(breaker.abandoned)) : sent
  }

  /** Why nothing can be sent `now`, if so. */
  const refusal = (now: number) => {
    if (deadline.at <= now) return new RequestTimeout({ ...line, seconds: 0, sent: false })
    const pause = breaker.pause(now)
    return pause > 0 ? new Unavailable({ ...line, retryAfterSeconds: wholeSeconds(pause) }) : undefined
  }

  const afterWait = (clock: Clock.Clock, now: number) =>
    budget.take(isWrite, Duration.min(maxWait, Duration.millis(Math.max(0, deadline.waitsUntil - now)))).pipe(
      Effect.mapError(
        (missing) =>
          new RateLimited({ ...line, sent: false, retryAfterSeconds: wholeSeconds(Duration.toMillis(missing)) })
      ),
      Effect.flatMap(() => {
        const then = monotonicMillis(clock)
        return refusal(then) ?? sendNow(clock, then)
      })
    )

  const attempt = Effect.clockWith((clock): Effect.Effect<UpstreamResponse, SequentumError> => {
    const now = monotonicMillis(clock)
    return refusal(now) ?? (budget.tryTake(now, isWrite) ? sendNow(clock, now) : afterWait(clock, now))
  })

  return Effect.mapError(Effect.retry(attempt, retries), (error) =>
    // A later try that was not sent, or was refused, does not undo an earlier one.
    withTries(isWrite && unknown !== undefined && meaningOf(error).retryable ? unknown : error, tries)
  )
}

const make = (options: SequentumClientOptions) =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const breaker = yield* Breaker
    const budgetOf = yield* RateBudget.RateBudgets
    const base = basePath(options.apiUrl)
    const mayWait = (delay: Duration.Duration) =>
      Effect.contextWithEffect((context: Context.Context<never>) =>
        Effect.clockWith((clock) => {
          const now = monotonicMillis(clock)
          const then = now + Duration.toMillis(delay)
          const isInTime = then <= Context.get(context, Deadline).waitsUntil
          return Effect.succeed(
            isInTime && Duration.lessThanOrEqualTo(delay, maxWait) && breaker.pause(now) <= then - now
          )
        })
      )
    const parts: Parts = { upstream, breaker, retries: Retry.schedule(mayWait) }

    const send = (line: RequestLine, { body, query = {}, timeout }: RequestOptions, accepts: Accepts = isSuccess) =>
      Effect.contextWithEffect((context: Context.Context<Credentials>) => {
        const credentials = Context.get(context, Credentials)
        const secret = Redacted.value(credentials.secret)
        const request: UpstreamRequest = {
          line,
          target: `${base}${line.path}${queryText(query)}`,
          headers: requestHeaders(credentials.scheme, secret, body !== undefined),
          body: body === undefined ? undefined : JSON.stringify(body),
          timeout: timeout ?? options.requestTimeout
        }
        const deadline = Context.get(context, Deadline)
        return exchange(parts, {
          request,
          secret,
          budget: budgetOf(credentials.account ?? credentials),
          deadline: timeout === undefined ? deadline : { ...deadline, at: Number.POSITIVE_INFINITY },
          accepts,
          onSent: Context.get(context, Attempts).sent
        })
      }).pipe(withSpan("SequentumClient.send", { kind: "client", attributes: { "http.request.method": line.method } }))

    const json =
      (method: Method) =>
      <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, request: RequestOptions = {}): Call<A> => {
        const line = { method, ...path }
        return Effect.flatMap(send(line, request), decodeJson(schema, line))
      }

    return {
      requestTimeout: options.requestTimeout,
      get: json("GET"),
      post: json("POST"),
      put: json("PUT"),
      postVoid: (path, request = {}) => Effect.asVoid(send({ method: "POST", ...path }, request)),
      deleteVoid: (path, request = {}) =>
        Effect.asVoid(
          send(
            { method: "DELETE", ...path },
            request,
            (status, mayHaveActed) => isSuccess(status) || (status === 404 && mayHaveActed)
          )
        ),
      postData: (path, request = {}) => Effect.map(send({ method: "POST", ...path }, request), jsonOrText),
      redirect: (path) => {
        const line: RequestLine = { method: "GET", ...path }
        return send(line, {}, (status) => isSuccess(status) || isRedirect(status)).pipe(
          Effect.flatMap((response) =>
            Effect.flatMap(
              redirectTarget(line, `${options.apiUrl.origin}${base}${line.path}`)(response),
              usableAddress(line, response.status, options.apiUrl)
            )
          )
        )
      }
    } satisfies SequentumClientService
  })

/** The API client as a service. */
export class SequentumClient extends Context.Tag("sequentum/SequentumClient")<
  SequentumClient,
  SequentumClientService
>() {
  static readonly layer = (options: SequentumClientOptions): Layer.Layer<SequentumClient, never, Upstream> =>
    Layer.effect(SequentumClient, make(options)).pipe(
      Layer.provide(Breaker.layer(options.apiUrl.host)),
      Layer.provide(RateBudget.RateBudgets.layer)
    )
}
