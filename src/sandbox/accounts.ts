import * as Option from "effect/Option"
import { createHmac } from "node:crypto"
import * as Limiter from "./limiter.ts"
import { seed } from "./seed.ts"
import type { World } from "./state.ts"

/** How many accounts are kept; the one used longest ago is forgotten first. */
const kept = 200

export interface Account {
  /** Opaque, and safe to show in a URL. */
  readonly id: string
  readonly world: World
  readonly limiter: Limiter.Limiter
  readonly stats: { reads: number; writes: number; readonly byRoute: Map<string, number> }
}

/** The credential in an Authorization header. Source: docs.sequentum.com/api-reference/authentication. */
export const credential = (header: string | undefined): Option.Option<string> => {
  const match = /^(ApiKey|Bearer) +(\S+)$/i.exec(header?.trim() ?? "")
  return Option.map(Option.fromNullable(match?.[2]), (secret) => `${match?.[1]?.toLowerCase() ?? ""} ${secret}`)
}

export interface Accounts {
  /** The account of a credential, made and seeded at its first use. */
  readonly open: (credential: string, now: number) => Account
  readonly byId: (id: string) => Option.Option<Account>
}

/** Keeps a world for each credential, of which only a keyed hash is stored. */
export const make = (options: {
  readonly secret: string
  readonly speed: number
  readonly rateLimitPerMinute: number
}): Accounts => {
  const accounts = new Map<string, Account>()
  const open = (credential: string, now: number): Account => {
    const id = createHmac("sha256", options.secret).update(credential).digest("hex").slice(0, 24)
    const account = accounts.get(id) ?? {
      id,
      world: seed({ now, speed: options.speed }),
      limiter: Limiter.make(options.rateLimitPerMinute),
      stats: { reads: 0, writes: 0, byRoute: new Map<string, number>() }
    }
    // A Map keeps the order of insertion, so the first key is always the one used longest ago.
    accounts.delete(id)
    accounts.set(id, account)
    const oldest = accounts.keys().next()
    if (accounts.size > kept && oldest.done !== true) accounts.delete(oldest.value)
    return account
  }
  return { open, byId: (id) => Option.fromNullable(accounts.get(id)) }
}
