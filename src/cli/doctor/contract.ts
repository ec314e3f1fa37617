import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"

/** How an answer differs from its Schema. */
export type Kind = "unknown field" | "missing field" | "another type" | "number as text" | "unknown value"

/** One difference: where, by names of fields only. `[]` stands for every item of a list. */
export interface Difference {
  readonly kind: Kind
  readonly field: string
  /** The code of an enumeration that is not in its table. Codes are no data of an account. */
  readonly code?: number
}

/** What a comparison found. */
export interface Comparison {
  readonly differences: ReadonlyArray<Difference>
  /** Optional fields that no object had, though there was one to have them. */
  readonly neverSent: ReadonlyArray<string>
}

interface Notes {
  readonly differences: Map<string, Difference>
  /** Optional fields, and whether one came. */
  readonly optional: Map<string, boolean>
}

const newNotes = (): Notes => ({ differences: new Map(), optional: new Map() })

const note = ({ differences }: Notes, kind: Kind, field: string, code?: number) =>
  void differences.set(`${kind} ${field} ${code ?? ""}`, { kind, field, ...(code === undefined ? {} : { code }) })

/** Names of fields are shown, but not what may be data that became a name. */
const shownName = (name: string) => (/^[A-Za-z_$][\w$-]{0,59}$/u.test(name) ? name : "(a name that is not shown)")

const child = (at: string, name: string) => (at === "" ? shownName(name) : `${at}.${shownName(name)}`)

const root = "(the answer)"

const decodes = (ast: SchemaAST.AST, value: unknown) => ParseResult.decodeUnknownEither(Schema.make(ast))(value)

/** A leaf of common.ts, such as an integer or an enumeration, or anything that has no parts. */
const compareLeaf = (ast: SchemaAST.AST, value: unknown, at: string, notes: Notes) => {
  const decoded: Either.Either<unknown, ParseResult.ParseIssue> = decodes(ast, value)
  if (Either.isLeft(decoded)) {
    note(notes, "another type", at || root)
    return
  }
  if (typeof value === "string" && decoded.right !== value) note(notes, "number as text", at || root)
  const unknown =
    typeof decoded.right === "string" && decoded.right !== value && /^Unknown\((-?\d+)\)$/u.exec(decoded.right)
  if (unknown) note(notes, "unknown value", at || root, Number(unknown[1]))
}

const compareObject = (ast: SchemaAST.TypeLiteral, value: unknown, at: string, notes: Notes) => {
  if (!Predicate.isReadonlyRecord(value)) {
    note(notes, "another type", at || root)
    return
  }
  for (const { isOptional, name, type } of ast.propertySignatures) {
    const key = String(name)
    const field = child(at, key)
    const came = Object.hasOwn(value, key)
    if (came) compare(type, value[key], field, notes)
    else if (!isOptional) note(notes, "missing field", field)
    if (isOptional) notes.optional.set(field, came || notes.optional.get(field) === true)
  }
  if (ast.indexSignatures.length > 0) return
  const known = new Set(ast.propertySignatures.map(({ name }) => String(name)))
  for (const key of Object.keys(value)) if (!known.has(key)) note(notes, "unknown field", child(at, key))
}

const compareItems = (item: SchemaAST.AST, value: unknown, at: string, notes: Notes) => {
  if (!Array.isArray(value)) {
    note(notes, "another type", at || root)
    return
  }
  for (const one of value) compare(item, one, `${at}[]`, notes)
}

const weights: Readonly<Record<Kind, number>> = {
  "another type": 100,
  "missing field": 10,
  "unknown field": 1,
  "number as text": 1,
  "unknown value": 1
}

/** Of several shapes the one that the answer differs least from. */
const compareUnion = ({ types }: SchemaAST.Union, value: unknown, at: string, notes: Notes) => {
  const [best] = types
    .map((type) => {
      const own = newNotes()
      compare(type, value, at, own)
      return { own, weight: [...own.differences.values()].reduce((sum, { kind }) => sum + weights[kind], 0) }
    })
    .sort((one, other) => one.weight - other.weight)
  for (const [key, difference] of best?.own.differences ?? []) notes.differences.set(key, difference)
  for (const [field, came] of best?.own.optional ?? []) {
    notes.optional.set(field, came || notes.optional.get(field) === true)
  }
}

const compare = (ast: SchemaAST.AST, value: unknown, at: string, notes: Notes): void => {
  switch (ast._tag) {
    case "Suspend": {
      compare(ast.f(), value, at, notes)
      return
    }
    case "Refinement":
    case "Transformation": {
      compare(ast.from, value, at, notes)
      return
    }
    case "TypeLiteral": {
      compareObject(ast, value, at, notes)
      return
    }
    case "Union": {
      compareUnion(ast, value, at, notes)
      return
    }
    case "TupleType": {
      const [item] = ast.rest
      if (item !== undefined) compareItems(item.type, value, at, notes)
      return
    }
    case "Declaration": {
      const [inner] = ast.typeParameters
      if (inner === undefined) {
        compareLeaf(ast, value, at, notes)
        return
      }
      // `maybe` of common.ts accepts null, `rows` does not.
      if (Either.isLeft(decodes(ast, null))) {
        compareItems(inner, value, at, notes)
        return
      }
      if (value !== null) compare(inner, value, at, notes)
      return
    }
    default: {
      compareLeaf(ast, value, at, notes)
      return
    }
  }
}

/**
 * Compares an answer of the API with its Schema, strictly: what tolerant decoding accepts is a difference here. What is
 * expected comes from the Schema alone. Nothing in the result is a value of the answer, except codes of enumerations.
 */
export const compareWith = (ast: SchemaAST.AST, answer: unknown): Comparison => {
  const notes = newNotes()
  compare(ast, answer, "", notes)
  return {
    differences: [...notes.differences.values()],
    neverSent: [...notes.optional].flatMap(([field, came]) => (came ? [] : [field]))
  }
}
