import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Attempts } from "./Attempts.ts"
import { Credentials } from "../Credentials.ts"
import {
  Conflict,
  Forbidden,
  NotFound,
  RateLimited,
  Rejected,
  ServerFailure,
  Unauthorized,
  UnexpectedResponse,
  type SequentumError
} from "../errors.ts"
import { makeRateBudgets } from "./RateBudget.ts"
import { isUnclear, longestRetryAfter, retrySchedule } from "./Retry.ts"
import { spanned } from "../../runtime/tracing.ts"
import { Upstream, type Answer, type Method, type RequestLine } from "./Upstream.ts"
import { readErrorBody } from "./errorBody.ts"

/** Where Sequentum is and how long one request may take. */
export interface SequentumClientOptions {
  /** Origin of the Sequentum host, such as `https://dashboard.sequentum.com`; `/api/v1` is added. */
  readonly apiUrl: URL
  /** Limit for one try of one request, its whole answer included. */
  readonly requestTimeout: Duration.Duration
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface RequestOptions {
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
  readonly get: <A, I>(path: string, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  readonly post: <A, I>(path: string, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  readonly put: <A, I>(path: string, schema: Schema.Schema<A, I>, options?: RequestOptions) => Call<A>
  /** A POST whose answer carries nothing. */
  readonly postVoid: (path: string, options?: RequestOptions) => Call<void>
  /** A DELETE. One that is gone when a try is repeated after an unclear failure counts as deleted. */
  readonly deleteVoid: (path: string, options?: RequestOptions) => Call<void>
  /** A POST that answers with JSON or with text. */
  readonly postData: (path: string, options?: RequestOptions) => Call<unknown>
  /** A GET that answers with a redirect, which is not followed. */
  readonly redirect: (path: string) => Call<URL>
}

/**
 * One segment of a path. `.` and `..` would be taken as steps even when encoded once, so they are encoded twice; half
 * a surrogate pair can't be encoded at all. Neither names anything that exists.
 */
const pathSegment = (value: string | number): string =>
  encodeURIComponent(String(value).replace(/\p{Cs}/gu, "\ufffd")).replace(/^\.{1,2}$/u, (dots) =>
    "%252E".repeat(dots.length)
  )

/** Builds an API path, percent-encoding what is put into it. */
export const apiPath = (parts: TemplateStringsArray, ...values: ReadonlyArray<string | number>): string =>
  String.raw({ raw: parts }, ...values.map(pathSegment))

/** The three forms of a date that HTTP knows (RFC 9110, section 5.6.7). `Date.parse` alone takes `-5` for one. */
const httpDate =
  /^[A-Z][a-z]{2,8}(?:, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d{2}) | [A-Z][a-z]{2} [ \d]\d )\d{2}:\d{2}:\d{2} (?:GMT|\d{4})$/u

/** `Retry-After` in seconds from now, from either of its forms; undefined where it is absent or malformed. */
const parseRetryAfter = (value: string | undefined, now: number): number | undefined => {
  const text = value?.trim() ?? ""
  if (/^\d+$/u.test(text)) return Number(text)
  if (!httpDate.test(text)) return undefined
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}

const unexpected = (at: RequestLine, answer: Answer, problem: string, where = "") =>
  new UnexpectedResponse({ ...at, status: answer.status, at: where, problem })

const retryAfterOf = (seconds: number | undefined) => (seconds === undefined ? {} : { retryAfterSeconds: seconds })

const insufficientScope = /scope="([^"]*)"/u

const fromStatus = (at: RequestLine, answer: Answer, secret: string, now: number): SequentumError => {
  const { body, status } = answer
  const retryAfter = retryAfterOf(parseRetryAfter(answer.header("retry-after"), now))
  if (status === 429) return new RateLimited({ ...at, ...retryAfter })
  if (status >= 500) return new ServerFailure({ ...at, ...retryAfter, status })
  if (status < 400) {
    return unexpected(at, answer, "a redirect where data was expected")
  }
  const { detail, errorCode } = readErrorBody(body, secret)
  const said = detail === undefined ? {} : { detail }
  switch (status) {
    case 401:
      return new Unauthorized({ ...at, ...said })
    case 403: {
      const challenge = answer.header("www-authenticate") ?? ""
      const scope = insufficientScope.exec(challenge)?.[1]
      return errorCode === "insufficient_scope" || challenge.includes('error="insufficient_scope"')
        ? new Forbidden({ ...at, ...said, requiredScope: scope ?? "" })
        : new Forbidden({ ...at, ...said })
    }
    case 404:
      return new NotFound({ ...at, ...said })
    case 409:
      return new Conflict({ ...at, ...said })
    default:
      return new Rejected({ ...at, ...said, status })
  }
}

const dotted = (path: ReadonlyArray<PropertyKey>) =>
  path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")

const parseJson = (text: string): Either.Either<unknown, "not JSON"> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => "not JSON" as const })

const describeBody = (answer: Answer): string => {
  if (answer.body.trim() === "") return "an empty body where JSON was expected"
  if (/^\s*<|text\/html/iu.test(`${answer.body.slice(0, 64)} ${answer.header("content-type") ?? ""}`)) {
    return "an HTML page where JSON was expected"
  }
  return "a body that is not JSON"
}

/** Names the first place where the body departs from the schema, without quoting the body. */
const firstProblem = (error: ParseResult.ParseError): { at: string; problem: string } => {
  // Of the shapes that a body may have, the one that it came nearest to tells most.
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error).toSorted(
    (left, right) => right.path.length - left.path.length
  )
  if (issue === undefined) return { at: "", problem: "another shape than documented" }
  return {
    at: dotted(issue.path),
    problem: issue._tag === "Missing" ? "a field that is missing" : "a value of another type than documented"
  }
}

const decodeJson = <A, I>(schema: Schema.Schema<A, I>, at: RequestLine) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (answer: Answer): Effect.Effect<A, UnexpectedResponse> =>
    Either.match(parseJson(answer.body), {
      onLeft: () => Effect.fail(unexpected(at, answer, describeBody(answer))),
      onRight: (json) =>
        Either.match(decode(json), {
          onLeft: (error) => {
            const where = firstProblem(error)
            return Effect.fail(unexpected(at, answer, where.problem, where.at))
          },
          onRight: (value) => Effect.succeed(value)
        })
    })
}

/** Retries by the schedule. What a schedule needs is made for the few attempts that fail, not for each. */
const retrying = <A>(attempt: Effect.Effect<A, SequentumError>): Effect.Effect<A, SequentumError> =>
  Effect.catchAll(attempt, (error) => {
    let failed = Option.some(error)
    const again = Effect.suspend(() => {
      const first = failed
      failed = Option.none()
      return Option.isSome(first) ? Effect.fail(first.value) : attempt
    })
    return Effect.retry(again, retrySchedule)
  })

const basePath = (apiUrl: URL) => `${apiUrl.pathname.replace(/(?:\/api\/v1)?\/*$/u, "")}/api/v1`

/** A query as it follows a path, with its question mark; nothing for an empty one. */
const queryText = (query: Query): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.append(name, String(value))
  }
  return params.size === 0 ? "" : `?${params.toString()}`
}

const make = (options: SequentumClientOptions) =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const { origin } = options.apiUrl
    const base = basePath(options.apiUrl)
    const budgetOf = makeRateBudgets()

    /**
     * Sends with retries; succeeds with an answer that `accepts` takes, given its status and whether an earlier try may
     * have been carried out.
     */
    const send = (
      at: RequestLine,
      { body, query, timeout = options.requestTimeout }: RequestOptions,
      accepts: (status: number, mayHaveActed: boolean) => boolean
    ) =>
      Effect.contextWithEffect((context: Context.Context<Credentials>) => {
        const credentials = Context.get(context, Credentials)
        const attempts = Context.get(context, Attempts)
        const secret = Redacted.value(credentials.secret)
        const budget = budgetOf(credentials.account ?? credentials)
        const accept = { authorization: `${credentials.scheme} ${secret}`, accept: "application/json" }
        const exchange = upstream.send({
          at,
          target: `${base}${at.path}${query === undefined ? "" : queryText(query)}`,
          headers: body === undefined ? accept : { ...accept, "content-type": "application/json" },
          body: body === undefined ? undefined : JSON.stringify(body),
          limit: timeout
        })
        let mayHaveActed = false
        const failed = (error: SequentumError) => {
          mayHaveActed ||= isUnclear(error)
          return Effect.fail(error)
        }
        const attempt = Effect.clockWith((clock) => {
          const wait = budget.reserve(clock.unsafeCurrentTimeMillis(), longestRetryAfter)
          if (Duration.greaterThan(wait, longestRetryAfter)) {
            return new RateLimited({ ...at, retryAfterSeconds: Math.ceil(Duration.toSeconds(wait)) })
          }
          const sent = Effect.matchEffect(exchange, {
            onFailure: failed,
            onSuccess: (answer): Effect.Effect<Answer, SequentumError> => {
              budget.learn(
                Number(answer.header("x-ratelimit-limit")),
                Number(answer.header("x-ratelimit-window-seconds") ?? 60)
              )
              return accepts(answer.status, mayHaveActed)
                ? Effect.succeed(answer)
                : failed(fromStatus(at, answer, secret, clock.unsafeCurrentTimeMillis()))
            }
          })
          const counted = Effect.suspend(() => {
            attempts.sent()
            return sent
          })
          return Duration.greaterThan(wait, Duration.zero) ? Effect.zipRight(Effect.sleep(wait), counted) : counted
        })
        return retrying(attempt)
      }).pipe(spanned("SequentumClient.send", { kind: "client", attributes: { "http.request.method": at.method } }))

    const isSuccess = (status: number) => status >= 200 && status < 300
    const isRedirect = (status: number) => status >= 300 && status < 400

    const json =
      (method: Method) =>
      <A, I>(path: string, schema: Schema.Schema<A, I>, request: RequestOptions = {}): Call<A> => {
        const at = { method, path }
        return Effect.flatMap(send(at, request, isSuccess), decodeJson(schema, at))
      }

    return {
      requestTimeout: options.requestTimeout,
      get: json("GET"),
      post: json("POST"),
      put: json("PUT"),
      postVoid: (path, request = {}) => Effect.asVoid(send({ method: "POST", path }, request, isSuccess)),
      deleteVoid: (path, request = {}) =>
        Effect.asVoid(
          send(
            { method: "DELETE", path },
            request,
            (status, mayHaveActed) => isSuccess(status) || (status === 404 && mayHaveActed)
          )
        ),
      postData: (path, request = {}) =>
        Effect.map(send({ method: "POST", path }, request, isSuccess), ({ body }) =>
          Either.getOrElse(parseJson(body), () => body)
        ),
      redirect: (path) => {
        const at: RequestLine = { method: "GET", path }
        return Effect.flatMap(
          send(at, {}, (status) => isSuccess(status) || isRedirect(status)),
          (answer) => {
            const location = answer.header("location")
            if (!isRedirect(answer.status) || location === undefined) {
              return Effect.fail(unexpected(at, answer, "no redirect to a file"))
            }
            return Effect.mapError(
              Either.try(() => new URL(location, `${origin}${base}${path}`)),
              () => unexpected(at, answer, "a redirect to something that is not a URL")
            )
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
