import * as Context from "effect/Context"

/** Is told of each request that is sent to Sequentum, retries included. Tells nobody unless the caller counts. */
export class Attempts extends Context.Reference<Attempts>()("sequentum/Attempts", {
  defaultValue: () => ({ sent: (): void => undefined })
}) {}
