import { makeMemory } from "./memory.ts"

/** The most accounts that something is kept for. */
const maxAccounts = 1000

/**
 * Returns a function that finds what is kept for a caller: by the name of its account or, for a caller without one, by
 * the object that stands for it. Beyond 1000 accounts the one that was used longest ago is dropped, and starts anew.
 */
export const makePerCaller = <A>(make: () => A) => {
  const byObject = new WeakMap<object, A>()
  const byAccount = makeMemory<A>(maxAccounts)
  return (caller: string | object): A => {
    const kept = (typeof caller === "object" ? byObject.get(caller) : byAccount.get(caller)) ?? make()
    if (typeof caller === "object") byObject.set(caller, kept)
    else byAccount.set(caller, kept)
    return kept
  }
}
