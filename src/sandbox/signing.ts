import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CryptoKey, JWK } from "jose"
import { randomUUID } from "node:crypto"

const algorithm = "ES256"

interface Key {
  readonly id: string
  readonly secret: CryptoKey
  readonly public: JWK
  /** Milliseconds since 1970. */
  readonly from: number
}

/** Who an access token stands for, and what it allows. */
export interface Subject {
  readonly sub: string
  readonly scopes: ReadonlyArray<string>
  readonly clientId: string
  /** The sign-in that the token follows from. */
  readonly sid: string
}

/** The claims of an access token besides its times and its id. */
export interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly client_id: string
  readonly scope: string
  readonly sid: string
}

export interface SigningOptions {
  /** Seconds until an access token expires. Default 3600. */
  readonly tokenLife?: number | undefined
  /** Seconds until a new key signs. Default a day. */
  readonly keyLife?: number | undefined
}

/** Signs the access tokens of the sandbox. The first use makes a key. */
export interface Signing {
  /** Seconds until an access token expires. */
  readonly tokenLife: number
  readonly sign: (claims: Claims) => Effect.Effect<string>
  /** The public keys of every token that can still be valid. */
  readonly keys: Effect.Effect<ReadonlyArray<JWK>>
  /**
   * Whom a token of this sandbox stands for. None for a token that does not claim to be from `issuer`, nor from a key of
   * the sandbox. Fails if it claims so and is not valid.
   */
  readonly subject: (token: string, issuer: string) => Effect.Effect<Option.Option<Subject>, "invalid">
  /** From now on no token of that sign-in is valid. */
  readonly revoke: (sid: string) => Effect.Effect<void>
}

const Header = Schema.parseJson(Schema.Struct({ kid: Schema.optional(Schema.Unknown) }))
const Payload = Schema.parseJson(Schema.Struct({ iss: Schema.optional(Schema.Unknown) }))
const Verified = Schema.Struct({
  sub: Schema.String,
  scope: Schema.String,
  client_id: Schema.String,
  sid: Schema.String
})

const part = <A, I>(schema: Schema.Schema<A, I>, token: string, index: number): Option.Option<A> =>
  Encoding.decodeBase64UrlString(token.split(".")[index] ?? "").pipe(
    Either.getRight,
    Option.flatMap(Schema.decodeUnknownOption(schema))
  )

const loadJose = Effect.promise(() => import("jose"))

export const make = ({ keyLife = 86_400, tokenLife = 3600 }: SigningOptions): Signing => {
  // Oldest first.
  let all: ReadonlyArray<Key> = []
  const revoked = new Map<string, number>()
  const lock = Effect.unsafeMakeSemaphore(1)

  const generate = (now: number) =>
    Effect.gen(function* () {
      const jose = yield* loadJose
      const id = randomUUID()
      const { privateKey, publicKey } = yield* Effect.promise(() => jose.generateKeyPair(algorithm))
      const jwk = yield* Effect.promise(() => jose.exportJWK(publicKey))
      return { id, secret: privateKey, public: { ...jwk, kid: id, alg: algorithm, use: "sig" }, from: now }
    })

  /** The keys, with the one that signs now at the end. A key outlives its successor's start by the life of a token. */
  const current = lock.withPermits(1)(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const last = all.at(-1)
      if (last === undefined || now - last.from >= keyLife * 1000) all = [...all, yield* generate(now)]
      all = all.filter((_, index) => {
        const next = all[index + 1]
        return next === undefined || now - next.from <= tokenLife * 1000
      })
      return all
    })
  )

  return {
    tokenLife,
    sign: (claims) =>
      Effect.gen(function* () {
        const jose = yield* loadJose
        const key = (yield* current).at(-1)
        if (key === undefined) return yield* Effect.dieMessage("There is no key.")
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        return yield* Effect.promise(() =>
          new jose.SignJWT({ ...claims })
            .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid: key.id })
            .setIssuedAt(now)
            .setExpirationTime(now + tokenLife)
            .setJti(randomUUID())
            .sign(key.secret)
        )
      }),
    keys: Effect.map(current, (keys) => keys.map((key) => key.public)),
    subject: (token, issuer) =>
      Effect.gen(function* () {
        const kid = Option.getOrUndefined(part(Header, token, 0))?.kid
        const iss = Option.getOrUndefined(part(Payload, token, 1))?.iss
        if (iss !== issuer && !all.some(({ id }) => id === kid)) return Option.none()
        const jose = yield* loadJose
        const keys = (yield* current).map((key) => key.public)
        const now = new Date(yield* Clock.currentTimeMillis)
        const verified = yield* Effect.tryPromise({
          try: () =>
            jose.jwtVerify(token, jose.createLocalJWKSet({ keys }), { algorithms: [algorithm], currentDate: now }),
          catch: () => "invalid" as const
        })
        const { client_id, scope, sid, sub } = yield* Effect.mapError(
          Schema.decodeUnknown(Verified)(verified.payload),
          () => "invalid" as const
        )
        if (revoked.has(sid)) return yield* Effect.fail("invalid" as const)
        return Option.some({ sub, scopes: scope.split(" "), clientId: client_id, sid })
      }),
    revoke: (sid) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        // The tokens of the others have expired by now.
        for (const [other, at] of revoked) if (now - at > tokenLife * 1000) revoked.delete(other)
        revoked.set(sid, now)
      })
  }
}
