/** The most accounts that something is kept for. */
const maxAccounts = 1000

/**
 * Returns a function that finds what is kept for a caller: by the name of its account or, for a caller without one, by
 * the object that stands for it. Beyond 1000 accounts the one that was used longest ago is dropped, and starts anew.
 */
export const makePerCaller = <A>(make: () => A) => {
  const byObject = new WeakMap<object, A>()
  const byAccount = new Map<string, A>()
  return (caller: string | object): A => {
    if (typeof caller === "object") {
      const kept = byObject.get(caller) ?? make()
      byObject.set(caller, kept)
      return kept
    }
    const kept = byAccount.get(caller) ?? make()
    // The most recently used account goes last, so that the first is the one to drop.
    byAccount.delete(caller)
    byAccount.set(caller, kept)
    if (byAccount.size > maxAccounts) {
      for (const oldest of byAccount.keys()) {
        byAccount.delete(oldest)
        break
      }
    }
    return kept
  }
}
