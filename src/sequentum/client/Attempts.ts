import * as Context from "effect/Context"

/** Counts requests to Sequentum: `sent` is called once per request, retries included. The default does nothing. */
export class Attempts extends Context.Reference<Attempts>()("sequentum/Attempts", {
  defaultValue: () => ({ sent: (): void => undefined })
}) {}
