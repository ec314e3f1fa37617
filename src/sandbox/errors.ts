import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** An error of the simulated API. `code` is stable; `message` is for people. */
export class ApiError extends Data.TaggedError("ApiError")<{
  readonly status: number
  readonly code: string
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}> {}

const descriptions: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error"
}

const fail = (status: number) => (code: string, message: string) => Effect.fail(new ApiError({ status, code, message }))

/** 400: the request itself is malformed. */
export const badRequest = (message: string) => fail(400)("bad_request", message)

/** 404: this account has no such object. */
export const notFound = (what: string, id: number | string) => fail(404)("not_found", `${what} ${id} was not found.`)

/** 409: the state of the object does not allow the request. */
export const conflict = fail(409)

/** 422: well formed, but semantically invalid. */
export const unprocessable = fail(422)

/**
 * The response for an error. Agent paths return `{statusCode,statusDescription,message,errorCode}`
 * (docs.sequentum.com/api-reference/agents/kill-run), all others RFC 7807 (docs.sequentum.com/api-reference/errors).
 */
export const errorResponse = (error: ApiError, path: string): HttpServerResponse.HttpServerResponse => {
  const description = descriptions[error.status] ?? "Error"
  const headers = error.headers ?? {}
  return /^\/api\/v1\/agent(\/|$)/i.test(path)
    ? HttpServerResponse.unsafeJson(
        {
          statusCode: error.status,
          statusDescription: description,
          message: error.message,
          errorCode: error.code
        },
        { status: error.status, headers }
      )
    : HttpServerResponse.unsafeJson(
        {
          type: `https://docs.sequentum.com/errors/${error.code.replaceAll("_", "-")}`,
          title: description,
          status: error.status,
          detail: error.message,
          instance: path
        },
        { status: error.status, headers, contentType: "application/problem+json" }
      )
}
