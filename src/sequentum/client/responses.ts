import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
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
import { inCamelCase, readErrorBody } from "./errorBody.ts"
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
    ? (/scope="([^"]*)"/u.exec(challenge)?.[1] ?? "").replaceAll(/[^\w.:/ -]/gu, "").slice(0, 200)
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
  if (status >= 500) return new ServerFailure({ ...line, ...retryAfter, status })
  if (status === 400 && isFromHttpsPort(response.body.slice(0, 1000))) {
    return new ConnectionFailed({ ...line, reached: false, code: "HTTPS_PORT" })
  }
  if (status < 400) return unexpected(line, response, "a redirect where data was expected")
  const { errorCode, ...said } = readErrorBody(response.body, secret)
  switch (status) {
    // A gateway may send these for a request that Sequentum has carried out.
    case 408:
    case 425:
      return new ServerFailure({ ...line, ...said, ...retryAfter, status })
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

/** In JSON: an escape or a quotation mark, or a whole integer of at least 16 digits. */
const quotesAndLongIntegers = /\\.|"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gsu

/**
 * Puts the integers that JavaScript has no number for between quotation marks. JSON.parse does the rest, whatever the
 * size and depth of the text: a lossless parser takes 20 times as long and overflows its stack at some depth.
 */
const quoteLongIntegers = (text: string): string => {
  let inString = false
  return text.replace(quotesAndLongIntegers, (token) => {
    if (token === '"') inString = !inString
    return inString || token === '"' || Number.isSafeInteger(Number(token)) ? token : `"${token}"`
  })
}

/** Only a text with 16 digits in a row can hold an integer that is not safe; looking for them takes microseconds. */
const parseJson = (text: string) =>
  Either.try((): unknown => JSON.parse(/\d{16}/u.test(text) ? quoteLongIntegers(text) : text))

const isHtml = ({ body, header }: UpstreamResponse): boolean =>
  /^\s*<(?:!doctype html|html)\b/iu.test(body.slice(0, 256)) || /text\/html/iu.test(header("content-type") ?? "")

/** Whether a body that can't be parsed was to be JSON: it is said to be and begins like it. */
const isBrokenJson = ({ body, header }: UpstreamResponse): boolean =>
  /\bjson\b/iu.test(header("content-type") ?? "") && /^\s*[[{"]/u.test(body)

const describeBody = (response: UpstreamResponse): string => {
  if (response.body.trim() === "") return "an empty body where JSON was expected"
  return isHtml(response) || /^\s*</u.test(response.body)
    ? "an HTML page where JSON was expected"
    : "a body that is not JSON"
}

/** JSON is UTF-8 (RFC 8259, section 8.1). Otherwise names would be shown with other characters than they have. */
const notUtf8 = (line: RequestLine, response: UpstreamResponse) =>
  unexpected(line, response, "bytes that are not text in UTF-8")

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

/** Reads a response that has a status of success. `secret` is kept out of errors. */
export type Read<A> = (response: UpstreamResponse, secret: string) => Effect.Effect<A, SequentumError>

/** The members of an error in each of its shapes; `success` and `error` are those of the agent builder. */
const errorMembers: ReadonlySet<string> = new Set([
  "statusCode",
  "statusDescription",
  "message",
  "errorCode",
  "severity",
  "type",
  "title",
  "status",
  "detail",
  "instance",
  "traceId",
  "errors",
  "success",
  "error"
])

const saysFailure = (json: unknown): boolean => Predicate.isRecord(json) && json["success"] === false

/** Members that say whether a request was carried out, in lower case. */
const verdicts: ReadonlySet<string> = new Set(["success", "successful", "succeeded", "issuccess", "issuccessful", "ok"])

/** Values of these members, and words of a state, by which a gateway says no. */
const isNo = (value: unknown): boolean =>
  value === false || value === 0 || (Predicate.isString(value) && /^(?:false|0|no)$/iu.test(value))
const isFailureWord = (value: unknown): boolean =>
  Predicate.isString(value) && /^(?:error|fail|failed|failure)$/iu.test(value)

/** Whether an answer in which nothing is expected says that the request failed. */
const deniesSuccess = (json: unknown): boolean =>
  Predicate.isRecord(json) &&
  Object.entries(json).some(([name, value]) => {
    const word = name.toLowerCase()
    return (verdicts.has(word) && isNo(value)) || (["status", "result"].includes(word) && isFailureWord(value))
  })

/**
 * The status of a body that is nothing but an error: the one that it names or, without one, `own`. undefined for any
 * other body, such as the state of a build, which has a word as `status` beside its `error`.
 */
const statusInBody = (body: unknown, own: number): number | undefined => {
  const json = inCamelCase(body)
  if (!Predicate.isRecord(json)) return undefined
  const members = Object.entries(json).filter(([, value]) => value !== null)
  if (!members.every(([name]) => errorMembers.has(name))) return undefined
  const named = json["statusCode"] ?? json["status"]
  if (Predicate.isNotNullable(named)) {
    const status = Predicate.isString(named) && /^\d{3}$/u.test(named) ? Number(named) : named
    return Predicate.isNumber(status) && status >= 400 && status < 600 ? status : undefined
  }
  const isError =
    saysFailure(json) ||
    ["error", "errorCode", "errors"].some((name) => Predicate.isTruthy(json[name])) ||
    (Predicate.isString(json["title"]) && Predicate.isString(json["detail"]))
  return isError ? own : undefined
}

const rejected = (line: RequestLine, { body, status }: UpstreamResponse, secret: string) => {
  const { errorCode: _, ...said } = readErrorBody(body, secret)
  return new Rejected({ ...line, ...said, status })
}

/** The error that a response with a status of success has as its body, if it has one. */
const errorInBody = (line: RequestLine, response: UpstreamResponse, secret: string, json: unknown) => {
  const status = statusInBody(json, response.status)
  if (status === undefined) return undefined
  return status < 400
    ? rejected(line, response, secret)
    : // The headers belong to the status of success.
      errorFrom(line, { ...response, status, header: () => undefined }, secret, 0)
}

/** Whether a decoded object has none of the members that its schema knows. */
const isBlank = (decoded: unknown): boolean =>
  Predicate.isRecord(decoded) && Object.values(decoded).every((value) => value === undefined)

/** Decodes a JSON body by `schema`. A body that is nothing but an error is that error; any other is unexpected. */
export const readJson = <A, I>(schema: Schema.Schema<A, I>, line: RequestLine): Read<A> => {
  const decode = Schema.decodeUnknownEither(schema)
  return (response, secret) =>
    Either.match(parseJson(response.body), {
      onLeft: () => Effect.fail(unexpected(line, response, describeBody(response))),
      onRight: (json): Effect.Effect<A, SequentumError> => {
        if (!response.isUtf8) return Effect.fail(notUtf8(line, response))
        const error = errorInBody(line, response, secret, json)
        if (error !== undefined) return Effect.fail(error)
        const decoded = decode(json)
        if (Either.isRight(decoded)) {
          return isBlank(decoded.right)
            ? Effect.fail(unexpected(line, response, "an object without any field that is documented"))
            : Effect.succeed(decoded.right)
        }
        const { at, problem } = firstProblem(decoded.left)
        return Effect.fail(unexpected(line, response, problem, at))
      }
    })
}

/** Reads the answer to a request that asks for nothing back: an empty body, or JSON that does not say failure. */
export const readNothing =
  (line: RequestLine): Read<void> =>
  (response, secret) =>
    response.body.trim() === ""
      ? Effect.void
      : Either.match(parseJson(response.body), {
          onLeft: () => Effect.fail(unexpected(line, response, describeBody(response))),
          onRight: (json) => {
            if (!response.isUtf8) return Effect.fail(notUtf8(line, response))
            const error = errorInBody(line, response, secret, json)
            if (error !== undefined) return Effect.fail(error)
            if (deniesSuccess(json)) return Effect.fail(rejected(line, response, secret))
            return json === false ? Effect.fail(unexpected(line, response, "the word false")) : Effect.void
          }
        })

/** Reads data: JSON or text. A page of HTML is unexpected, and so is JSON that breaks off. */
export const readData =
  (line: RequestLine): Read<unknown> =>
  (response, secret) =>
    Either.match(parseJson(response.body), {
      onLeft: () =>
        isHtml(response) || isBrokenJson(response)
          ? Effect.fail(unexpected(line, response, describeBody(response)))
          : Effect.succeed(response.body),
      onRight: (json) => {
        const error = errorInBody(line, response, secret, json)
        // A record may have a title and a detail too.
        return error === undefined || (error._tag === "Rejected" && error.status < 400 && !saysFailure(json))
          ? Effect.succeed(json)
          : Effect.fail(error)
      }
    })

/** Sequentum's own time of a response in epoch milliseconds, a whole second; undefined without a valid `Date`. */
export const dateOf = ({ header }: UpstreamResponse): number | undefined => parseDate(header("date"))

/** Where a redirect leads, relative to `base`. Fails with UnexpectedResponse. */
export const redirectTarget =
  (line: RequestLine, base: string) =>
  (response: UpstreamResponse): Effect.Effect<URL, UnexpectedResponse> => {
    const location = response.header("location")?.trim() ?? ""
    if (!isRedirect(response.status) || location === "") {
      return Effect.fail(unexpected(line, response, "no redirect to a file"))
    }
    return Either.mapLeft(
      Either.try(() => new URL(location, base)),
      () => unexpected(line, response, "a redirect to something that is not a URL")
    ).pipe(
      Either.filterOrLeft(
        ({ href }) => href !== base,
        () => unexpected(line, response, "a redirect to itself")
      )
    )
  }
