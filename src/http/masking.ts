import * as Predicate from "effect/Predicate"

const secretHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "x-api-key"])

const secretKeys: ReadonlySet<string> = new Set(
  [
    "inputParameters",
    "apiKey",
    "token",
    "accessToken",
    "refreshToken",
    "password",
    "secret",
    "clientSecret",
    "prompt",
    "comments"
  ].map((key) => key.toLowerCase())
)

const mask = "[masked]"

/** The headers of a request with those that carry credentials masked. */
export const maskHeaders = (headers: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.has(name.toLowerCase()) ? mask : value])
  )

/** A value with everything masked that stands under a telling key, at any depth. */
export const maskValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(maskValue)
  if (!Predicate.isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, secretKeys.has(key.toLowerCase()) ? mask : maskValue(item)])
  )
}
