import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CryptoKey, JWTVerifyGetKey, JWTVerifyOptions, KeyObject } from "jose"
import { monotonicMillis } from "../../runtime/monotonic.ts"
import { cleanName } from "../../sequentum/schemas/text.ts"
import { Tokens } from "../../sequentum/Tokens.ts"

/** Whether a token was signed by a key of the issuer. Undecided where there are no keys to tell. */
export type SignatureVerdict =
  | {
      readonly _tag: "Valid"
      readonly scopes: ReadonlyArray<string> | undefined
      /** Whose token it is, for the issuer. */
      readonly subject: string | undefined
    }
  | { readonly _tag: "Invalid" }
  | { readonly _tag: "Undecided" }

const invalid: SignatureVerdict = { _tag: "Invalid" }
const undecided: SignatureVerdict = { _tag: "Undecided" }

/** Only these: with a symmetric one, the public key of the issuer would do as its secret. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

/** Keys are read anew after this time, so that a withdrawn key does not stay. */
const maxAge = Duration.toMillis("10 minutes")

/** How long to do without keys after they could not be read. */
const retryAfter = Duration.toMillis("1 minute")

/** The least time between two readings because of a key that is not known. */
const cooldown = Duration.toMillis("30 seconds")

/** Max characters of an issuer's name in the log. */
const maxShown = 200

/** jose did not verify a token. `cause` is its error. */
class NotVerified extends Data.TaggedError("NotVerified")<{ readonly cause: unknown }> {}

const loadJose = Effect.promise(() => import("jose"))
type Jose = Effect.Effect.Success<typeof loadJose>

const Scopes = Schema.Union(
  Schema.Struct({ scope: Schema.String }),
  Schema.Struct({ scope: Schema.Array(Schema.String) })
)
const readScopes = Schema.decodeUnknownOption(Scopes)

const scopesOf = (payload: unknown): ReadonlyArray<string> | undefined =>
  Option.match(readScopes(payload), {
    onNone: () => undefined,
    onSome: ({ scope }) => (typeof scope === "string" ? scope.split(" ").filter((word) => word !== "") : scope)
  })

/** Verifies tokens by the keys of the issuer. Loads jose on first use, which few programs come to. */
export const makeSignatures = Effect.gen(function* () {
  const { isIssuer, issuer, keys: readKeys } = yield* Tokens
  const clock = yield* Effect.clock
  const lock = yield* Effect.makeSemaphore(1)
  let keys: JWTVerifyGetKey | undefined
  /** When the last reading of the keys ended. */
  let asked = Number.NEGATIVE_INFINITY
  /** How often keys have come. */
  let readings = 0
  let hasWarned = false

  const now = () => monotonicMillis(clock)

  /** Reads the keys, unless a reading ended after `since`. Who comes meanwhile waits. Keys that can't be read again stay. */
  const refresh = (jose: Jose, since: number) =>
    lock.withPermits(1)(
      Effect.suspend(() => {
        if (asked > since) return Effect.void
        return readKeys.pipe(
          Effect.tap((found) =>
            Effect.sync(() => {
              keys = jose.createLocalJWKSet({ keys: found.map((key) => ({ ...key })) })
              readings += 1
            })
          ),
          Effect.catchTag("NoKeys", ({ reason }) =>
            Effect.logDebug(`The keys of the issuer could not be read: ${reason}`)
          ),
          Effect.ensuring(
            Effect.sync(() => {
              asked = now()
            })
          )
        )
      })
    )

  /** Says once what the operator can do: if every token is like this one, nobody can sign in. */
  const warnOfIssuer = (iss: string) =>
    Effect.suspend(() => {
      if (hasWarned) return Effect.void
      hasWarned = true
      return Effect.logWarning(
        `Refused a token that a key of ${issuer} has signed, since it names another issuer, ${JSON.stringify(cleanName(iss).slice(0, maxShown))}. If that happens with every token of your users, set TOKEN_CHECK=off.`
      )
    })

  const verifyBy = (jose: Jose, token: string, key: JWTVerifyGetKey | CryptoKey | KeyObject | Uint8Array) => {
    const options: JWTVerifyOptions = {
      algorithms,
      currentDate: new Date(clock.unsafeCurrentTimeMillis()),
      // For `nbf` only: `exp` has been checked without leeway.
      clockTolerance: 60
    }
    return Effect.flatMap(
      Effect.tryPromise({
        try: () =>
          typeof key === "function" ? jose.jwtVerify(token, key, options) : jose.jwtVerify(token, key, options),
        catch: (cause) => new NotVerified({ cause })
      }),
      ({ payload }): Effect.Effect<SignatureVerdict> =>
        payload.iss === undefined || isIssuer(payload.iss)
          ? Effect.succeed({ _tag: "Valid", scopes: scopesOf(payload), subject: payload.sub })
          : Effect.as(warnOfIssuer(payload.iss), invalid)
    )
  }

  /** One try by the keys that are there. Fails with UnknownKey if none of them is the token's. */
  const check = (jose: Jose, token: string, by: JWTVerifyGetKey): Effect.Effect<SignatureVerdict, "UnknownKey"> =>
    Effect.catchTag(verifyBy(jose, token, by), "NotVerified", ({ cause: error }) => {
      if (error instanceof jose.errors.JWKSNoMatchingKey) return Effect.fail("UnknownKey" as const)
      if (error instanceof jose.errors.JWKSMultipleMatchingKeys) {
        return Stream.fromAsyncIterable(error, () => "Unusable" as const).pipe(
          Stream.runCollect,
          Effect.flatMap((several) => Effect.firstSuccessOf([...several].map((key) => verifyBy(jose, token, key)))),
          Effect.orElseSucceed(() => invalid)
        )
      }
      const isAboutToken =
        error instanceof jose.errors.JOSEError &&
        !(error instanceof jose.errors.JWKSInvalid) &&
        !(error instanceof jose.errors.JWKInvalid) &&
        !(error instanceof jose.errors.JOSENotSupported)
      return Effect.succeed(isAboutToken ? invalid : undecided)
    })

  const verify = (token: string): Effect.Effect<SignatureVerdict> =>
    Effect.gen(function* () {
      const jose = yield* loadJose
      const started = now()
      const before = readings
      const age = keys === undefined ? retryAfter : maxAge
      if (started - asked >= age) yield* refresh(jose, started - age)
      if (keys === undefined) return undecided
      return yield* check(jose, token, keys).pipe(
        Effect.catchAll(() =>
          Effect.gen(function* () {
            if (readings === before && started - asked >= cooldown) yield* refresh(jose, started - cooldown)
            // The keys are not new enough to say that there is no such key.
            if (readings === before || keys === undefined) return undecided
            return yield* Effect.orElseSucceed(check(jose, token, keys), () => invalid)
          })
        )
      )
    })

  return { verify } as const
})
