import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

/** How credentials that expire are renewed. */
export interface Renewal {
  /** Renews the secret if it has nearly expired. If that fails, the request goes out with the one that there is. */
  readonly beforeUse: Effect.Effect<void>
  /** Renews a secret that Sequentum refused. False if there is no other one. */
  readonly afterRefusal: (refused: Redacted.Redacted) => Effect.Effect<boolean>
}

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
    /** What to send now. */
    readonly secret: Redacted.Redacted
    readonly renewal?: Renewal
    /** Key of the rate budget; defaults to the identity of this object. Must not be a secret. */
    readonly account?: string
    /** Who it is, as the verified claim of a token says: the same for the tokens that follow it. */
    readonly subject?: string
  }
>() {}
