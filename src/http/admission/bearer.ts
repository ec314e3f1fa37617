import { createHmac, randomBytes } from "node:crypto"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The bearer token of an Authorization header; none if the header is absent or malformed. */
export const bearerToken = (authorization: string | undefined): Option.Option<string> =>
  Option.fromNullable(/^Bearer ([\w.~+/-]+=*)$/iu.exec(authorization ?? "")?.[1])

const Claims = Schema.parseJson(Schema.Struct({ sub: Schema.NonEmptyString }))
const readClaims = Schema.decodeUnknownEither(Claims)

const hashKey = randomBytes(32)

/** Identifies a token where the token itself must not be stored: a keyed hash. The key lives as long as the process. */
export const accountOf = (token: string): string =>
  `token:${createHmac("sha256", hashKey).update(token).digest("base64url")}`

/**
 * The owner of the sessions that a token may use: the `sub` of a JWT, otherwise the token's hash. Not verified here,
 * because Sequentum verifies the token on every call.
 */
export const subjectOf = (token: string): string => {
  const payload = token.split(".")[1]
  const claims = payload === undefined ? undefined : readClaims(Buffer.from(payload, "base64url").toString("utf8"))
  return claims !== undefined && Either.isRight(claims) ? `sub:${claims.right.sub}` : accountOf(token)
}
