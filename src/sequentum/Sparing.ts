import * as Context from "effect/Context"

/**
 * Whether the requests of an effect are many, and not urgent: they leave a fifth of the rate budget to the caller's
 * other calls, and fail with RateLimited, unsent, instead of waiting for a place. The default is no.
 */
export class Sparing extends Context.Reference<Sparing>()("sequentum/Sparing", {
  defaultValue: (): boolean => false
}) {}
