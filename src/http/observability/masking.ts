import * as Predicate from "effect/Predicate"

const secretHeaders: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "x-api-key"])

/** As in `inputParameters`, `input_parameters` and `Input-Parameters`. */
const plain = (key: string) => key.toLowerCase().replaceAll(/[^a-z0-9]/gu, "")

const secretKeys: ReadonlySet<string> = new Set(
  [
    ...secretHeaders,
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
  ].map(plain)
)

const mask = "[masked]"

/** What is nested deeper is left out, since no call is and going on would exhaust the stack. */
const deepest = 50

/** The headers of a request with those that carry credentials masked. */
export const maskHeaders = (headers: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.has(name.toLowerCase()) ? mask : value])
  )

/** A value with everything masked that stands under a telling key, at any depth. */
export const maskValue = (value: unknown, depth = 0): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (depth === deepest) return "[too deep]"
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1))
  if (!Predicate.isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, secretKeys.has(plain(key)) ? mask : maskValue(item, depth + 1)])
  )
}
