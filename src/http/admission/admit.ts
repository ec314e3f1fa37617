import type * as Headers from "@effect/platform/Headers"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Credentials } from "../../sequentum/Credentials.ts"
import type { Selection } from "../../tools/selection.ts"
import { rpcCodes, rpcError } from "../rpcError.ts"
import { accountOf, bearerToken } from "./bearer.ts"
import { Caller } from "./Caller.ts"
import { hostAllowed } from "./hosts.ts"
import { narrowed } from "./narrowing.ts"
import { challengeResponse, type OAuthAddresses } from "./oauth.ts"
import { corsHeaders, preflightHeaders, type OriginPolicy } from "./origins.ts"
import { clientAddress, rateHeaders, type RateLimiter } from "./rateLimit.ts"

export interface AdmissionOptions {
  readonly origins: OriginPolicy
  /** Accepted Host headers; undefined accepts any. */
  readonly hosts: ReadonlyArray<string> | undefined
  readonly trustProxy: boolean
  /** undefined sets no limit. */
  readonly rateLimiter: RateLimiter | undefined
  /** Where a client that sends these headers finds the endpoint. */
  readonly addresses: (headers: Headers.Headers) => OAuthAddresses
  /** Who calls when a request has no token; none if every request needs one. */
  readonly anonymous: Option.Option<Credentials["Type"]>
  /** The tools that the operator offers. */
  readonly selection: Selection
}

/** What admission reads of a request. */
export interface RequestHead extends Pick<HttpServerRequest.HttpServerRequest, "headers" | "remoteAddress"> {
  /** Any method that Node's parser knows. */
  readonly method: string
}

/** A request that passed every check of its headers. */
export interface AdmittedRequest {
  readonly caller: Caller
  readonly token: Option.Option<string>
  readonly addresses: OAuthAddresses
  /** Headers of every response to it. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Checks a request by its headers alone, in this order: origin, host, rate, method, authorization, selection of tools.
 *
 * The SDK's own checks are not used. Its Origin and Host checks compare only hostnames, so `http://claude.ai` would
 * pass. Its Bearer check needs a verifier and the token's expiry; here Sequentum verifies the token on every call.
 */
export const makeAdmit =
  ({ addresses: addressesFor, anonymous, hosts, origins, rateLimiter, selection, trustProxy }: AdmissionOptions) =>
  ({ headers, method, remoteAddress }: RequestHead): AdmittedRequest | HttpServerResponse.HttpServerResponse => {
    const origin = headers["origin"]
    const cors = corsHeaders(origins, origin)
    if (origin !== undefined && !origins.allows(origin)) {
      return rpcError(403, rpcCodes.refused, "This origin is not allowed.", cors)
    }
    if (hosts !== undefined && !hostAllowed(headers["host"], hosts)) {
      return rpcError(403, rpcCodes.refused, "This Host header is not allowed.", cors)
    }
    if (method === "OPTIONS") {
      return HttpServerResponse.empty({
        status: 204,
        headers: origin === undefined ? cors : { ...cors, ...preflightHeaders }
      })
    }
    const rate = rateLimiter?.take(
      clientAddress({ remoteAddress, forwardedFor: headers["x-forwarded-for"] }, trustProxy)
    )
    const responseHeaders = rate === undefined ? cors : { ...cors, ...rateHeaders(rate) }
    if (rate?.allowed === false) {
      return rpcError(429, rpcCodes.rateLimited, "Too many requests. Slow down.", responseHeaders)
    }
    if (method !== "POST" && method !== "GET" && method !== "DELETE") {
      return rpcError(405, rpcCodes.refused, "Method not allowed.", { ...responseHeaders, allow: "GET, POST, DELETE" })
    }
    const addresses = addressesFor(headers)
    const authorization = headers["authorization"]
    const token = bearerToken(authorization)
    const credentials = Option.orElse(
      Option.map(token, (secret) =>
        Credentials.of({ scheme: "Bearer", secret: Redacted.make(secret), account: accountOf(secret) })
      ),
      // A malformed Authorization header is not an absent one: never fall back to the operator's key.
      () => ((authorization ?? "").trim() === "" ? anonymous : Option.none())
    )
    if (Option.isNone(credentials)) {
      return challengeResponse({ status: 401, reason: "missing" }, addresses, responseHeaders)
    }
    return Either.match(narrowed(selection, headers), {
      onLeft: (problems) => rpcError(400, rpcCodes.refused, problems.join(" "), responseHeaders),
      onRight: (selected) => ({
        caller: new Caller(credentials.value, selected),
        token,
        addresses,
        headers: responseHeaders
      })
    })
  }
