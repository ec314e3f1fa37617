import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"

/**
 * Who calls Sequentum: an API key or an OAuth bearer token. Provided per request, never built into a Layer.
 * Source: docs.sequentum.com/api-reference/authentication.
 *
 * @effect-leakable-service
 */
export class Credentials extends Context.Tag("sequentum/Credentials")<
  Credentials,
  {
    readonly scheme: "ApiKey" | "Bearer"
    readonly secret: Redacted.Redacted
    /** Key of the rate budget; defaults to the identity of this object. Must not be a secret. */
    readonly account?: string
    /** Who it is, as the verified claim of a token says: the same for the tokens that follow it. */
    readonly subject?: string
  }
>() {}
