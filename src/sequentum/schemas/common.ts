import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Reads null as undefined, everything else by `schema`: one step, where the combinators of Schema take several. */
const nullAsUndefined = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.declare<A | undefined, I | null | undefined, readonly [Schema.Schema<A, I>]>([schema], {
    decode: (item) => {
      const decode = ParseResult.decodeUnknown(item)
      return (input, options) =>
        input === null || input === undefined ? ParseResult.succeed(undefined) : decode(input, options)
    },
    encode: (item) => {
      const encode = ParseResult.encodeUnknown(item)
      return (input, options) => (input === undefined ? ParseResult.succeed(undefined) : encode(input, options))
    }
  })

/** A field that the API may leave out or send as null; both read as undefined. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(nullAsUndefined(schema))

/** int32 on the wire. Source: docs.sequentum.com/api-reference/introduction. */
export const AgentId = Schema.Int.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

/** int64 on the wire; read as a safe integer. */
export const RunId = Schema.Int.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type

export const FileId = Schema.Int.pipe(Schema.brand("FileId"))
export type FileId = typeof FileId.Type

export const SpaceId = Schema.Int.pipe(Schema.brand("SpaceId"))
export type SpaceId = typeof SpaceId.Type

/** int64 on the wire; read as a safe integer. */
export const ScheduleId = Schema.Int.pipe(Schema.brand("ScheduleId"))
export type ScheduleId = typeof ScheduleId.Type

export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** ISO 8601 in UTC, kept as the API wrote it. */
export const Timestamp = Schema.String

/**
 * An enumeration sent as integers, read as words. An integer that is not in the table reads as `Unknown(13)`, so that
 * a value added upstream breaks nothing.
 */
export const wireEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  type Word = Words[keyof Words & number]
  const byWord = new Map(Object.entries(words).map(([code, word]) => [word, Number(code)] as const))
  const known = (value: string): value is Word => byWord.has(value)
  const Word = Schema.declare(
    (value): value is Word | `Unknown(${number})` =>
      typeof value === "string" && (known(value) || /^Unknown\(-?\d+\)$/u.test(value))
  )
  return Schema.transformOrFail(Schema.Int, Word, {
    strict: true,
    decode: (code) => {
      const word = words[code]
      return ParseResult.succeed(word !== undefined && known(word) ? word : (`Unknown(${code})` as const))
    },
    encode: (word, _, ast) => {
      const code = byWord.get(word) ?? Number(/-?\d+/u.exec(word)?.[0])
      return Number.isInteger(code) ? ParseResult.succeed(code) : ParseResult.fail(new ParseResult.Type(ast, word))
    }
  })
}
