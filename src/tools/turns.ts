import * as Effect from "effect/Effect"
import { makePerCaller } from "../runtime/perCaller.ts"
import { makePermits } from "../runtime/permits.ts"
import { Credentials } from "../sequentum/Credentials.ts"

/** Runs effects of one caller that have the same key one after the other, in the order in which they came. */
export type Turns = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Credentials>

export const makeTurns = (): Turns => {
  const permitsOf = makePerCaller(() => makePermits(1))
  return (key) => (effect) => Effect.flatMap(Credentials, (caller) => permitsOf(caller.account ?? caller)(key, effect))
}
