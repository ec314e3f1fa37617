import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Declaration, ParseOptions } from "effect/SchemaAST"

/** Decodes null to undefined and everything else by `schema`. One step, where Schema's combinators take several. */
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

/** A field that the API may leave out or send as null; both decode to undefined. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(nullAsUndefined(schema), { exact: true })

const isInt = (value: unknown): value is number => Number.isSafeInteger(value)

/** An integer that JavaScript holds exactly. One step, where `Schema.Int` takes three, and lists are full of them. */
export const Int = Schema.declare(isInt, { identifier: "Int" })

/** ISO 8601 in UTC, kept as the API sent it. */
export const Timestamp = Schema.String

/** int32 on the wire. Source: docs.sequentum.com/api-reference/introduction. */
export const AgentId = Int.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

/** int64 on the wire, decoded to a safe integer. */
export const RunId = Int.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type

export const FileId = Int.pipe(Schema.brand("FileId"))
export type FileId = typeof FileId.Type

export const SpaceId = Int.pipe(Schema.brand("SpaceId"))
export type SpaceId = typeof SpaceId.Type

/** int64 on the wire, decoded to a safe integer. */
export const ScheduleId = Int.pipe(Schema.brand("ScheduleId"))
export type ScheduleId = typeof ScheduleId.Type

export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** The words of an enumeration, and those for integers that are not in its table. */
type WireWord<Words extends Readonly<Record<number, string>>> = Words[keyof Words & number] | `Unknown(${number})`

/**
 * An enumeration that is sent as integers and decoded to words. An integer that is not in the table decodes to
 * `Unknown(13)`, so that a value added upstream breaks nothing. `words` lists the table's words by rising integer;
 * `codeOf` is the integer of a word.
 */
export const wireEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  type Word = Words[keyof Words & number]
  const codes = new Map(Object.entries(words).map(([code, word]) => [word, Number(code)] as const))
  const isWord = (value: string | undefined): value is Word => value !== undefined && codes.has(value)
  const decode = (code: unknown, _: ParseOptions, ast: Declaration) => {
    if (!isInt(code)) return ParseResult.fail(new ParseResult.Type(ast, code))
    const word = words[code]
    return ParseResult.succeed(isWord(word) ? word : (`Unknown(${code})` as const))
  }
  const encode = (word: unknown, _: ParseOptions, ast: Declaration) => {
    const code =
      typeof word === "string" ? (codes.get(word) ?? Number(/^Unknown\((-?\d+)\)$/u.exec(word)?.[1])) : undefined
    return isInt(code) ? ParseResult.succeed(code) : ParseResult.fail(new ParseResult.Type(ast, word))
  }
  const schema = Schema.declare<WireWord<Words>, number, readonly []>([], {
    decode: () => decode,
    encode: () => encode
  })
  return Object.assign(schema, {
    words: [...codes.keys()].filter(isWord),
    codeOf: (word: WireWord<Words>): number => Schema.encodeSync(schema)(word)
  })
}
