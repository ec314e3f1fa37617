import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { withSpan } from "../../runtime/tracing.ts"
import { Credentials } from "../Credentials.ts"
import { meaningOf, RateLimited, type SequentumError } from "../errors.ts"
import type { ApiPath } from "./apiPath.ts"
import { Attempts } from "./Attempts.ts"
import * as RateBudget from "./RateBudget.ts"
import {
  dateOf,
  errorFrom,
  isRedirect,
  isSuccess,
  readData,
  readJson,
  readNothing,
  redirectTarget,
  type Read
} from "./responses.ts"
import * as Retry from "./Retry.ts"
import { Upstream, type Method, type RequestLine, type UpstreamRequest, type UpstreamResponse } from "./Upstream.ts"

/** Where Sequentum is and how long one request may take. */
export interface SequentumClientOptions {
  /** Origin of the Sequentum host, such as `https://dashboard.sequentum.com`; `/api/v1` is added. */
  readonly apiUrl: URL
  /** Limit for one try of one request, its whole response included. */
  readonly requestTimeout: Duration.Duration
}

/** A value, and Sequentum's own time when it was read. */
export interface Dated<A> {
  readonly value: A
  /** Epoch milliseconds, a whole second; undefined if the response had no date. */
  readonly date: number | undefined
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** False for a read that the caller repeats by itself: a failure is then told at once. */
export interface Retries {
  readonly retry?: boolean
}

export interface RequestOptions extends Retries {
  readonly query?: Query
  readonly body?: Readonly<Record<string, unknown>>
  /** Replaces the request timeout, as a synchronous run needs. */
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
  /** A GET, and the time that its response carries. */
  readonly getDated: <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<Dated<A>>
  /** A POST whose response carries nothing. */
  readonly postVoid: (path: ApiPath, options?: RequestOptions) => Call<void>
  /** A DELETE, whose response carries nothing. */
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
  const always = { authorization: `${scheme} ${secret}`, accept: "application/json" }
  return hasBody ? { ...always, "content-type": "application/json" } : always
}

/** Waits for the rate budget, then sends. Fails with RateLimited, sending nothing, if the wait would be too long. */
const withinBudget = <A, E>(budget: RateBudget.RateBudget, line: RequestLine, send: Effect.Effect<A, E>) =>
  Effect.clockWith((clock): Effect.Effect<A, E | RateLimited> => {
    const wait = budget.reserve(clock.unsafeCurrentTimeMillis(), Retry.maxRetryAfter)
    if (Duration.greaterThan(wait, Retry.maxRetryAfter)) {
      return new RateLimited({ ...line, retryAfterSeconds: Math.ceil(Duration.toSeconds(wait)) })
    }
    return Duration.greaterThan(wait, Duration.zero) ? Effect.zipRight(Effect.sleep(wait), send) : send
  })

const learnLimit = (budget: RateBudget.RateBudget, { header }: UpstreamResponse) =>
  budget.learn(Number(header("x-ratelimit-limit")), Number(header("x-ratelimit-window-seconds") ?? 60))

/** Whether a response is what the caller asked for, by its status. */
type Accepts = (status: number) => boolean

/** Which responses are accepted, by default those of success, and how they are read. */
interface Expected<A> {
  readonly accepts?: Accepts
  readonly read: Read<A>
}

/** The error of a write after its last try. A later refusal does not undo what an earlier try may have done. */
const outcomeOf = (unclear: SequentumError | undefined, last: SequentumError): SequentumError =>
  meaningOf(last).outcome === "unknown" ? last : (unclear ?? last)

interface Exchange<A> {
  readonly request: UpstreamRequest
  readonly secret: string
  readonly budget: RateBudget.RateBudget
  readonly accepts: Accepts
  readonly read: Read<A>
  readonly retry: boolean
  /** Called for each try. */
  readonly onSent: () => void
}

/** One exchange, retried by `Retry.schedule`. */
const exchange = <A>(
  upstream: Upstream["Type"],
  { accepts, budget, onSent, read, request, retry, secret }: Exchange<A>
): Effect.Effect<A, SequentumError> => {
  const { line } = request
  // The first try of a write that Sequentum may have carried out.
  let unclear: SequentumError | undefined
  const fail = (error: SequentumError) => {
    if (line.method !== "GET" && meaningOf(error).outcome === "unknown") unclear ??= error
    return Effect.fail(error)
  }
  const send = Effect.matchEffect(upstream.send(request), {
    onFailure: fail,
    onSuccess: (response): Effect.Effect<UpstreamResponse, SequentumError> => {
      learnLimit(budget, response)
      return accepts(response.status)
        ? Effect.succeed(response)
        : Effect.clockWith((clock) => fail(errorFrom(line, response, secret, clock.unsafeCurrentTimeMillis())))
    }
  })
  const attempt = Effect.suspend(() => {
    onSent()
    return send
  })
  const once = withinBudget(budget, line, attempt)
  const response = retry ? Effect.retry(once, Retry.schedule) : once
  return response.pipe(
    Effect.flatMap((accepted) => read(accepted, secret)),
    Effect.mapError((last) => outcomeOf(unclear, last))
  )
}

const make = (options: SequentumClientOptions) =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const base = basePath(options.apiUrl)
    const budgetOf = RateBudget.makeByCaller()

    const send = <A>(
      line: RequestLine,
      { body, query = {}, retry = true, timeout = options.requestTimeout }: RequestOptions,
      { accepts = isSuccess, read }: Expected<A>
    ): Call<A> =>
      Effect.contextWithEffect((context: Context.Context<Credentials>) => {
        const credentials = Context.get(context, Credentials)
        const secret = Redacted.value(credentials.secret)
        const request: UpstreamRequest = {
          line,
          target: `${base}${line.path}${queryText(query)}`,
          headers: requestHeaders(credentials.scheme, secret, body !== undefined),
          body: body === undefined ? undefined : JSON.stringify(body),
          timeout
        }
        const budget = budgetOf(credentials.account ?? credentials)
        const onSent = Context.get(context, Attempts).sent
        return exchange(upstream, { request, secret, budget, accepts, read, retry, onSent })
      }).pipe(withSpan("SequentumClient.send", { kind: "client", attributes: { "http.request.method": line.method } }))

    const json =
      (method: Method) =>
      <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, request: RequestOptions = {}): Call<A> => {
        const line = { method, ...path }
        return send(line, request, { read: readJson(schema, line) })
      }

    const nothing =
      (method: Method) =>
      (path: ApiPath, request: RequestOptions = {}): Call<void> => {
        const line = { method, ...path }
        return send(line, request, { read: readNothing(line) })
      }

    return {
      requestTimeout: options.requestTimeout,
      get: json("GET"),
      post: json("POST"),
      put: json("PUT"),
      getDated: <A, I>(path: ApiPath, schema: Schema.Schema<A, I>, request: RequestOptions = {}) => {
        const line: RequestLine = { method: "GET", ...path }
        const read = readJson(schema, line)
        return send(line, request, {
          read: (response, secret) =>
            Effect.map(read(response, secret), (value): Dated<A> => ({ value, date: dateOf(response) }))
        })
      },
      postVoid: nothing("POST"),
      deleteVoid: nothing("DELETE"),
      postData: (path, request = {}) => {
        const line: RequestLine = { method: "POST", ...path }
        return send(line, request, { read: readData(line) })
      },
      redirect: (path) => {
        const line: RequestLine = { method: "GET", ...path }
        return send(
          line,
          {},
          {
            accepts: (status) => isSuccess(status) || isRedirect(status),
            read: redirectTarget(line, `${options.apiUrl.origin}${base}${line.path}`)
          }
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
    Layer.effect(SequentumClient, make(options))
}
