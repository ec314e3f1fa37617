import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { apiPath } from "./client/apiPath.ts"
import { SequentumClient } from "./client/SequentumClient.ts"
import { Credentials } from "./Credentials.ts"
import type { SequentumError } from "./errors.ts"

/** The metadata of an authorization server (RFC 8414), as far as it is needed. */
const Metadata = Schema.Struct({ issuer: Schema.String, jwks_uri: Schema.optional(Schema.String) })

const text = Schema.optionalWith(Schema.String, { exact: true })

/** A public key (RFC 7517). Symmetric keys are left out: whoever verifies with them could sign too. */
const PublicKey = Schema.Struct({
  kty: Schema.Literal("RSA", "EC", "OKP"),
  kid: text,
  alg: text,
  use: text,
  n: text,
  e: text,
  crv: text,
  x: text,
  y: text
})
export type PublicKey = typeof PublicKey.Type

const KeySet = Schema.Struct({ keys: Schema.Array(Schema.Unknown) })
const readKey = Schema.decodeUnknownOption(PublicKey)

const maxKeys = 100

/** The Sequentum host publishes no keys that could verify a token. */
export class NoKeys extends Data.TaggedError("NoKeys")<{ readonly reason: string }> {}

/**
 * What Sequentum says of a token: whether it accepts it, or nothing. `isDown` if asking again soon makes no sense.
 */
export type Verdict =
  { readonly _tag: "Accepted" } | { readonly _tag: "Refused" } | { readonly _tag: "NoAnswer"; readonly isDown: boolean }

const refused: Verdict = { _tag: "Refused" }
const accepted: Verdict = { _tag: "Accepted" }

const verdictOf = (status: number): Verdict => {
  if (status === 401) return refused
  // 403 is about what the token allows, so it is known.
  if (status === 403 || (status >= 200 && status < 300)) return accepted
  return { _tag: "NoAnswer", isDown: status === 429 || status >= 500 }
}

const withoutAnswer = ({ _tag }: SequentumError): Verdict => ({
  _tag: "NoAnswer",
  isDown: _tag !== "UnexpectedResponse"
})

/** Max time of one request. The client of the endpoint waits meanwhile. */
const timeout = Duration.seconds(5)

/** The tokens of the Sequentum host, which issues them. */
export class Tokens extends Effect.Service<Tokens>()("sequentum/Tokens", {
  effect: Effect.gen(function* () {
    const client = yield* SequentumClient
    const { origin: issuer } = client

    /** Whether a URL is the issuer's, with or without a slash at its end. */
    const isIssuer = (name: string): boolean => URL.canParse(name) && new URL(name).href.replace(/\/+$/u, "") === issuer

    /** The path of an address on the issuer's own origin. */
    const ownPath = (address: string) => {
      const url = URL.canParse(address) ? new URL(address) : undefined
      return url?.origin === issuer ? Option.some(`${url.pathname}${url.search}`) : Option.none()
    }

    const read = <A, I>(path: string, schema: Schema.Schema<A, I>) =>
      Effect.mapError(client.document(path, schema, timeout), ({ _tag }) => new NoKeys({ reason: _tag }))

    /** The keys that verify tokens. Found by the issuer's metadata, never by a token. Fails with NoKeys. */
    const keys: Effect.Effect<ReadonlyArray<PublicKey>, NoKeys> = Effect.gen(function* () {
      const metadata = yield* read("/.well-known/oauth-authorization-server", Metadata)
      if (!isIssuer(metadata.issuer)) return yield* new NoKeys({ reason: "OtherIssuer" })
      const path = ownPath(metadata.jwks_uri ?? "")
      if (Option.isNone(path)) return yield* new NoKeys({ reason: "NoJwksUri" })
      const found = (yield* read(path.value, KeySet)).keys.flatMap((key) => Option.toArray(readKey(key)))
      return found.length === 0 ? yield* new NoKeys({ reason: "Empty" }) : found.slice(0, maxKeys)
    })

    /** Asks Sequentum once, by listing spaces. */
    const ask = (token: string): Effect.Effect<Verdict> =>
      client.status(apiPath("space")`/spaces`, timeout).pipe(
        // Without an account: nothing is kept for a token that is not proven.
        Effect.provideService(Credentials, { scheme: "Bearer", secret: Redacted.make(token) }),
        Effect.match({ onFailure: withoutAnswer, onSuccess: verdictOf })
      )

    return { issuer, isIssuer, keys, ask } as const
  })
}) {}
