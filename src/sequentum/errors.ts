import * as Match from "effect/Match"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

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

const tries = {
  /** How often the request was sent, if more than once. */
  tries: Schema.optionalWith(Schema.Int, { exact: true })
}

const sent = {
  /** False if the request was not sent, since there was no time to wait. */
  sent: Schema.optionalWith(Schema.Boolean, { exact: true })
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

/**
 * 429, or a request that would have exceeded the announced limit: more requests than allowed per window.
 * Source: docs.sequentum.com/api-reference/errors.
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...request,
  ...retryAfter,
  ...tries,
  ...sent
}) {}

/** 5xx, 408 and 425: Sequentum, or a gateway before it, did not finish the request. Only 408 and 425 have a detail. */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", {
  ...request,
  ...detail,
  ...retryAfter,
  ...tries,
  status: Schema.Int
}) {}

/** No full response within `seconds`. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  ...request,
  ...tries,
  ...sent,
  seconds: Schema.Number
}) {}

/** The network failed. `reached` is false when no connection was made, so Sequentum certainly did not act. */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>()("ConnectionFailed", {
  ...request,
  ...tries,
  reached: Schema.Boolean,
  /** Node's code, such as `ECONNRESET`; `PROXY_407` if a proxy refused with that status. */
  code: Schema.String,
  /** True if the connection was closed without a response, and was not encrypted. */
  plain: Schema.optionalWith(Schema.Boolean, { exact: true })
}) {}

/**
 * Sequentum failed several calls in a row, so nothing is sent until the next try, in `retryAfterSeconds`.
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  ...request,
  retryAfterSeconds: Schema.Number
}) {}

/** The address of a file did not serve it. */
export class DownloadRefused extends Schema.TaggedError<DownloadRefused>()("DownloadRefused", {
  ...request,
  /** A status, as in `status 403`, or a code of Node, as in `ENOTFOUND`. */
  reason: Schema.String
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
  | Unavailable
  | DownloadRefused
  | UnexpectedResponse

const requestFields = ["method", "path", "resource", "changes"] as const

/** An error of a request that was sent `tries` times. */
export const withTries = (error: SequentumError, tries: number): SequentumError => {
  if (tries < 2) return error
  switch (error._tag) {
    case "RateLimited":
      return new RateLimited({ ...Struct.pick(error, ...requestFields, "retryAfterSeconds", "sent"), tries })
    case "ServerFailure":
      return new ServerFailure({
        ...Struct.pick(error, ...requestFields, "detail", "retryAfterSeconds", "status"),
        tries
      })
    case "RequestTimeout":
      return new RequestTimeout({ ...Struct.pick(error, ...requestFields, "seconds", "sent"), tries })
    case "ConnectionFailed":
      return new ConnectionFailed({ ...Struct.pick(error, ...requestFields, "reached", "code", "plain"), tries })
    default:
      return error
  }
}

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

const hour = 3600
const day = 24 * hour

const whenToRetry = (retryAfterSeconds: number | undefined) => {
  // A gateway that asks for no wait, and refuses all the same, gives no time.
  if (retryAfterSeconds === undefined || retryAfterSeconds === 0) return "in a minute"
  if (retryAfterSeconds <= hour) return `after ${seconds(retryAfterSeconds)}`
  return retryAfterSeconds <= 2 * day
    ? `after ${Math.ceil(retryAfterSeconds / hour)} hours`
    : "no sooner than in two days"
}

const line = (error: SequentumError) => `${error.method} ${error.path}`

const notKnown = "It is not known whether Sequentum acted, so do not simply repeat the call."

const unknownOutcome = (
  error: SequentumError & { readonly tries?: number },
  what: string,
  again = "in a minute"
): Meaning =>
  error.method === "GET"
    ? {
        retryable: true,
        outcome: "unknown",
        text: `${what}${error.tries === undefined ? "" : " Retries did not help."} Nothing was changed; try again ${again}.`
      }
    : {
        retryable: true,
        outcome: "unknown",
        text: `${what} ${notKnown}`,
        next: "check"
      }

/** What a status says that a ServerFailure can have. */
type Kind = "failed" | "late" | "unreached" | "unsupported"

/**
 * The kinds of statuses other than "failed". Those of Cloudflare, which stands before many hosts, are from
 * developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
 */
const kinds: Readonly<Record<number, Kind>> = {
  408: "late",
  501: "unsupported",
  504: "late",
  505: "unsupported",
  521: "unreached",
  522: "late",
  523: "unreached",
  524: "late",
  525: "unreached",
  530: "unreached"
}

const serverFailure = (error: ServerFailure): Meaning => {
  const { retryAfterSeconds, status } = error
  const about = `(${status}, ${line(error)})`
  const said = says(error.detail)
  switch (kinds[status] ?? "failed") {
    case "unsupported":
      return error.method === "GET"
        ? {
            retryable: false,
            outcome: "refused",
            text: `Sequentum does not implement this ${about}. Nothing was changed, and trying again will not help.`
          }
        : {
            retryable: false,
            outcome: "unknown",
            text: `Sequentum does not implement this ${about}. ${notKnown}`,
            next: "check"
          }
    case "unreached":
      return unknownOutcome(error, `A gateway could not reach Sequentum ${about}.`, whenToRetry(retryAfterSeconds))
    case "late":
      return unknownOutcome(error, `Sequentum did not answer in time ${about}.${said}`, whenToRetry(retryAfterSeconds))
    case "failed":
      return unknownOutcome(error, `Sequentum failed ${about}.${said}`, whenToRetry(retryAfterSeconds))
  }
}

/** What went wrong on the way to Sequentum that no retry mends, and its cure. */
const lastingProblems: ReadonlyArray<readonly [code: RegExp, what: string, cure: string]> = [
  [
    /^(?:UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|(?:DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED|SELF_SIGNED_CERT).*)$/u,
    "The certificate of Sequentum is not trusted on this machine",
    "If the network or the Sequentum host has a certificate authority of its own, ask the user to set NODE_EXTRA_CA_CERTS to the file of its certificate, and to start this server anew"
  ],
  [
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/u,
    "The certificate of Sequentum is not valid at this time",
    "Ask the user to check the clock of this machine and SEQUENTUM_API_URL"
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/u,
    "The certificate is of another host",
    "Ask the user to check the host name in SEQUENTUM_API_URL"
  ],
  [
    /^(?:TLS_ALERT|ERR_SSL_.*ALERT.*|ERR_SSL_UNSUPPORTED_PROTOCOL)$/u,
    "The other side refused the TLS connection",
    "It may want a certificate of the client, or a version of TLS that is no longer safe. Ask the user to check SEQUENTUM_API_URL, and the proxy if HTTPS_PROXY is set"
  ],
  [
    /^(?:EPROTO|ERR_SSL_.+)$/u,
    "The other side does not speak https",
    "Ask the user to check the port in SEQUENTUM_API_URL, whether it should begin with http:// or https://, and the proxy if HTTPS_PROXY is set"
  ],
  [/^HTTPS_PORT$/u, "The other side speaks https only", "Ask the user to let SEQUENTUM_API_URL begin with https://"],
  [
    /^PROXY_407$/u,
    "The proxy wants a user name and a password",
    "Ask the user to put them into HTTPS_PROXY, as in http://name:password@host:port"
  ],
  [
    /^PROXY_4\d\d$/u,
    "The proxy refused to connect to Sequentum",
    "Ask the user to check HTTPS_PROXY and NO_PROXY, and whether the proxy allows the host of SEQUENTUM_API_URL"
  ]
]

/** What may be wrong with SEQUENTUM_API_URL if a connection broke. */
const hint = (code: string, isPlain: boolean | undefined) => {
  if (code.startsWith("HPE_")) return " What answered may be no web server: SEQUENTUM_API_URL may have a wrong port."
  return isPlain === true ? " If Sequentum is served there over https, SEQUENTUM_API_URL must say so." : ""
}

const connectionFailure = (error: ConnectionFailed): Meaning => {
  const { code, plain, reached } = error
  const lasting = lastingProblems.find(([codes]) => codes.test(code))
  if (lasting !== undefined) {
    const [, what, cure] = lasting
    return {
      retryable: false,
      outcome: "refused",
      text: `${what} (${code}). Nothing was changed, and trying again will not help. ${cure}.`
    }
  }
  if (!reached) {
    return {
      retryable: true,
      outcome: "refused",
      text: `Sequentum can't be reached (${code}). Nothing was changed. Try again in a minute; if it stays so, ask the user to check the network, SEQUENTUM_API_URL and, behind a proxy, HTTPS_PROXY.`
    }
  }
  const broke = unknownOutcome(error, `The connection to Sequentum broke (${code}, ${line(error)}).`)
  return { ...broke, text: `${broke.text}${hint(code, plain)}` }
}

const nothingSent = "Nothing was sent, since a call does not wait that long."

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
    RateLimited: ({ retryAfterSeconds, sent, tries }): Meaning => ({
      retryable: true,
      outcome: "refused",
      text:
        sent === false
          ? `The requests that Sequentum allows in this time are used up. ${nothingSent} Try again ${whenToRetry(retryAfterSeconds)}, and poll less often.`
          : `Too many requests to Sequentum (429). Nothing was done${retryAfterSeconds === undefined || tries !== undefined ? "" : ", and nothing was sent again"}. Try again ${whenToRetry(retryAfterSeconds)}, and poll less often.`
    }),
    ServerFailure: serverFailure,
    RequestTimeout: (error): Meaning =>
      error.sent === false
        ? {
            retryable: true,
            outcome: "refused",
            text: `There was no time left for ${line(error)}. Nothing was sent. Try again, and ask for less at once.`
          }
        : unknownOutcome(error, `Sequentum did not answer within ${seconds(error.seconds)} (${line(error)}).`),
    ConnectionFailed: connectionFailure,
    Unavailable: ({ retryAfterSeconds }): Meaning => ({
      retryable: true,
      outcome: "refused",
      text: `Sequentum failed several times in a row, so nothing was sent now. The next try is possible ${whenToRetry(retryAfterSeconds)}.`
    }),
    DownloadRefused: (error): Meaning => ({
      retryable: false,
      outcome: "refused",
      text: `The file can't be fetched: its temporary address failed (${error.reason}), and so did a fresh one (${line(error)}). Nothing was changed. Try again in a minute; if it stays so, the file may have been removed, or the network may not allow its address.`,
      next: "find"
    }),
    UnexpectedResponse: (error): Meaning => {
      const what = `Sequentum's answer to ${line(error)} could not be used (status ${error.status}): it had ${error.problem}${error.at === "" ? "" : ` at ${error.at}`}.`
      return error.method === "GET"
        ? {
            retryable: false,
            outcome: "unknown",
            text: `${what} Trying again is unlikely to help. Ask the user to check SEQUENTUM_API_URL, or to report this.`
          }
        : { retryable: false, outcome: "unknown", text: `${what} ${notKnown}`, next: "check" }
    }
  })
)

/** Whether the next read may succeed, so that this failure says nothing of the state. */
export const passes = (error: SequentumError): boolean =>
  error._tag === "ServerFailure" || error._tag === "UnexpectedResponse" || meaningOf(error).retryable

/** Seconds until the next read can succeed: those that Sequentum asked to wait, or in which nothing is sent to it. */
export const askedToWait = (error: object): number =>
  Predicate.hasProperty(error, "retryAfterSeconds") && Predicate.isNumber(error.retryAfterSeconds)
    ? error.retryAfterSeconds
    : 0
