import { createHmac, randomBytes } from "node:crypto"
import * as Option from "effect/Option"

/** The bearer token of an Authorization header; none if the header is absent or malformed. */
export const bearerToken = (authorization: string | undefined): Option.Option<string> =>
  Option.fromNullable(/^Bearer +([\w.~+/-]+=*)$/iu.exec(authorization ?? "")?.[1])

const hashKey = randomBytes(32)

/**
 * Identifies a token where the token itself must not be stored: a keyed hash. The key lives as long as the process. Only
 * who has the token has its hash, which is why no claim in it counts.
 */
export const accountOf = (token: string): string =>
  `token:${createHmac("sha256", hashKey).update(token).digest("base64url")}`
