import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import {
  Conflict,
  ConnectionFailed,
  Forbidden,
  NotFound,
  RateLimited,
  Rejected,
  ServerFailure,
  Unauthorized,
  UnexpectedResponse,
  type SequentumError
} from "../errors.ts"
import { readErrorBody } from "./errorBody.ts"
import type { RequestLine, UpstreamResponse } from "./Upstream.ts"

export const isSuccess = (status: number) => status >= 200 && status < 300

export const isRedirect = (status: number) => status >= 300 && status < 400

const unexpected = (line: RequestLine, { status }: UpstreamResponse, problem: string, at = "") =>
  new UnexpectedResponse({ ...line, status, at, problem })

/** The three forms of a date in HTTP (RFC 9110, section 5.6.7). `Date.parse` alone would accept `-5` as a date. */
const httpDate =
  /^[A-Z][a-z]{2,8}(?:, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d{2}) | [A-Z][a-z]{2} [ \d]\d )\d{2}:\d{2}:\d{2} (?:GMT|\d{4})$/u

/** A date in HTTP as epoch milliseconds; undefined if it is absent or malformed. */
const parseDate = (value: string | undefined): number | undefined => {
  const text = value?.trim() ?? ""
  if (!httpDate.test(text)) return undefined
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : at
}

/**
 * `Retry-After` in seconds; undefined if it is absent or malformed. A date counts from the response's own `Date`, since
 * the clock of this machine (`now`, epoch milliseconds) may be wrong.
 */
const retryAfterSeconds = ({ header }: UpstreamResponse, now: number): number | undefined => {
  const value = header("retry-after")
  const text = value?.trim() ?? ""
  if (/^\d+$/u.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
  const at = parseDate(value)
  return at === undefined ? undefined : Math.max(0, Math.ceil((at - (parseDate(header("date")) ?? now)) / 1000))
}

/** What nginx and Go answer, with status 400, to an http request on a port for https. */
const isFromHttpsPort = (body: string) => /\bHTTP request (?:was sent )?to (?:an )?HTTPS (?:port|server)\b/u.test(body)

/** The scope that a 403 says the token lacks: blank if it names none, undefined if it is about something else. */
const missingScope = (response: UpstreamResponse, errorCode: string | undefined): string | undefined => {
  const challenge = response.header("www-authenticate") ?? ""
  return errorCode === "insufficient_scope" || challenge.includes('error="insufficient_scope"')
    ? (/scope="([^"]*)"/u.exec(challenge)?.[1] ?? "")
    : undefined
}

/** The error for a response that is neither success nor an expected redirect. `secret` is kept out of it. */
export const errorFrom = (
  line: RequestLine,
  response: UpstreamResponse,
  secret: string,
  now: number
): SequentumError => {
  const { status } = response
  const seconds = retryAfterSeconds(response, now)
  const retryAfter = seconds === undefined ? {} : { retryAfterSeconds: seconds }
  if (status === 429) return new RateLimited({ ...line, ...retryAfter })
  // A gateway may send 408 or 425 for a request that Sequentum has carried out.
  if (status >= 500 || status === 408 || status === 425) return new ServerFailure({ ...line, ...retryAfter, status })
  if (status === 400 && isFromHttpsPort(response.body.slice(0, 1000))) {
    return new ConnectionFailed({ ...line, reached: false, code: "HTTPS_PORT" })
  }
  if (status < 400) return unexpected(line, response, "a redirect where data was expected")
  const { errorCode, ...said } = readErrorBody(response.body, secret)
  switch (status) {
    case 401:
      return new Unauthorized({ ...line, ...said })
    case 403: {
      const requiredScope = missingScope(response, errorCode)
      return new Forbidden({ ...line, ...said, ...(requiredScope === undefined ? {} : { requiredScope }) })
    }
    case 404:
      return new NotFound({ ...line, ...said })
    case 409:
      return new Conflict({ ...line, ...said })
    default:
      return new Rejected({ ...line, ...said, status })
  }
}

const parseJson = (text: string) => Either.try((): unknown => JSON.parse(text))

/** A body as JSON or, if it is not JSON, as text. */
export const jsonOrText = ({ body }: UpstreamResponse): unknown => Either.getOrElse(parseJson(body), () => body)

const describeBody = ({ body, header }: UpstreamResponse): string => {
  if (body.trim() === "") return "an empty body where JSON was expected"
  return /^\s*<|text\/html/iu.test(`${body.slice(0, 64)} ${header("content-type") ?? ""}`)
    ? "an HTML page where JSON was expected"
    : "a body that is not JSON"
}

const dotted = (path: ReadonlyArray<PropertyKey>) =>
  path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")

/** Names the first place where the body does not match the schema, without quoting the body. */
const firstProblem = (error: ParseResult.ParseError): { readonly at: string; readonly problem: string } => {
  // Of a union's members, the one that matched deepest says most.
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error).toSorted(
    (left, right) => right.path.length - left.path.length
  )
  if (issue === undefined) return { at: "", problem: "another shape than documented" }
  return {
    at: dotted(issue.path),
    problem: issue._tag === "Missing" ? "a field that is missing" : "a value of another type than documented"
  }
}

/** Decodes JSON bodies by `schema`. Fails with UnexpectedResponse. */
export const decodeJson = <A, I>(schema: Schema.Schema<A, I>, line: RequestLine) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (response: UpstreamResponse): Effect.Effect<A, UnexpectedResponse> =>
    Either.match(parseJson(response.body), {
      onLeft: () => Effect.fail(unexpected(line, response, describeBody(response))),
      onRight: (json) =>
        Either.mapLeft(decode(json), (error) => {
          const { at, problem } = firstProblem(error)
          return unexpected(line, response, problem, at)
        })
    })
}

/** Where a redirect leads, relative to `base`. Fails with UnexpectedResponse. */
export const redirectTarget =
  (line: RequestLine, base: string) =>
  (response: UpstreamResponse): Effect.Effect<URL, UnexpectedResponse> => {
    const location = response.header("location")
    if (!isRedirect(response.status) || location === undefined) {
      return Effect.fail(unexpected(line, response, "no redirect to a file"))
    }
    return Either.mapLeft(
      Either.try(() => new URL(location, base)),
      () => unexpected(line, response, "a redirect to something that is not a URL")
    )
  }
