import * as Context from "effect/Context"

/** Limit for the JSON of a result, in bytes, for handlers that choose what to leave out themselves. */
export class ResultLimit extends Context.Reference<ResultLimit>()("sequentum/ResultLimit", {
  defaultValue: () => ({ maxBytes: 40_000 })
}) {}
