import * as Match from "effect/Match"
import * as Schema from "effect/Schema"

/**
 * What a request is about, so that an error can say what was not found. A list is about its owner: the runs of an
 * agent are missing when the agent is. `account` stands for reports over everything a caller has, `draft` for the
 * agent that a build makes.
 */
export const Resource = Schema.Literal(
  "account",
  "agent",
  "run",
  "file",
  "version",
  "schedule",
  "space",
  "build",
  "draft"
)
export type Resource = typeof Resource.Type

const request = {
  /** HTTP method of the failed request. */
  method: Schema.String,
  /** API path with its ids and without its query, such as `/agent/12/runs`. */
  path: Schema.String,
  resource: Resource,
  /** What the request changes, if that is not `resource`: a new schedule is missing when its agent is. */
  changes: Schema.optionalWith(Resource, { exact: true })
}

const detail = {
  /** What Sequentum said, cleaned for display: one line, no markup, no secrets, at most 300 characters. */
  detail: Schema.optionalWith(Schema.String, { exact: true })
}

const retryAfter = {
  /** Seconds that Sequentum asked to wait, if it did. */
  retryAfterSeconds: Schema.optionalWith(Schema.Number, { exact: true })
}

/** 401: the key or token is missing, wrong, expired or revoked. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { ...request, ...detail }) {}

/** 403: the caller may not do this. `requiredScope` is set when an OAuth token lacks a scope. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  ...request,
  ...detail,
  requiredScope: Schema.optionalWith(Schema.String, { exact: true })
}) {}

/** 404: `resource` does not exist, or the caller can't see it. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { ...request, ...detail }) {}

/** 409: the state of `resource` does not allow this, such as deleting a run that is still active. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { ...request, ...detail }) {}

/** 400, 402, 422 and other 4xx, or a success status with a body that says failure: Sequentum refused the request. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  ...request,
  ...detail,
  status: Schema.Int
}) {}

/** 429: more requests than allowed per window. Source: docs.sequentum.com/api-reference/errors. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", { ...request, ...retryAfter }) {}

/** 5xx, 408 and 425: Sequentum, or a gateway before it, did not finish the request. Only 408 and 425 have a detail. */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", {
  ...request,
  ...detail,
  ...retryAfter,
  status: Schema.Int
}) {}

/** No full response within `seconds`. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  ...request,
  seconds: Schema.Number
}) {}

/** The network failed. `reached` is false when no connection was made, so Sequentum certainly did not act. */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>()("ConnectionFailed", {
  ...request,
  reached: Schema.Boolean,
  /** Node's code, such as `ECONNRESET`. */
  code: Schema.String
}) {}

/** A response that the API does not document: another shape, HTML, an empty body or an unexpected redirect. */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", {
  ...request,
  status: Schema.Int,
  /** Where in the body the problem is, such as `[3].status`; empty for the body as a whole. */
  at: Schema.String,
  problem: Schema.String
}) {}

/** Everything that a call to Sequentum can fail with. */
export type SequentumError =
  | Unauthorized
  | Forbidden
  | NotFound
  | Conflict
  | Rejected
  | RateLimited
  | ServerFailure
  | RequestTimeout
  | ConnectionFailed
  | UnexpectedResponse

/** What an error means for its caller. */
export interface Meaning {
  /** Whether the same request may succeed later. A retry must also be safe: see `outcome`. */
  readonly retryable: boolean
  /** Of a write: "refused" if Sequentum did not act, "unknown" if it may have acted. */
  readonly outcome: "refused" | "unknown"
  /** For a model: what happened, and whether and when to try again. Names no tools. */
  readonly text: string
  /** What a model should do next: find what exists, see the present state, or check whether the write was done. */
  readonly next?: "find" | "see" | "check"
}

/** What happened, in the first sentence of an error's text. */
export const inBrief = (error: SequentumError): string => /^.*?\.(?= |$)/u.exec(meaningOf(error).text)?.[0] ?? ""

const says = (detail: string | undefined) =>
  detail === undefined ? "" : ` Sequentum says: ${JSON.stringify(detail)}${/[.!?…]$/u.test(detail) ? "" : "."}`

/** `1 second`, `2 seconds`. */
export const seconds = (count: number) => (count === 1 ? "1 second" : `${count} seconds`)

const oneHour = 3600
const oneDay = 24 * oneHour

const whenToRetry = (retryAfterSeconds: number | undefined) => {
  if (retryAfterSeconds === undefined) return "in a minute"
  if (retryAfterSeconds <= oneHour) return `after ${seconds(retryAfterSeconds)}`
  return retryAfterSeconds <= oneDay ? `after ${Math.ceil(retryAfterSeconds / oneHour)} hours` : "another day"
}

const line = (error: SequentumError) => `${error.method} ${error.path}`

const notKnown = "It is not known whether Sequentum acted, so do not simply repeat the call."

/** Means that Sequentum may have carried out a write. `again` is for a read. */
const unknownOutcome = (error: SequentumError, what: string, retryable: boolean, again: string): Meaning =>
  error.method === "GET"
    ? { retryable, outcome: "unknown", text: `${what} ${again}` }
    : { retryable, outcome: "unknown", text: `${what} ${notKnown}`, next: "check" }

/** Failures that pass: those of gateways too, of which Cloudflare's have numbers of their own. */
const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** When to try a read again. The client's own retries are told only where there were some for certain. */
const readAgain = ({ retryAfterSeconds, status }: ServerFailure): string => {
  if (!retryableStatuses.has(status)) return "Nothing was changed; trying again is unlikely to help."
  const retried = retryAfterSeconds === undefined ? "Retries did not help. " : ""
  return `${retried}Nothing was changed; try again ${whenToRetry(retryAfterSeconds)}.`
}

/** What each error means: one row per error. */
export const meaningOf = Match.type<SequentumError>().pipe(
  Match.tagsExhaustive({
    Unauthorized: ({ detail }): Meaning => ({
      retryable: false,
      outcome: "refused",
      text: `Sequentum refused the credentials (401): the API key or token is missing, wrong, expired or revoked.${says(detail)} Trying again will not help. Ask the user to check SEQUENTUM_API_KEY or to sign in again.`
    }),
    Forbidden: (error): Meaning => ({
      retryable: false,
      outcome: "refused",
      text:
        error.requiredScope === undefined
          ? `This account may not do that (403, ${line(error)}).${says(error.detail)} Trying again will not help. Ask the user for access to the agent or its space.`
          : `The access token lacks a permission (403)${error.requiredScope === "" ? "" : `: scope ${error.requiredScope}`}. Trying again will not help until the user signs in again and grants it.`
    }),
    NotFound: (error): Meaning => ({
      retryable: false,
      outcome: "refused",
      text: `Sequentum has nothing at ${line(error)} (404): it does not exist or this account can't see it.${says(error.detail)} Trying again will not help.`,
      next: "find"
    }),
    Conflict: (error): Meaning => ({
      retryable: false,
      outcome: "refused",
      text: `The present state does not allow that (409, ${line(error)}).${says(error.detail)} Nothing was changed.`,
      next: "see"
    }),
    Rejected: (error): Meaning => ({
      retryable: false,
      outcome: "refused",
      text:
        error.status < 400
          ? `Sequentum refused the request (${line(error)}).${says(error.detail)} Nothing was done; the same call will probably be refused again.`
          : `Sequentum refused the request (${error.status}, ${line(error)}).${says(error.detail)} The same call will be refused again: change the arguments first.`
    }),
    RateLimited: ({ retryAfterSeconds }): Meaning => ({
      retryable: true,
      outcome: "refused",
      text: `Too many requests to Sequentum (429). Nothing was done. Try again ${whenToRetry(retryAfterSeconds)}, and poll less often.`
    }),
    ServerFailure: (error): Meaning =>
      unknownOutcome(
        error,
        `Sequentum failed (${error.status}, ${line(error)}).${says(error.detail)}`,
        retryableStatuses.has(error.status),
        readAgain(error)
      ),
    RequestTimeout: (error): Meaning =>
      unknownOutcome(
        error,
        `Sequentum did not answer within ${seconds(error.seconds)} (${line(error)}).`,
        true,
        "Nothing was changed; try again in a minute."
      ),
    ConnectionFailed: (error): Meaning =>
      error.reached
        ? unknownOutcome(
            error,
            `The connection to Sequentum broke (${error.code}, ${line(error)}).`,
            true,
            "Nothing was changed; try again in a minute."
          )
        : {
            retryable: true,
            outcome: "refused",
            text: `Sequentum can't be reached (${error.code}). Nothing was changed. Try again in a minute; if it stays so, ask the user to check the network and SEQUENTUM_API_URL.`
          },
    UnexpectedResponse: (error): Meaning =>
      unknownOutcome(
        error,
        `Sequentum's answer to ${line(error)} could not be used (status ${error.status}): it had ${error.problem}${error.at === "" ? "" : ` at ${error.at}`}.`,
        false,
        "Trying again is unlikely to help. Ask the user to check SEQUENTUM_API_URL, or to report this."
      )
  })
)
