import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What a client got for a call. */
export interface Reply {
  /** The text of an error, be it a tool's result or the protocol's. */
  readonly error: string | undefined
  readonly structured: unknown
}

/**
 * What a reply says of a write:
 * - done: a result that claims success
 * - unknown: it is not known whether Sequentum acted
 * - refused: nothing was changed, in words
 * - failed: an error that says neither
 */
export type Report = "done" | "unknown" | "refused" | "failed"

/** The words of an error, or of the notice of a result, in the order in which they count. */
const words: ReadonlyArray<readonly [Report, RegExp]> = [
  ["unknown", /\bnot known (?:whether|if)\b/iu],
  ["refused", /\bnothing was (?:done|changed|sent|started|stopped|deleted|created|restored)\b/iu]
]

/** Members of a result that say whether the thing was done. */
const Switches = Schema.Struct({
  deleted: Schema.optional(Schema.Boolean),
  stopped: Schema.optional(Schema.Boolean),
  restored: Schema.optional(Schema.Boolean)
})

const Notice = Schema.Struct({ notice: Schema.String })

const decodeNotice = Schema.decodeUnknownOption(Notice)
const decodeSwitches = Schema.decodeUnknownOption(Switches)

const inWords = (text: string) => words.find(([, pattern]) => pattern.test(text))?.[0]

const isSwitchedOff = (structured: unknown) =>
  Option.exists(decodeSwitches(structured), ({ deleted, restored, stopped }) =>
    [deleted, restored, stopped].includes(false)
  )

/** The notice of a result; undefined if it has none. */
export const noticeOf = (structured: unknown) =>
  Option.getOrUndefined(Option.map(decodeNotice(structured), ({ notice }) => notice))

/** Classifies a reply by what a client sees of it. */
export const reportOf = ({ error, structured }: Reply): Report => {
  if (error !== undefined) return inWords(error) ?? "failed"
  return inWords(noticeOf(structured) ?? "") ?? (isSwitchedOff(structured) ? "refused" : "done")
}
