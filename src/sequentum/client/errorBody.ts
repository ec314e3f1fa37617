import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { cleanLines, cleanName } from "../schemas/text.ts"

const text = Schema.optionalWith(Schema.String, { nullable: true, exact: true })

/**
 * The shapes of an error body: RFC 7807 (`title`, `detail`), Sequentum's own (`message`, `statusDescription`,
 * `errorCode`) and the agent builder's older one (`error`). Source: docs.sequentum.com/api-reference/errors,
 * /api-reference/agents/kill-run and /api-reference/agent-builder/session-stop.
 */
const ErrorBody = Schema.Struct({
  message: text,
  detail: text,
  title: text,
  statusDescription: text,
  errorCode: text,
  error: Schema.optionalWith(Schema.Unknown, { exact: true })
})

const decodeJson = Schema.decodeUnknownEither(Schema.parseJson())
const decodeMembers = Schema.decodeUnknownEither(ErrorBody)

/** An object with its members in camelCase: some servers write `Message`. Anything else stays as it is. */
export const inCamelCase = (json: unknown): unknown =>
  Predicate.isRecord(json)
    ? Object.fromEntries(
        Object.entries(json).map(([name, value]) => [name.replace(/^[A-Z]/u, (first) => first.toLowerCase()), value])
      )
    : json

const maxDetailLength = 300

/** An error page that is longer, in characters, is not read. */
const maxErrorBody = 65_536

/** The start of the first stack frame: on a line of its own or, in the form of a call, anywhere. */
const stackFrame = /\r?\n\s*at\s|(?:^|\s)at\s+(?:async\s+)?[\w.$<>[\]`+]+(?:\(|\s\(\S+:\d+:\d+\))/u

/**
 * Makes upstream text safe to show: one line of at most 300 characters, without control characters, markup, stack
 * frames and `secret`. Returns undefined if nothing is left.
 */
export const cleanDetail = (raw: string, secret: string): string | undefined => {
  // First, since an invisible character inside a secret or a tag would hide it from what follows.
  const withoutStack = cleanLines(raw).split(stackFrame)[0] ?? ""
  const withoutSecret = secret.length === 0 ? withoutStack : withoutStack.replaceAll(secret, "[redacted]")
  const clean = withoutSecret
    .replace(/<[^>]*>?/gu, " ")
    .replace(/\b(?:sk-[\w-]{6,}|eyJ[\w-]+(?:\.[\w-]*){0,2})/gu, "[redacted]")
    .replace(/(\b(?:ApiKey|Bearer)\s+)\S+/giu, "$1[redacted]")
    .replace(/\s+/gu, " ")
    .trim()
  if (clean === "") return undefined
  // A cut may leave half a character.
  return clean.length > maxDetailLength ? `${cleanName(clean.slice(0, maxDetailLength - 1))}…` : clean
}

/** The displayable detail of an error body, and its error code. Both are absent from a body of another shape. */
export const readErrorBody = (body: string, secret: string): { detail?: string; errorCode?: string } =>
  Either.match(
    Either.flatMap(decodeJson(body.length > maxErrorBody ? "" : body), (json) => decodeMembers(inCamelCase(json))),
    {
      onLeft: () => ({}),
      onRight: (known) => {
        const error = Predicate.hasProperty(known.error, "message") ? known.error.message : known.error
        const said = known.message ?? known.detail ?? known.title ?? known.statusDescription ?? error
        const detail = Predicate.isString(said) ? cleanDetail(said, secret) : undefined
        return {
          ...(detail === undefined ? {} : { detail }),
          ...(known.errorCode === undefined ? {} : { errorCode: known.errorCode })
        }
      }
    }
  )
