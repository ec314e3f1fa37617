import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHmac } from "node:crypto"
import * as Limiter from "./limiter.ts"
import { seed } from "./seed.ts"
import type { FieldSet, World } from "./state.ts"

/** The least recently used account is dropped first. */
const maxAccounts = 200

export interface Account {
  /** Opaque, and safe to use in a URL. */
  readonly id: string
  readonly world: World
  readonly limiter: Limiter.Limiter
  readonly stats: { reads: number; writes: number; readonly byRoute: Map<string, number> }
}

export interface Credential {
  /** Scheme and secret. Each key has its own account. */
  readonly key: string
  /** The scopes of a JWT with a scope claim; null if everything is allowed. */
  readonly scopes: ReadonlySet<string> | null
}

const Claims = Schema.parseJson(
  Schema.Struct({ scope: Schema.optional(Schema.String), exp: Schema.optional(Schema.Number) })
)

const claimsOf = (token: string): Option.Option<typeof Claims.Type> => {
  const parts = token.split(".")
  return parts.length === 3
    ? Encoding.decodeBase64UrlString(parts[1] ?? "").pipe(
        Either.getRight,
        Option.flatMap(Schema.decodeUnknownOption(Claims))
      )
    : Option.none()
}

/**
 * The credential in an Authorization header; none if the header is missing or malformed, or contains an expired JWT. Any
 * key or token is accepted, and signatures are not checked. Source: docs.sequentum.com/api-reference/authentication.
 */
export const credential = (header: string | undefined, now: number): Option.Option<Credential> =>
  Option.fromNullable(/^(ApiKey|Bearer) +(\S+)$/i.exec(header?.trim() ?? "")).pipe(
    Option.flatMap(([, scheme = "", secret = ""]) => {
      const isToken = scheme.toLowerCase() === "bearer"
      const claims = isToken ? Option.getOrElse(claimsOf(secret), () => ({})) : {}
      const { exp, scope }: typeof Claims.Type = claims
      return exp !== undefined && exp * 1000 <= now
        ? Option.none()
        : Option.some({
            key: `${scheme.toLowerCase()} ${secret}`,
            scopes: scope === undefined ? null : new Set(scope.split(" "))
          })
    })
  )

export const permits = ({ scopes }: Credential, scope: string): boolean => scopes === null || scopes.has(scope)

export interface Accounts {
  /** The account of a credential, created and seeded on first use. It has no credits if the key contains "no-credits". */
  readonly open: (credential: Credential, now: number) => Account
  readonly byId: (id: string) => Account | undefined
}

/** Keeps a world for each credential. Stores only a keyed hash of the credential. */
export const make = (options: {
  readonly secret: string
  readonly speed: number
  readonly rateLimitPerMinute: number
  readonly fields?: FieldSet
  readonly agents?: number
}): Accounts => {
  const accounts = new Map<string, Account>()
  const open = ({ key }: Credential, now: number): Account => {
    const id = createHmac("sha256", options.secret).update(key).digest("hex").slice(0, 24)
    const account = accounts.get(id) ?? {
      id,
      world: seed({
        now,
        speed: options.speed,
        spent: key.includes("no-credits"),
        fields: options.fields ?? "production",
        agents: options.agents ?? 0
      }),
      limiter: Limiter.make(options.rateLimitPerMinute),
      stats: { reads: 0, writes: 0, byRoute: new Map<string, number>() }
    }
    // A Map keeps insertion order, so the first key is the least recently used.
    accounts.delete(id)
    accounts.set(id, account)
    const oldest = accounts.keys().next()
    if (accounts.size > maxAccounts && oldest.done !== true) accounts.delete(oldest.value)
    return account
  }
  return { open, byId: (id) => accounts.get(id) }
}
