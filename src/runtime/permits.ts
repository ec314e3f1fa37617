import * as Effect from "effect/Effect"

/** Lets at most `max` effects of a key run at a time, in the order in which they came. */
export type Permits = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Permits for each key, kept only while an effect with it runs or waits. */
export const makePermits = (max: number): Permits => {
  const used = new Map<string, { readonly semaphore: Effect.Semaphore; users: number }>()
  return (key, effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const entry = used.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(max), users: 0 }
        entry.users += 1
        used.set(key, entry)
        return entry
      }),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (entry) =>
        Effect.sync(() => {
          entry.users -= 1
          if (entry.users === 0) used.delete(key)
        })
    )
}
