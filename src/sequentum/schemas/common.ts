import type * as Either from "effect/Either"
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

/** Reads a value or writes it, undefined for one that does not fit. */
interface Leaf<A, I> {
  readonly read: (value: unknown) => A | undefined
  readonly write: (value: unknown) => I | undefined
}

/** One step of a Schema: converts a value, or says that it does not fit. */
const step =
  <A>(convert: (value: unknown) => A | undefined) =>
  (value: unknown, _: ParseOptions, ast: Declaration): Either.Either<A, ParseResult.ParseIssue> => {
    const converted = convert(value)
    return converted === undefined ? ParseResult.fail(new ParseResult.Type(ast, value)) : ParseResult.succeed(converted)
  }

const orAbsent =
  <A>(convert: ReturnType<typeof step<A>>): ReturnType<typeof step<A | undefined>> =>
  (value, options, ast) =>
    value === null || value === undefined ? ParseResult.succeed(undefined) : convert(value, options, ast)

/** As `maybe`, in one step. */
const maybeLeaf = <A, I>({ read, write }: Leaf<A, I>) => {
  const decode = orAbsent(step(read))
  const encode = orAbsent(step(write))
  return Schema.optionalWith(
    Schema.declare<A | undefined, I | null | undefined, readonly []>([], {
      decode: () => decode,
      encode: () => encode
    }),
    { exact: true }
  )
}

/** What is the same on the wire as here. */
const plain = <A>(is: (value: unknown) => value is A) => {
  const same = (value: unknown) => (is(value) ? value : undefined)
  return maybeLeaf<A, A>({ read: same, write: same })
}

export const maybeText = plain(Predicate.isString)
export const maybeInt = plain(isInt)
export const maybeNumber = plain(Predicate.isNumber)
export const maybeFlag = plain(Predicate.isBoolean)

/** An id that may be absent. */
export const maybeId = <A extends number>(id: Schema.Schema<A, number>) => plain(Schema.is(id))

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

/** The words of an enumeration, and those of integers that are not in its table. */
type WireWord<Words extends Readonly<Record<number, string>>> = Words[keyof Words & number] | `Unknown(${number})`

const wireWords = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  const byWord = new Map(Object.entries(words).map(([code, word]) => [word, Number(code)] as const))
  const known = (value: string): value is Words[keyof Words & number] => byWord.has(value)
  return {
    read: (code) => {
      if (!isInt(code)) return undefined
      const word = words[code]
      return word !== undefined && known(word) ? word : (`Unknown(${code})` as const)
    },
    write: (word) => {
      if (typeof word !== "string") return undefined
      const code = byWord.get(word) ?? Number(/^Unknown\((-?\d+)\)$/u.exec(word)?.[1])
      return isInt(code) ? code : undefined
    }
  } satisfies Leaf<WireWord<Words>, number>
}

/**
 * An enumeration sent as integers, read as words. An integer that is not in the table reads as `Unknown(13)`, so that
 * a value added upstream breaks nothing.
 */
export const wireEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) => {
  const { read, write } = wireWords(words)
  return Schema.declare<WireWord<Words>, number, readonly []>([], {
    decode: () => step(read),
    encode: () => step(write)
  })
}

/** An enumeration that may be absent. */
export const maybeEnum = <const Words extends Readonly<Record<number, string>>>(words: Words) =>
  maybeLeaf<WireWord<Words>, number>(wireWords(words))
