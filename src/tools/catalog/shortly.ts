import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Credentials } from "../../sequentum/Credentials.ts"

/** How long a list is kept, in nanoseconds. */
const maxAge = 30_000_000_000n

/** For how many callers: a list of agents may take a megabyte. */
const maxCallers = 20

interface Entry<A> {
  /** Nanoseconds of monotonic time. */
  readonly at: bigint
  readonly value: A
}

/** Keeps what an effect read for 30 seconds, for each caller apart. A failure is not kept. */
export const keptShortly = <A, E, R>(read: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Credentials> => {
  const entries = new Map<string | object, Entry<A>>()
  return Effect.gen(function* () {
    const caller = yield* Credentials
    const key = caller.account ?? caller
    const now = yield* Clock.currentTimeNanos
    for (const [other, { at }] of entries) if (now - at > maxAge) entries.delete(other)
    const known = entries.get(key)
    if (known !== undefined) return known.value
    const value = yield* read
    entries.set(key, { at: yield* Clock.currentTimeNanos, value })
    const [oldest] = entries.size > maxCallers ? entries.keys() : []
    if (oldest !== undefined) entries.delete(oldest)
    return value
  })
}
