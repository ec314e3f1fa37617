import * as Duration from "effect/Duration"

/** How long the endpoint waits for its clients. */
export interface Times {
  /** For the headers of a request. */
  readonly headers: Duration.Duration
  /** For a whole request, its body included. */
  readonly request: Duration.Duration
  /** How often the two above are looked at. */
  readonly check: Duration.Duration
  /** For a client to take what was written to it, before its connection is cut. */
  readonly stalled: Duration.Duration
  /** For calls under way to end once the server stops. */
  readonly drain: Duration.Duration
}

export const defaultTimes: Times = {
  headers: Duration.seconds(10),
  request: Duration.seconds(30),
  check: Duration.seconds(2),
  stalled: Duration.minutes(1),
  drain: Duration.seconds(10)
}
