import type * as Headers from "@effect/platform/Headers"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Option from "effect/Option"
import type { Credentials } from "../../sequentum/Credentials.ts"
import { rpcCodes, rpcError } from "../rpcError.ts"
import { accountOf, bearerToken } from "./bearer.ts"
import type { Caller } from "./Caller.ts"
import { clientAddress } from "./clientAddress.ts"
import { hostAllowed } from "./hosts.ts"
import { challengeResponse, type OAuthAddresses } from "./oauth.ts"
import { corsHeaders, preflightHeaders, type OriginPolicy } from "./origins.ts"
import { rateHeaders, type RateLimiter } from "./rateLimit.ts"
import type { Presented } from "./TokenProof.ts"

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
  /** Whether a token is known to be proven, by its keyed hash. */
  readonly isKnown: (account: string) => boolean
}

/** What admission reads of a request. */
export interface RequestHead extends Pick<HttpServerRequest.HttpServerRequest, "headers" | "remoteAddress"> {
  /** Any method that Node's parser knows. */
  readonly method: string
}

/** A request whose headers are in order. Its token, if it has one, is not proven yet. */
export interface CheckedRequest {
  readonly head: RequestHead
  /** A token, or who calls without one. */
  readonly by: Presented | Credentials["Type"]
  /** The name that it was counted by. */
  readonly countedBy: string
  readonly addresses: OAuthAddresses
  readonly cors: Readonly<Record<string, string>>
  /** Headers of every response to it. */
  readonly headers: Readonly<Record<string, string>>
}

/** A request that passed every check of its headers, and whose token is as good as can be known. */
export interface AdmittedRequest {
  readonly caller: Caller
  /** Whose request it is: the keyed hash of its token; none if it has no token. */
  readonly account: Option.Option<string>
  readonly addresses: OAuthAddresses
  /** Headers of every response to it. */
  readonly headers: Readonly<Record<string, string>>
}

export const isToken = (by: CheckedRequest["by"]): by is Presented => "token" in by

export const tooManyRequests = (headers: Readonly<Record<string, string>>) =>
  rpcError(429, rpcCodes.rateLimited, "Too many requests. Slow down.", headers)

/**
 * Checks a request by its headers alone, in this order: rate, origin, host, form of the authorization. Every request
 * counts: by its token if that is known to be proven, else by its address.
 *
 * The SDK's own checks are not used. Its Origin and Host checks compare only hostnames, so `http://claude.ai` would
 * pass. Its Bearer check wants an expiry of every token, and Sequentum's may be opaque.
 */
export const makeAdmit =
  ({ addresses: addressesFor, anonymous, hosts, isKnown, origins, rateLimiter, trustProxy }: AdmissionOptions) =>
  (head: RequestHead): CheckedRequest | HttpServerResponse.HttpServerResponse => {
    const { headers, method, remoteAddress } = head
    const origin = headers["origin"]
    const cors = corsHeaders(origins, origin)
    const address = clientAddress({ remoteAddress, forwardedFor: headers["x-forwarded-for"] }, trustProxy)
    const authorization = headers["authorization"]
    const presented = Option.map(bearerToken(authorization), (token): Presented => ({
      token,
      account: accountOf(token),
      address
    }))
    const countedBy = Option.match(presented, {
      onNone: () => address,
      onSome: ({ account }) => (isKnown(account) ? account : address)
    })
    const rate = rateLimiter?.take(countedBy)
    const responseHeaders = rate === undefined ? cors : { ...cors, ...rateHeaders(rate) }
    if (rate?.allowed === false) return tooManyRequests(responseHeaders)
    if (origin !== undefined && !origins.allows(origin)) {
      return rpcError(403, rpcCodes.refused, "This origin is not allowed.", responseHeaders)
    }
    if (hosts !== undefined && !hostAllowed(headers["host"], hosts)) {
      return rpcError(403, rpcCodes.refused, "This Host header is not allowed.", responseHeaders)
    }
    if (method === "OPTIONS") {
      return HttpServerResponse.empty({
        status: 204,
        headers: origin === undefined ? responseHeaders : { ...responseHeaders, ...preflightHeaders }
      })
    }
    const addresses = addressesFor(headers)
    const by = Option.orElse(presented, (): Option.Option<CheckedRequest["by"]> =>
      // A malformed Authorization header is not an absent one: never fall back to the operator's key.
      (authorization ?? "").trim() === "" ? anonymous : Option.none()
    )
    return Option.match(by, {
      onNone: () => challengeResponse({ status: 401, reason: "missing" }, addresses, responseHeaders),
      onSome: (known) => ({ head, by: known, countedBy, addresses, cors, headers: responseHeaders })
    })
  }
