import * as Schema from "effect/Schema"

const request = {
  /** HTTP method of the failed request. */
  method: Schema.String,
  /** API path with its ids and without its query, such as `/agent/12/runs`. */
  path: Schema.String
}

const detail = {
  /** What Sequentum said, cleaned for display: one line, no markup, no secrets, at most 300 characters. */
  detail: Schema.optionalWith(Schema.String, { exact: true })
}

const retryAfter = {
  /** Seconds Sequentum asked to wait, where it said so. */
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

/** 404: no such agent, run, file or other thing, or the caller can't see it. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { ...request, ...detail }) {}

/** 409: the thing is in a state that does not allow this, such as deleting a run that is still active. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { ...request, ...detail }) {}

/** 400, 402, 422 and other 4xx: Sequentum read the request and refused it. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  ...request,
  ...detail,
  status: Schema.Int
}) {}

/** 429: more than the allowed requests per window; see docs.sequentum.com/api-reference/errors. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", { ...request, ...retryAfter }) {}

/** 5xx: Sequentum failed. For a request that is not idempotent it may still have acted. */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", {
  ...request,
  ...retryAfter,
  status: Schema.Int
}) {}

/** No full answer within `seconds`. For a request that is not idempotent Sequentum may still have acted. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  ...request,
  seconds: Schema.Number
}) {}

/** The network failed. `reached` is false when no connection was made, so Sequentum certainly did not act. */
export class ConnectionFailed extends Schema.TaggedError<ConnectionFailed>()("ConnectionFailed", {
  ...request,
  reached: Schema.Boolean,
  code: Schema.String
}) {}

/** An answer that is not what the API documents: another shape, HTML, an empty body or a stray redirect. */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", {
  ...request,
  status: Schema.Int,
  /** Where in the body it went wrong, such as `[3].status`; empty for the body as a whole. */
  at: Schema.String,
  problem: Schema.String
}) {}

/** Everything that a call to Sequentum can fail with. */
export const SequentumError = Schema.Union(
  Unauthorized,
  Forbidden,
  NotFound,
  Conflict,
  Rejected,
  RateLimited,
  ServerFailure,
  RequestTimeout,
  ConnectionFailed,
  UnexpectedResponse
)
export type SequentumError = typeof SequentumError.Type
