import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { withSpan } from "../../runtime/tracing.ts"
import { Credentials, type Renewal } from "../Credentials.ts"
import { Deadline } from "../Deadline.ts"
import type { SequentumError } from "../errors.ts"
import { Recipient } from "../Recipient.ts"
import { Sparing } from "../Sparing.ts"
import type { ApiPath } from "./apiPath.ts"
import { Attempts } from "./Attempts.ts"
import { acceptEncoding, isTooDeep, maxNesting } from "./bodies.ts"
import { Breaker } from "./Breaker.ts"
import { makeDownloadPolicy, usableAddress, type DownloadPolicy } from "./downloadAddress.ts"
import { makeExchange, type Accepts } from "./exchange.ts"
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
import { unusable, Upstream, type Method, type RequestLine, type UpstreamRequest } from "./Upstream.ts"

/** Where Sequentum is and how long one request may take. */
export interface SequentumClientOptions {
  /** Origin of the Sequentum host, such as `https://dashboard.sequentum.com`; `/api/v1` is added. */
  readonly apiUrl: URL
  /** Limit for one try of one request, its whole response included. */
  readonly requestTimeout: Duration.Duration
  /** Hosts of files that may have any address. */
  readonly allowedDownloadHosts?: ReadonlyArray<string>
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
  /** Replaces the request timeout and the deadline of the call, as a synchronous run needs. */
  readonly timeout?: Duration.Duration
}

type Call<A> = Effect.Effect<A, SequentumError, Credentials>

/** The one way to the Sequentum API: authorisation, timeout, rate budget, retries and decoding. */
export interface SequentumClientService {
  /** Origin of the Sequentum host. */
  readonly origin: string
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
  /** The status of the response to a GET, whatever it is. The GET is sent once, and takes at most `timeout`. */
  readonly status: (path: ApiPath, timeout: Duration.Duration) => Call<number>
  /** A JSON document of the host, outside the API and for everybody: no credentials are sent. */
  readonly document: <A, I>(
    path: string,
    schema: Schema.Schema<A, I>,
    timeout: Duration.Duration
  ) => Effect.Effect<A, SequentumError>
  /** A GET whose response is a redirect to a file, which is not followed. */
  readonly redirect: (path: ApiPath) => Call<URL>
  /** Where files may be fetched from. */
  readonly downloads: DownloadPolicy
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

/** Which responses are accepted, by default those of success, and how they are read. */
interface Expected<A> {
  readonly accepts?: Accepts
  readonly read: Read<A>
}

/** Sends with a secret that is renewed, and once more after a refusal: what Sequentum answers by 401 it has not done. */
const renewing = <A>(
  credentials: Credentials["Type"],
  renewal: Renewal,
  once: Effect.Effect<A, SequentumError>
): Effect.Effect<A, SequentumError> =>
  Effect.zipRight(
    renewal.beforeUse,
    Effect.suspend(() => {
      const { secret } = credentials
      return Effect.catchTag(once, "Unauthorized", (error) =>
        Effect.flatMap(renewal.afterRefusal(secret), (isRenewed) => (isRenewed ? once : Effect.fail(error)))
      )
    })
  )

const make = (options: SequentumClientOptions) =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const exchange = makeExchange(upstream, yield* Breaker)
    const budgetOf = yield* RateBudget.RateBudgets
    const base = basePath(options.apiUrl)
    const downloads = makeDownloadPolicy(options)

    const send = <A>(
      line: RequestLine,
      { body, query = {}, retry = true, timeout }: RequestOptions,
      { accepts = isSuccess, read }: Expected<A>
    ): Call<A> =>
      Effect.contextWithEffect((context: Context.Context<Credentials>) => {
        const credentials = Context.get(context, Credentials)
        const attempt = () => {
          const secret = Redacted.value(credentials.secret)
          const request: UpstreamRequest = {
            line,
            target: `${base}${line.path}${queryText(query)}`,
            headers: requestHeaders(credentials.scheme, secret, body !== undefined),
            body: body === undefined ? undefined : JSON.stringify(body),
            timeout: timeout ?? options.requestTimeout
          }
          const deadline = Context.get(context, Deadline)
          return exchange({
            request,
            secret,
            budget: budgetOf(credentials.account ?? credentials),
            deadline: timeout === undefined ? deadline : { ...deadline, at: Number.POSITIVE_INFINITY },
            isSparing: Context.get(context, Sparing),
            accepts,
            read,
            retry,
            onSent: Context.get(context, Attempts).sent,
            isUnwanted: Context.get(context, Recipient).isGone
          })
        }
        const { renewal } = credentials
        return renewal === undefined ? attempt() : renewing(credentials, renewal, Effect.suspend(attempt))
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
      origin: options.apiUrl.origin,
      requestTimeout: options.requestTimeout,
      downloads,
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
      status: (path, timeout) =>
        send(
          { method: "GET", ...path },
          { timeout, retry: false },
          { accepts: () => true, read: ({ status }) => Effect.succeed(status) }
        ),
      document: (path, schema, timeout) => {
        const line: RequestLine = { method: "GET", path, resource: "account" }
        const headers = { accept: "application/json", "accept-encoding": acceptEncoding }
        return Effect.gen(function* () {
          const response = yield* upstream.send({ line, target: path, headers, body: undefined, timeout })
          const { body, status } = response
          if (!isSuccess(status)) {
            const now = yield* Clock.currentTimeMillis
            return yield* errorFrom(line, response, "", now)
          }
          if (isTooDeep(body)) return yield* unusable(line, status, `more than ${maxNesting} levels of nesting`)
          return yield* readJson(schema, line)(response, "")
        })
      },
      redirect: (path) => {
        const line: RequestLine = { method: "GET", ...path }
        const target = redirectTarget(line, `${options.apiUrl.origin}${base}${line.path}`)
        return send(
          line,
          {},
          {
            accepts: (status) => isSuccess(status) || isRedirect(status),
            read: (response) => Effect.flatMap(target(response), usableAddress(line, response.status, downloads))
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
    Layer.effect(SequentumClient, make(options)).pipe(
      Layer.provide([Breaker.layer(options.apiUrl.host), RateBudget.RateBudgets.layer])
    )
}
