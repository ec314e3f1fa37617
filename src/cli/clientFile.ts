import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"
import { createScanner, findNodeAtLocation, getNodeValue, parseTree, type Node, type ParseError } from "jsonc-parser"

/** What a file should hold at a path. */
export interface Wanted {
  readonly path: ReadonlyArray<string>
  readonly value: unknown
  /** True for a value that stays if there is another one already. */
  readonly keeps?: (present: unknown) => boolean
}

/** How a file should change. */
export interface Change {
  readonly set: ReadonlyArray<Wanted>
  /** Members that must not be there. */
  readonly drop: ReadonlyArray<ReadonlyArray<string>>
  /** Elements of lists, found by their `id`. */
  readonly elements: ReadonlyArray<{ readonly path: ReadonlyArray<string>; readonly value: { readonly id: string } }>
}

/** A file after a change, and the paths that changed. */
export interface Changed {
  readonly text: string
  readonly paths: ReadonlyArray<string>
}

type Edited = Either.Either<Changed, string>

const byteOrderMark = "\ufeff"

const parse = (text: string): Either.Either<Node, string> => {
  const errors: Array<ParseError> = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  if (root === undefined || errors.length > 0) return Either.left("it is not JSON")
  return root.type === "object" ? Either.right(root) : Either.left("it holds no JSON object")
}

const keysOf = (node: Node) => (node.children ?? []).map((property) => String(property.children?.[0]?.value))

/** Refuses a file where it is not clear which of two equal keys counts, or where a path leads through no object. */
const checkPath = (root: Node, path: ReadonlyArray<string>): Either.Either<void, string> => {
  for (let depth = 0; depth < path.length; depth += 1) {
    const node = depth === 0 ? root : findNodeAtLocation(root, [...path.slice(0, depth)])
    const name = path.slice(0, depth).join(".")
    if (node === undefined) return Either.void
    if (node.type !== "object") return Either.left(`${name} is no object in it`)
    if (keysOf(node).filter((key) => key === path[depth]).length > 1) {
      return Either.left(`${path.slice(0, depth + 1).join(".")} stands in it twice`)
    }
  }
  return Either.void
}

/** The style that the file has, so that what is added looks like the rest. */
const styleOf = (text: string) => ({
  unit: /^([ \t]+)\S/mu.exec(text)?.[1] ?? "  ",
  eol: text.includes("\r\n") ? "\r\n" : "\n"
})

const same = (one: unknown, other: unknown): boolean => {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => same(item, other[index]))
  }
  if (Predicate.isRecord(one) && Predicate.isRecord(other)) {
    const names = Object.keys(one)
    return names.length === Object.keys(other).length && names.every((name) => same(one[name], other[name]))
  }
  return Equal.equals(one, other)
}

interface Piece {
  readonly offset: number
  readonly length: number
}

/** Takes a piece out of the text, and its line if nothing is left on it. */
const withoutPiece = (text: string, { length, offset }: Piece) => {
  const rest = text.slice(0, offset) + text.slice(offset + length)
  const start = rest.lastIndexOf("\n", offset - 1) + 1
  const newline = rest.indexOf("\n", offset)
  const end = newline === -1 ? rest.length : newline + 1
  return start > 0 && rest.slice(start, end).trim() === "" ? rest.slice(0, start) + rest.slice(end) : rest
}

/** The last piece goes first, so that the offsets of the others hold. */
const without = (text: string, pieces: ReadonlyArray<Piece>) =>
  [...pieces].sort((one, other) => other.offset - one.offset).reduce(withoutPiece, text)

/** The comma that follows a position, with nothing but blanks and comments before it. */
const commaAfter = (text: string, position: number) => {
  const scanner = createScanner(text, true)
  scanner.setPosition(position)
  scanner.scan()
  const offset = scanner.getTokenOffset()
  return text[offset] === "," ? [{ offset, length: 1 }] : []
}

const lineStart = (text: string, offset: number) => text.lastIndexOf("\n", offset - 1) + 1

const indentAt = (text: string, offset: number) => /^[ \t]*/u.exec(text.slice(lineStart(text, offset)))?.[0] ?? ""

const startsLine = (text: string, offset: number) => text.slice(lineStart(text, offset), offset).trim() === ""

/** Blanks and comments up to the end of the line, at least one of them a comment. */
const commentsAtEnd = /^[ \t]*(?=\/)(?:\/\*(?:(?!\*\/)[^\r\n])*\*\/[ \t]*)*(?:\/\/[^\r\n]*)?(?=\r?\n)/u

/** Where a further member goes: after the comments of the one before it. The offsets are in the text as it is. */
const placeAfter = (text: string, { length, offset }: Node, close: number) => {
  const end = offset + length
  const [comma] = commaAfter(text, end)
  const start = comma === undefined ? end : comma.offset + comma.length
  const rest = text.slice(start, close)
  const comments = commentsAtEnd.exec(rest)?.[0] ?? ""
  return {
    commaAt: comma === undefined ? end : undefined,
    at: rest.includes("\n") ? start + comments.length : start + rest.trimEnd().length,
    isLastLine: !rest.includes("\n")
  }
}

/** Adds a member or an element at the end of an object or list. All that is there stays, to the byte but for blanks. */
const insert = (text: string, parent: Node, print: (indent: string) => string) => {
  const { eol, unit } = styleOf(text)
  const close = parent.offset + parent.length - 1
  const outer = indentAt(text, parent.offset)
  const last = parent.children?.at(-1)
  if (last !== undefined) {
    const { at, commaAt, isLastLine } = placeAfter(text, last, close)
    const indent = startsLine(text, last.offset) ? indentAt(text, last.offset) : outer + unit
    const before = commaAt === undefined ? text.slice(0, at) : `${text.slice(0, commaAt)},${text.slice(commaAt, at)}`
    const after = isLastLine ? eol + outer + text.slice(close) : text.slice(at)
    return before + eol + indent + print(indent) + after
  }
  const indent = outer + unit
  const start = parent.offset + 1
  const inside = text.slice(start, close)
  const kept = inside.trimEnd()
  return text.slice(0, start) + kept + eol + indent + print(indent) + eol + outer + text.slice(close)
}

const printed = (text: string, value: unknown) => {
  const { eol, unit } = styleOf(text)
  return (indent: string) => JSON.stringify(value, null, unit).replaceAll("\n", eol + indent)
}

/** Puts a value at a path, in place of the one that is there. */
const put = (text: string, root: Node, path: ReadonlyArray<string>, value: unknown) => {
  const present = findNodeAtLocation(root, [...path])
  if (present !== undefined) {
    const { length, offset } = present
    const print = printed(text, value)
    return text.slice(0, offset) + print(indentAt(text, offset)) + text.slice(offset + length)
  }
  const depth = path.findLastIndex((_, index) => findNodeAtLocation(root, path.slice(0, index)) !== undefined)
  const parent = findNodeAtLocation(root, path.slice(0, depth)) ?? root
  const nested = path.slice(depth + 1).reduceRight((inner, name) => ({ [name]: inner }), value)
  const print = printed(text, nested)
  return insert(text, parent, (indent) => `${JSON.stringify(path[depth])}: ${print(indent)}`)
}

/** Takes a member or an element out of its parent. Unlike jsonc-parser's own removal it keeps the comments around it. */
const take = (text: string, parent: Node, node: Node) => {
  const siblings = parent.children ?? []
  const inside = { offset: parent.offset + 1, length: parent.length - 2 }
  const around = without(text.slice(0, inside.offset + inside.length), [node]).slice(inside.offset)
  if (/^[\s,]*$/u.test(around)) return without(text, [inside])
  const previous = siblings[siblings.indexOf(node) - 1]
  const after = commaAfter(text, node.offset + node.length)
  const before = previous === undefined ? [] : commaAfter(text, previous.offset + previous.length)
  return without(text, [node, ...(after.length > 0 ? after : before)])
}

const setOne = (before: Changed, { keeps, path, value }: Wanted): Edited =>
  Either.gen(function* () {
    const root = yield* parse(before.text)
    yield* checkPath(root, path)
    const node = findNodeAtLocation(root, [...path])
    const present: unknown = node === undefined ? undefined : getNodeValue(node)
    if (node !== undefined && (same(present, value) || keeps?.(present) === true)) return before
    return { text: put(before.text, root, path, value), paths: [...before.paths, path.join(".")] }
  })

const dropOne = (before: Changed, path: ReadonlyArray<string>): Edited =>
  Either.gen(function* () {
    const root = yield* parse(before.text)
    yield* checkPath(root, path)
    const property = findNodeAtLocation(root, [...path])?.parent
    const parent = property?.parent
    return property === undefined || parent === undefined
      ? before
      : { text: take(before.text, parent, property), paths: [...before.paths, path.join(".")] }
  })

const elementWith = (list: Node, id: string) =>
  list.children?.find((element) => findNodeAtLocation(element, ["id"])?.value === id)

type Element = Change["elements"][number]

const findList = (text: string, path: ReadonlyArray<string>) =>
  Either.gen(function* () {
    const root = yield* parse(text)
    yield* checkPath(root, path)
    const list = findNodeAtLocation(root, [...path])
    if (list !== undefined && list.type !== "array") return yield* Either.left(`${path.join(".")} is no list in it`)
    return { root, list }
  })

const addElement = (before: Changed, { path, value }: Element): Edited =>
  Either.map(findList(before.text, path), ({ list, root }) => {
    const { paths, text } = before
    const changed = [...paths, path.join(".")]
    if (list === undefined) return { text: put(text, root, path, [value]), paths: changed }
    return elementWith(list, value.id) === undefined
      ? { text: insert(text, list, printed(text, value)), paths: changed }
      : before
  })

const dropElement = (before: Changed, { path, value }: Element): Edited =>
  Either.map(findList(before.text, path), ({ list }) => {
    const element = list === undefined ? undefined : elementWith(list, value.id)
    return list === undefined || element === undefined
      ? before
      : { text: take(before.text, list, element), paths: [...before.paths, path.join(".")] }
  })

const all = <A>(items: ReadonlyArray<A>, from: Edited, step: (before: Changed, item: A) => Edited): Edited =>
  items.reduce<Edited>((edited, item) => Either.flatMap(edited, (before) => step(before, item)), from)

const editing = (text: string, edit: (start: Edited) => Edited): Edited => {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : ""
  const body = text.slice(mark.length)
  const start = body.trim() === "" ? "{}\n" : body
  return Either.map(edit(Either.right({ text: start, paths: [] })), (changed) =>
    changed.paths.length === 0 ? { text, paths: [] } : { text: mark + changed.text, paths: changed.paths }
  )
}

/**
 * Changes a JSON file, which may hold comments and trailing commas. Everything else in it stays, to the byte. Fails with
 * the end of a sentence that says why the file can't be changed.
 */
export const change = (text: string, { drop, elements, set }: Change): Edited =>
  editing(text, (start) => all(elements, all(set, all(drop, start, dropOne), setOne), addElement))

/** Takes a member and elements out of a JSON file again. */
export const remove = (text: string, path: ReadonlyArray<string>, elements: Change["elements"]): Edited =>
  editing(text, (start) => all(elements, all([path], start, dropOne), dropElement))
