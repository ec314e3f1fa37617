import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { Credentials } from "../../sequentum/Credentials.ts"
import type { Selection } from "../../tools/selection.ts"
import { rpcCodes, rpcError } from "../rpcError.ts"
import { isToken, tooManyRequests, type AdmittedRequest, type CheckedRequest } from "./admit.ts"
import { Caller } from "./Caller.ts"
import { narrowed } from "./narrowing.ts"
import { challengeResponse } from "./oauth.ts"
import { rateHeaders, type RateLimiter } from "./rateLimit.ts"
import type { Presented, Proof, TokenProof } from "./TokenProof.ts"

export interface ProveOptions {
  readonly rateLimiter: RateLimiter | undefined
  readonly proof: TokenProof["Type"]
  /** The tools that the operator offers. */
  readonly selection: Selection
}

type Headers = Readonly<Record<string, string>>

/** The caller with a token. Without proof it has no account: nothing is kept for it. */
const credentialsOf = ({ account, token }: Presented, proof: Proof): Credentials["Type"] =>
  Credentials.of({
    scheme: "Bearer",
    secret: Redacted.make(token),
    ...(proof._tag === "Open" ? {} : { account }),
    ...(proof._tag === "Proven" && proof.subject !== undefined ? { subject: proof.subject } : {})
  })

/**
 * Proves the token of a request, then checks its method and its selection of tools. A token that is proven is counted by
 * itself from then on.
 */
export const makeProve =
  ({ proof: { prove }, rateLimiter, selection }: ProveOptions) =>
  (checked: CheckedRequest): Effect.Effect<AdmittedRequest | HttpServerResponse.HttpServerResponse> =>
    Effect.clockWith((clock) => {
      const { addresses, by, head } = checked
      const arrivedAt = monotonicMillis(clock)

      const admit = (
        caller: (selection: Selection) => Caller,
        headers: Headers
      ): AdmittedRequest | HttpServerResponse.HttpServerResponse =>
        head.method === "POST"
          ? Either.match(narrowed(selection, head.headers), {
              onLeft: (problems) => rpcError(400, rpcCodes.refused, problems.join(" "), headers),
              onRight: (selected) => ({
                caller: caller(selected),
                account: isToken(by) ? Option.some(by.account) : Option.none(),
                addresses,
                headers
              })
            })
          : rpcError(405, rpcCodes.refused, "Method not allowed.", { ...headers, allow: "POST" })

      if (!isToken(by)) {
        return Effect.succeed(admit((selected) => new Caller(by, selected, arrivedAt), checked.headers))
      }

      return Effect.map(prove(by), (proof) => {
        if (proof._tag === "Refused") {
          return challengeResponse({ status: 401, reason: "invalid" }, addresses, checked.headers)
        }
        if (proof._tag === "TooMany") {
          return rpcError(429, rpcCodes.rateLimited, "Too many tokens from this address were refused.", {
            ...checked.headers,
            "retry-after": String(proof.retryAfterSeconds)
          })
        }
        const rate =
          proof._tag === "Proven" && checked.countedBy !== by.account ? rateLimiter?.take(by.account) : undefined
        const headers = rate === undefined ? checked.headers : { ...checked.cors, ...rateHeaders(rate) }
        if (rate?.allowed === false) return tooManyRequests(headers)
        const scopes = (proof._tag === "Proven" ? proof.scopes : undefined) ?? addresses.scopes
        return admit((selected) => new Caller(credentialsOf(by, proof), selected, arrivedAt, scopes), headers)
      })
    })
