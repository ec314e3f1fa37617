import type * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { tooManyRequests } from "./admit.ts"
import { clientAddress } from "./clientAddress.ts"
import { rateHeaders, type RateLimiter } from "./rateLimit.ts"

export interface PublicDocumentOptions {
  /** undefined sets no limit. */
  readonly rateLimiter: RateLimiter | undefined
  readonly trustProxy: boolean
}

/** Makes handlers of documents that any origin may read. Their requests count by address, as those without a token do. */
export const publicDocument =
  ({ rateLimiter, trustProxy }: PublicDocumentOptions) =>
  (answer: (headers: Headers.Headers) => HttpServerResponse.HttpServerResponse) =>
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers, remoteAddress }) => {
      const rate = rateLimiter?.take(
        clientAddress({ remoteAddress, forwardedFor: headers["x-forwarded-for"] }, trustProxy)
      )
      return rate?.allowed === false
        ? tooManyRequests({ "access-control-allow-origin": "*", ...rateHeaders(rate) })
        : answer(headers)
    })
