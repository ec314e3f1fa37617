import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { parseJsonText } from "./jsonText.ts"

/** Marks a Schema whose base type does not tell how to read a value for it. */
export const ReadAs = Symbol.for("sequentum/tools/ReadAs")

/** `date` and `id` are texts or numbers with a meaning, `json` is JSON text. An enumeration gives its codes by word. */
export type ReadAs = "date" | "id" | "json" | { readonly codes: Readonly<Record<number, string>> }

/** Reads a value for a parameter. Gives it back as it came where it can't be read in exactly one way. */
interface Reader {
  readonly read: (value: unknown) => unknown
  /** Whether an empty text can only mean that nothing was given. */
  readonly emptyIsAbsent: boolean
}

const decimal = /^-?(?:0|[1-9]\d*)(?:\.0+)?$/u

const readInteger = (value: unknown): unknown => {
  if (typeof value !== "string") return value
  const text = value.trim()
  const number = Number(text)
  return decimal.test(text) && Number.isSafeInteger(number) ? number : value
}

/** An id that a number does not hold exactly stays a text of digits. */
const readId = (value: unknown): unknown => {
  const read = readInteger(value)
  return typeof read === "string" && /^\s*[1-9]\d*\s*$/u.test(read) ? read.trim() : read
}

const readFlag = (value: unknown): unknown => {
  if (typeof value !== "string") return value
  const word = value.trim().toLowerCase()
  return word === "true" ? true : word === "false" ? false : value
}

/** Numbers that JavaScript writes as they came: not rounded, without an exponent. */
const readText = (value: unknown): unknown =>
  typeof value === "number" && (Number.isSafeInteger(value) || /^-?\d+\.\d{1,15}$/u.test(String(value)))
    ? String(value)
    : value

const dateParts = /^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(?:(z)|([+-]\d{2}):?(\d{2}))?$/iu

/** A date or a time as RFC 3339 and SQL write it too: with a space before the time, in small letters, +0200. */
const readDate = (value: unknown): unknown => {
  if (typeof value !== "string") return readText(value)
  const [, day, time, isUtc, hours, minutes] = dateParts.exec(value) ?? []
  if (day === undefined || time === undefined) return value
  return `${day}T${time}${isUtc === undefined ? "" : "Z"}${hours === undefined ? "" : `${hours}:${minutes ?? ""}`}`
}

const readJsonText = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : value

/** A word in any case, or its code as a number or a text. */
const readWord = (words: ReadonlyArray<string>, codes: Readonly<Record<number, string>>) => {
  const byName = new Map(words.map((word) => [word.toLowerCase(), word]))
  return (value: unknown): unknown => {
    const code = readInteger(value)
    if (typeof code === "number") return codes[code] ?? value
    return typeof value === "string" ? (byName.get(value.trim().toLowerCase()) ?? value) : value
  }
}

/** A list, its JSON text, or one item in its place. */
const readList =
  (item: Reader, wrapsItem: boolean) =>
  (value: unknown): unknown => {
    const parsed = typeof value === "string" ? Option.getOrUndefined(parseJsonText(value)) : value
    if (Array.isArray(parsed)) return parsed.map((one) => item.read(one))
    return wrapsItem && (typeof value === "string" || typeof value === "number") ? [item.read(value)] : value
  }

const asItCame: Reader = { read: (value) => value, emptyIsAbsent: false }

const literals = (ast: SchemaAST.AST): ReadonlyArray<string> | undefined => {
  const members = SchemaAST.isUnion(ast) ? ast.types : [ast]
  const words = members.flatMap((member) =>
    SchemaAST.isLiteral(member) && typeof member.literal === "string" ? [member.literal] : []
  )
  return words.length > 0 && words.length === members.length ? words : undefined
}

const readAsOf = SchemaAST.getAnnotation<ReadAs>(ReadAs)

/** The annotation that stands outermost. */
const findReadAs = (ast: SchemaAST.AST): ReadAs | undefined =>
  Option.getOrElse(readAsOf(ast), () => (SchemaAST.isRefinement(ast) ? findReadAs(ast.from) : undefined))

const base = (ast: SchemaAST.AST): SchemaAST.AST =>
  SchemaAST.isRefinement(ast) || SchemaAST.isTransformation(ast) ? base(ast.from) : ast

const readerOf = (ast: SchemaAST.AST): Reader => {
  const readAs = findReadAs(ast)
  if (readAs === "date") return { read: readDate, emptyIsAbsent: true }
  if (readAs === "id") return { read: readId, emptyIsAbsent: true }
  if (readAs === "json") return { read: readJsonText, emptyIsAbsent: false }
  const from = base(ast)
  const words = literals(from)
  if (words !== undefined) return { read: readWord(words, readAs?.codes ?? {}), emptyIsAbsent: true }
  if (SchemaAST.isNumberKeyword(from)) return { read: readInteger, emptyIsAbsent: true }
  if (SchemaAST.isBooleanKeyword(from)) return { read: readFlag, emptyIsAbsent: true }
  if (SchemaAST.isStringKeyword(from)) return { read: readText, emptyIsAbsent: false }
  if (SchemaAST.isTypeLiteral(from)) return { read: readObject(from), emptyIsAbsent: false }
  const [rest] = SchemaAST.isTupleType(from) ? from.rest : []
  if (rest !== undefined) {
    return { read: readList(readerOf(rest.type), !SchemaAST.isTypeLiteral(base(rest.type))), emptyIsAbsent: true }
  }
  return asItCame
}

const readObject = ({ propertySignatures }: SchemaAST.TypeLiteral) => {
  const readers = new Map(
    propertySignatures.map(({ isOptional, name, type }) => [name, { ...readerOf(type), isOptional }])
  )
  return (value: unknown): unknown => {
    if (!Predicate.isRecord(value)) return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, given]): ReadonlyArray<readonly [string, unknown]> => {
        const reader = readers.get(name)
        if (reader === undefined) return [[name, given]]
        const isAbsent = given === null || (given === "" && reader.isOptional && reader.emptyIsAbsent)
        return isAbsent ? [] : [[name, reader.read(given)]]
      })
    )
  }
}

/**
 * Makes the reader of a tool's arguments from its input Schema: decimal texts for integers, `"true"` for flags, numbers
 * for texts, objects for JSON text, words in any case or codes for enumerations, null and, where it can only mean that,
 * an empty text for nothing. What has more than one reading, or none, stays as it came, for the Schema to refuse.
 */
export const makeArgumentsReader = (input: Schema.Schema.Any): ((args: unknown) => unknown) => {
  let read: ((args: unknown) => unknown) | undefined
  return (args) => {
    const from = base(input.ast)
    read ??= SchemaAST.isTypeLiteral(from) ? readObject(from) : asItCame.read
    return read(args ?? {})
  }
}
