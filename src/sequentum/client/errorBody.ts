import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

const text = Schema.optionalWith(Schema.String, { nullable: true, exact: true })

/**
 * Both error bodies in one: RFC 7807 (`title`, `detail`) and Sequentum's own (`message`, `statusDescription`,
 * `errorCode`). Source: docs.sequentum.com/api-reference/errors and /api-reference/agents/kill-run.
 */
const ErrorBody = Schema.parseJson(
  Schema.Struct({ message: text, detail: text, title: text, statusDescription: text, errorCode: text })
)

const decode = Schema.decodeUnknownEither(ErrorBody)

const longestDetail = 300

/** Where the first frame of a stack begins: on a line of its own or, by its form, anywhere. */
const stackFrame = /\r?\n\s*at\s|(?:^|\s)at\s+(?:async\s+)?[\w.$<>[\]`+]+(?:\(|\s\(\S+:\d+:\d+\))/u

/**
 * Makes upstream text safe to show: one line, no control characters, no markup, no stack frames, without `secret`,
 * bounded. Gives undefined where nothing is left.
 */
export const cleanDetail = (raw: string, secret: string): string | undefined => {
  const withoutStack = raw.split(stackFrame)[0] ?? ""
  const withoutSecret = secret.length === 0 ? withoutStack : withoutStack.replaceAll(secret, "[redacted]")
  const clean = withoutSecret
    .replace(/<[^>]*>?/gu, " ")
    .replace(/\b(?:sk-[\w-]{6,}|eyJ[\w-]+(?:\.[\w-]*){0,2})/gu, "[redacted]")
    .replace(/(\b(?:ApiKey|Bearer)\s+)\S+/giu, "$1[redacted]")
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
  if (clean === "") return undefined
  return clean.length > longestDetail ? `${clean.slice(0, longestDetail - 1)}…` : clean
}

/** What an error body says that may be shown, and its error code. A body of another kind says nothing. */
export const readErrorBody = (body: string, secret: string): { detail?: string; errorCode?: string } =>
  Either.match(decode(body), {
    onLeft: () => ({}),
    onRight: (known) => {
      const said = known.message ?? known.detail ?? known.title ?? known.statusDescription
      const detail = said === undefined ? undefined : cleanDetail(said, secret)
      return {
        ...(detail === undefined ? {} : { detail }),
        ...(known.errorCode === undefined ? {} : { errorCode: known.errorCode })
      }
    }
  })
