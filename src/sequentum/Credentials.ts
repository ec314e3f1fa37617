import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"

/**
 * Who calls Sequentum: an API key or an OAuth bearer token. It is given per request, never built into a Layer.
 * Source: docs.sequentum.com/api-reference/authentication.
 *
 * @effect-leakable-service
 */
export class Credentials extends Context.Tag("sequentum/Credentials")<
  Credentials,
  {
    readonly scheme: "ApiKey" | "Bearer"
    readonly secret: Redacted.Redacted
    /** Whose requests count together; where it is left out, those of this very object. No secret. */
    readonly account?: string
  }
>() {}
