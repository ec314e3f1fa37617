import * as Duration from "effect/Duration"

/** How long the endpoint waits for its clients. */
export interface Timeouts {
  /** For the headers of a request. */
  readonly headers: Duration.Duration
  /** For a whole request, body included. */
  readonly request: Duration.Duration
  /** How often Node checks the two above. */
  readonly check: Duration.Duration
  /** For a client to read what was written to it. Then its connection is cut. */
  readonly stalled: Duration.Duration
  /** For pending calls to end when the server stops. */
  readonly drain: Duration.Duration
}

/** The drain time is a setting. */
export const defaultTimeouts: Omit<Timeouts, "drain"> = {
  headers: Duration.seconds(10),
  request: Duration.seconds(30),
  check: Duration.seconds(2),
  stalled: Duration.minutes(1)
}
