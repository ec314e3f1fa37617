import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Declaration, ParseOptions } from "effect/SchemaAST"
import { Name } from "./text.ts"

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

/**
 * Rows of a list. `unreadable` counts those that could not be decoded and were left out; it is absent if there are
 * none.
 */
export interface Rows<out A> extends ReadonlyArray<A> {
  readonly unreadable?: number
}

/**
 * A list in which a row that can't be decoded costs that row only. A list without a readable row fails, as its first
 * row does.
 */
export const rows = <A, I>(row: Schema.Schema<A, I>) =>
  Schema.declare<Rows<A>, ReadonlyArray<I>, readonly [Schema.Schema<A, I>]>([row], {
    decode: (item) => {
      const decodeAll = ParseResult.decodeUnknownEither(Schema.Array(item))
      const decodeOne = ParseResult.decodeUnknownEither(item)
      return (input, options) => {
        const all = decodeAll(input, options)
        if (Either.isRight(all) || !Array.isArray(input)) return all
        const readable: ReadonlyArray<A> = input.flatMap((value: unknown) =>
          Either.match(decodeOne(value, options), { onLeft: () => [], onRight: (decoded) => [decoded] })
        )
        return readable.length === 0
          ? all
          : ParseResult.succeed(Object.assign([...readable], { unreadable: input.length - readable.length }))
      }
    },
    encode: (item) => ParseResult.encodeUnknown(Schema.Array(item))
  })

const isInt = (value: unknown): value is number => Number.isSafeInteger(value)

const integerText = /^-?\d+$/u
const numberText = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/u

/** A leaf that is decoded in one step: `read` returns undefined for what it can't read. */
const leaf = <A extends number | string>(identifier: string, read: (input: unknown) => A | undefined) => {
  const parse = (input: unknown, _: ParseOptions, ast: Declaration) => {
    const value = read(input)
    return value === undefined ? ParseResult.fail(new ParseResult.Type(ast, input)) : ParseResult.succeed(value)
  }
  return Schema.declare<A, A, readonly []>([], { decode: () => parse, encode: () => parse }, { identifier })
}

const readInt = (input: unknown): number | undefined => {
  const value = typeof input === "string" && integerText.test(input) ? Number(input) : input
  return isInt(value) ? value : undefined
}

/** An integer that JavaScript holds exactly, sent as a number or as text. */
export const Int = leaf("Int", readInt)

/** A number, sent as such or as text. */
export const Num = leaf("Num", (input) => {
  const value = typeof input === "string" && numberText.test(input) ? Number(input) : input
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
})

/**
 * An int64 on the wire: a number or, if JavaScript has no number for it, its digits. Source:
 * docs.sequentum.com/api-reference/introduction.
 */
const readLongId = (input: unknown): number | string | undefined =>
  typeof input === "string" && /^[1-9]\d{15,18}$/u.test(input) ? (readInt(input) ?? input) : readInt(input)

const LongId = leaf("LongId", readLongId)

/** The id of what the API has made. 0 stands for nothing, as in an object of defaults. */
const OwnId = leaf("OwnId", (input) => {
  const id = readLongId(input)
  return typeof id === "number" && id < 1 ? undefined : id
})

/** ISO 8601 in UTC, kept as the API sent it. */
export const Timestamp = Name

/** int32 on the wire. Source: docs.sequentum.com/api-reference/introduction. */
export const AgentId = Int.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

export const RunId = LongId.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type
export const OwnRunId = OwnId.pipe(Schema.brand("RunId"))

export const FileId = LongId.pipe(Schema.brand("FileId"))
export type FileId = typeof FileId.Type

export const SpaceId = Int.pipe(Schema.brand("SpaceId"))
export type SpaceId = typeof SpaceId.Type

export const ScheduleId = LongId.pipe(Schema.brand("ScheduleId"))
export type ScheduleId = typeof ScheduleId.Type
export const OwnScheduleId = OwnId.pipe(Schema.brand("ScheduleId"))

export const SessionId = Name.pipe(
  Schema.filter((text) => text !== ""),
  Schema.brand("SessionId")
)
export type SessionId = typeof SessionId.Type

/** The words of an enumeration, and those for integers that are not in its table. */
type WireWord<Words extends Readonly<Record<number, string>>> = Words[keyof Words & number] | `Unknown(${number})`

/**
 * An enumeration that is sent as integers, or as their words, and decoded to words. An integer that is not in the table
 * decodes to `Unknown(13)`, so that a value added upstream breaks nothing. `words` lists the table's words by rising
 * integer; `codeOf` is the integer of a word.
 */
export const wireEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  type Word = Words[keyof Words & number]
  const codes = new Map(Object.entries(words).map(([code, word]) => [word, Number(code)] as const))
  const isWord = (value: string | undefined): value is Word => value !== undefined && codes.has(value)
  const byName = new Map(Object.entries(words).map(([code, word]) => [word.toLowerCase(), Number(code)] as const))
  const decode = (input: unknown, _: ParseOptions, ast: Declaration) => {
    const code = readInt(input) ?? (typeof input === "string" ? byName.get(input.toLowerCase()) : undefined)
    if (code === undefined) return ParseResult.fail(new ParseResult.Type(ast, input))
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
