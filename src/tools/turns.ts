import * as Effect from "effect/Effect"
import { makePerCaller } from "../runtime/perCaller.ts"
import { Credentials } from "../sequentum/Credentials.ts"

/** Runs effects of one caller that have the same key one after the other, in the order in which they came. */
export type Turns = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Credentials>

interface Turn {
  readonly semaphore: Effect.Semaphore
  /** How many effects run or wait. */
  users: number
}

/** Keeps what it needs of a key only while an effect with it runs. */
export const makeTurns = (): Turns => {
  const turnsOf = makePerCaller(() => new Map<string, Turn>())
  return (key) => (effect) =>
    Effect.flatMap(Credentials, (caller) => {
      const turns = turnsOf(caller.account ?? caller)
      return Effect.acquireUseRelease(
        Effect.sync(() => {
          const turn = turns.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), users: 0 }
          turns.set(key, turn)
          turn.users += 1
          return turn
        }),
        ({ semaphore }) => semaphore.withPermits(1)(effect),
        (turn) =>
          Effect.sync(() => {
            turn.users -= 1
            if (turn.users === 0) turns.delete(key)
          })
      )
    })
}
