import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Declaration, ParseOptions } from "effect/SchemaAST"

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
export const maybe = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(nullAsUndefined(schema), { exact: true })

const isInt = (value: unknown): value is number => Number.isSafeInteger(value)

/** An integer that JavaScript holds exactly, checked in one step: `Schema.Int` takes three, and lists are full of them. */
export const Int = Schema.declare(isInt, { identifier: "Int" })

/** As `maybe`, in one step, for what is the same on the wire as here. */
const maybeLeaf = <A>(is: (value: unknown) => value is A) => {
  const read = (value: unknown, _: ParseOptions, ast: Declaration) =>
    value === null || value === undefined
      ? ParseResult.succeed(undefined)
      : is(value)
        ? ParseResult.succeed(value)
        : ParseResult.fail(new ParseResult.Type(ast, value))
  const leaf = Schema.declare<A | undefined, A | null | undefined, readonly []>([], {
    decode: () => read,
    encode: () => read
  })
  return Schema.optionalWith(leaf, { exact: true })
}

export const maybeText = maybeLeaf(Predicate.isString)
export const maybeInt = maybeLeaf(isInt)
export const maybeNumber = maybeLeaf(Predicate.isNumber)
export const maybeFlag = maybeLeaf(Predicate.isBoolean)

/** int32 on the wire. Source: docs.sequentum.com/api-reference/introduction. */
export const AgentId = Int.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

/** int64 on the wire; read as a safe integer. */
export const RunId = Int.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type

export const FileId = Int.pipe(Schema.brand("FileId"))
export type FileId = typeof FileId.Type

export const SpaceId = Int.pipe(Schema.brand("SpaceId"))
export type SpaceId = typeof SpaceId.Type

/** int64 on the wire; read as a safe integer. */
export const ScheduleId = Int.pipe(Schema.brand("ScheduleId"))
export type ScheduleId = typeof ScheduleId.Type

export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** ISO 8601 in UTC, kept as the API wrote it. */
export const maybeTimestamp = maybeText

/**
 * An enumeration sent as integers, read as words. An integer that is not in the table reads as `Unknown(13)`, so that
 * a value added upstream breaks nothing.
 */
export const wireEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  type Word = Words[keyof Words & number]
  const byWord = new Map(Object.entries(words).map(([code, word]) => [word, Number(code)] as const))
  const known = (value: string): value is Word => byWord.has(value)
  type Read = Word | `Unknown(${number})`
  return Schema.declare<Read, number, readonly []>([], {
    decode: () => (code, _, ast) => {
      if (typeof code !== "number" || !Number.isSafeInteger(code)) {
        return ParseResult.fail(new ParseResult.Type(ast, code))
      }
      const word = words[code]
      return ParseResult.succeed(word !== undefined && known(word) ? word : (`Unknown(${code})` as const))
    },
    encode: () => (word, _, ast) => {
      const code =
        typeof word === "string" ? (byWord.get(word) ?? Number(/^Unknown\((-?\d+)\)$/u.exec(word)?.[1])) : NaN
      return Number.isSafeInteger(code) ? ParseResult.succeed(code) : ParseResult.fail(new ParseResult.Type(ast, word))
    }
  })
}
