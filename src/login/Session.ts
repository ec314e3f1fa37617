import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** What a sign-in left: enough to call the API, and to renew the access token. Times are epoch milliseconds. */
export const Session = Schema.Struct({
  clientId: Schema.String,
  tokenEndpoint: Schema.String,
  accessToken: Schema.Redacted(Schema.NonEmptyString),
  refreshToken: Schema.optional(Schema.Redacted(Schema.NonEmptyString)),
  obtainedAt: Schema.Number,
  /** Seconds that the access token lives; absent if the server did not say. */
  expiresIn: Schema.optional(Schema.Positive)
})
export type Session = typeof Session.Type

/** Whether the access token has nearly expired: a minute before, or the last fifth of a shorter life. */
export const isNearlyOver = ({ expiresIn, obtainedAt }: Session, now: number): boolean =>
  expiresIn !== undefined && now >= obtainedAt + expiresIn * 1000 - Math.min(60_000, expiresIn * 200)

/** Whether the access token is so young that, if it is refused, the next one would be as well. */
export const isNew = ({ expiresIn = 3600, obtainedAt }: Session, now: number): boolean =>
  now - obtainedAt < Math.min(5000, expiresIn * 200)

export const isSameSecret = (one: Redacted.Redacted, other: Redacted.Redacted): boolean =>
  Redacted.value(one) === Redacted.value(other)
