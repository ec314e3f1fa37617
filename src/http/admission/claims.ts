import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What a JWT says of itself. Nothing of it is verified. */
export interface Claims {
  /** Epoch seconds. */
  readonly exp: number | undefined
}

const Payload = Schema.parseJson(
  Schema.Struct({ exp: Schema.optional(Schema.Number) }, { key: Schema.String, value: Schema.Unknown })
)
const readPayload = Schema.decodeUnknownOption(Payload)

const jsonObject = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

const decoded = (part: string) => Buffer.from(part, "base64url").toString("utf8")

/**
 * The claims of a token that looks like a JWT: three parts, of which the first or the second is a JSON object. None for
 * any other token; `"malformed"` if the claims can't be read, or the time of expiry is no number.
 */
export const unverifiedClaims = (token: string): Option.Option<Claims | "malformed"> => {
  const [header = "", payload = "", ...rest] = token.split(".")
  if (rest.length !== 1) return Option.none()
  const text = decoded(payload)
  const claims = readPayload(text)
  if (Option.isSome(claims)) return Option.some({ exp: claims.value.exp })
  return Option.isSome(jsonObject(text)) || Option.isSome(jsonObject(decoded(header)))
    ? Option.some("malformed" as const)
    : Option.none()
}

/** Whether the time of expiry has come, without leeway. `now` is epoch milliseconds. */
export const isExpired = ({ exp }: Claims, now: number): boolean => exp !== undefined && exp * 1000 <= now
