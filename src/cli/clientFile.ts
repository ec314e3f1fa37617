import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"
import {
  applyEdits,
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  modify,
  parseTree,
  type JSONPath,
  type Node,
  type ParseError
} from "jsonc-parser"

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
const formatting = (text: string) => {
  const indent = /^([ \t]+)\S/mu.exec(text)?.[1] ?? "  "
  return {
    formattingOptions: {
      insertSpaces: !indent.startsWith("\t"),
      tabSize: indent.startsWith("\t") ? 1 : indent.length,
      eol: text.includes("\r\n") ? "\r\n" : "\n"
    }
  }
}

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

const put = (text: string, path: JSONPath, value: unknown, isArrayInsertion = false) =>
  applyEdits(text, modify(text, path, value, { ...formatting(text), isArrayInsertion }))

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
    return { text: put(before.text, [...path], value), paths: [...before.paths, path.join(".")] }
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
    return list
  })

const addElement = (before: Changed, { path, value }: Element): Edited =>
  Either.map(findList(before.text, path), (list) => {
    const paths = [...before.paths, path.join(".")]
    if (list === undefined) return { text: put(before.text, [...path], [value]), paths }
    return elementWith(list, value.id) === undefined
      ? { text: put(before.text, [...path, -1], value, true), paths }
      : before
  })

const dropElement = (before: Changed, { path, value }: Element): Edited =>
  Either.map(findList(before.text, path), (list) => {
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
