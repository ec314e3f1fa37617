import { Tokenizer, TokenType } from "@streamparser/json"
import { isSafeNumber } from "lossless-json"
import { Columns } from "./Columns.ts"
import { Unreadable } from "./errors.ts"
import type { Json } from "./protocol.ts"
import type { Reader, TakeRow } from "./Reader.ts"

const maxDepth = 64

/** The longest record, in bytes. */
const maxRecordBytes = 8 * 2 ** 20

/** How much is held back of a file until it is clear which of its values are rows, in bytes. */
const maxHeldBytes = 2 ** 20

const tooLong = "its records are too long"

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

/** A number as JSON has it: exact, whatever it takes. */
export const exactNumber = (text: string): number | bigint | string => {
  if ((text.length <= 15 && !/e/iu.test(text)) || isSafeNumber(text)) return Number(text)
  if (!/^-?\d{1,19}$/u.test(text)) return text
  const integer = BigInt(text)
  return integer >= minInt64 && integer <= maxInt64 ? integer : text
}

/** The library hands numbers on as doubles only. */
class ExactTokenizer extends Tokenizer {
  numberText = ""
  protected override parseNumber(text: string): number {
    this.numberText = text
    return 0
  }
}

interface JsonObject {
  [key: string]: Json | undefined
}

interface ListFrame {
  readonly items: Array<Json>
  readonly members?: never
}
interface ObjectFrame {
  readonly members: JsonObject
  key: string
  readonly items?: never
}
type Frame = ListFrame | ObjectFrame

type Expected = "value" | "valueOrEnd" | "keyOrEnd" | "key" | "colon" | "commaOrEnd"

const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)
const isObject = (value: Json | undefined): value is { readonly [key: string]: Json | undefined } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isRecords = (value: Json | undefined): value is ReadonlyArray<Json> =>
  isList(value) && value.length > 0 && value.every(isObject)

const listed = (names: ReadonlyArray<string>) =>
  names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`

/**
 * Reads records of JSON: the elements of a list, of the only list of objects in an object or, where values follow each
 * other, those values. `isLines` says that they do.
 */
export const jsonReader = (isLines: boolean, take: TakeRow): Reader => {
  const columns = new Columns()
  const stack: Array<Frame> = []
  const notes: Array<string> = []
  let expected: Expected = "value"
  /** The first value of the file, while it is open whether it is a row or holds the rows. */
  let held: { readonly value: Json } | undefined
  let roots = 0
  let rows = 0
  let isEnough = false
  let problem: string | undefined
  let isFinished = false
  let isEnding = false
  let depth = 0
  /** Members whose name an object has twice. */
  let repeated = 0
  /** Where the first value, and where the present record, begins. */
  let recordAt = 0
  /** In characters, which are never more than the bytes. */
  let written = 0
  /** Elements of the list in the first value are rows as they come. */
  let streams = false
  let streamedMember: string | undefined

  const take1 = (value: Json) => {
    if (isEnough) return
    rows += 1
    const cells: Array<Json | undefined> = []
    const put = (name: string, cell: Json | undefined) => {
      const place = columns.place(name)
      if (place < 0) return
      while (cells.length < place) cells.push(undefined)
      cells[place] = cell
    }
    if (isObject(value)) for (const name in value) put(name, value[name])
    else if (isList(value)) value.forEach((cell, index) => put(`column${index + 1}`, cell))
    else put("value", value)
    isEnough = !take(cells)
  }

  /** The rows of a file that is one object. */
  const unwrap = (value: { readonly [key: string]: Json | undefined }) => {
    const lists = Object.keys(value).filter((name) => isRecords(value[name]))
    const [name] = lists
    if (name === undefined || lists.length > 1) {
      if (lists.length > 1) notes.push(`The file is one object with several lists of objects: ${listed(lists)}.`)
      take1(value)
      return
    }
    sayMember(name, Object.keys(value))
    const records = value[name]
    if (isList(records)) records.forEach(take1)
  }
  const sayMember = (name: string, members: ReadonlyArray<string>) => {
    const others = members.filter((one) => one !== name)
    notes.push(
      `The rows are the elements of ${JSON.stringify(name)}${others.length === 0 ? "." : `; beside it the file has ${listed(others)}.`}`
    )
  }

  /** The held value turns out to be a row, since others follow. */
  const flushAsRow = () => {
    if (held === undefined) return
    const { value } = held
    held = undefined
    take1(value)
  }

  const rootEnded = (value: Json) => {
    roots += 1
    if (isLines || roots > 1) {
      flushAsRow()
      if (!(streams && isList(value))) take1(value)
    } else if (streamedMember !== undefined && isObject(value)) sayMember(streamedMember, Object.keys(value))
    else if (!streams) held = { value }
  }

  /** A value that has just been added to `frame`, which is now the innermost. */
  const added = (frame: Frame, at: number) => {
    if (isLines || frame.items === undefined) return
    if (stack.length === 1) {
      const [first] = frame.items
      if (!streams && roots === 0 && (isObject(first) || isList(first) || at > maxHeldBytes)) streams = true
      if (streams) frame.items.splice(0).forEach(take1)
    } else if (stack.length === 2 && roots === 0) {
      const [root] = stack
      if (root?.members === undefined) return
      if (streamedMember === undefined && at > maxHeldBytes && isRecords(frame.items)) {
        const others = Object.keys(root.members).filter((name) => isRecords(root.members[name]))
        if (others.length === 0) streamedMember = root.key
      }
      if (streamedMember === root.key) frame.items.splice(0).forEach(take1)
    }
  }

  const complete = (value: Json, at: number) => {
    const frame = stack.at(-1)
    if (frame === undefined) {
      expected = "value"
      recordAt = at
      rootEnded(value)
      return
    }
    if (frame.items === undefined) {
      if (frame.key in frame.members) repeated += 1
      frame.members[frame.key] = value
    } else frame.items.push(value)
    expected = "commaOrEnd"
    const before = rows
    added(frame, at)
    if (rows > before) recordAt = at
  }

  const tokenizer = new ExactTokenizer({ separator: "" })
  const fail = (words: string) => {
    problem ??= words
  }
  const open = (frame: Frame, next: Expected) => {
    depth += 1
    if (depth > maxDepth) {
      fail(`it is nested deeper than ${maxDepth} levels`)
      return
    }
    stack.push(frame)
    expected = next
  }
  const close = (isListEnd: boolean, at: number) => {
    const frame = stack.at(-1)
    const isOpen = expected === "commaOrEnd" || expected === (isListEnd ? "valueOrEnd" : "keyOrEnd")
    if (frame === undefined || !isOpen || (frame.items !== undefined) !== isListEnd) {
      fail("it is not valid JSON")
      return
    }
    stack.pop()
    depth -= 1
    complete(frame.items ?? frame.members, at)
  }

  tokenizer.onError = () => fail("it is not valid JSON")
  tokenizer.onToken = ({ offset, token, value }) => {
    // A number that the end of the file cuts might have had more digits.
    if (isEnough || problem !== undefined || (isEnding && stack.length > 0)) return
    if (offset - recordAt > maxRecordBytes) {
      fail(tooLong)
      return
    }
    const frame = stack.at(-1)
    const wantsValue = expected === "value" || expected === "valueOrEnd"
    switch (token) {
      case TokenType.COMMA:
        if (expected !== "commaOrEnd" || frame === undefined) {
          fail("it is not valid JSON")
          return
        }
        expected = frame.items === undefined ? "key" : "value"
        return
      case TokenType.COLON:
        if (expected !== "colon") {
          fail("it is not valid JSON")
          return
        }
        expected = "value"
        return
      case TokenType.RIGHT_BRACE: {
        close(false, offset)
        return
      }
      case TokenType.RIGHT_BRACKET: {
        close(true, offset)
        return
      }
      case TokenType.STRING:
        if (frame?.members !== undefined && (expected === "key" || expected === "keyOrEnd")) {
          frame.key = String(value)
          expected = "colon"
          return
        }
        break
      case TokenType.SEPARATOR:
        return
    }
    if (!wantsValue) {
      fail("it is not valid JSON")
      return
    }
    if (token === TokenType.LEFT_BRACE) open({ members: newObject(), key: "" }, "keyOrEnd")
    else if (token === TokenType.LEFT_BRACKET) open({ items: [] }, "valueOrEnd")
    else complete(token === TokenType.NUMBER ? exactNumber(tokenizer.numberText) : value, offset)
  }

  /** Rows of what is open where the file ends or breaks off. */
  const salvage = () => {
    const [root, list] = stack
    if (roots > 0 || root === undefined) return
    if (root.items !== undefined) {
      root.items.splice(0).forEach(take1)
      return
    }
    if (streamedMember !== undefined) return
    if (list?.items !== undefined && isRecords(list.items)) root.members[root.key] = list.items
    if (Object.values(root.members).filter(isRecords).length === 1) unwrap(root.members)
  }

  const finish = () => {
    if (isEnough) return
    const isCut = problem === undefined && stack.length > 0
    const why = isCut ? "it ends in the middle of a record" : problem
    if (held !== undefined && roots === 1 && why === undefined) {
      const { value } = held
      held = undefined
      if (isList(value)) value.forEach(take1)
      else if (isObject(value)) unwrap(value)
      else take1(value)
    }
    if (why === undefined) return
    flushAsRow()
    salvage()
    if (rows === 0) throw new Unreadable({ problem: why })
    notes.push(`Only the ${rows} rows before a fault are read: ${why}.`)
  }

  const finishOnce = async () => {
    if (isFinished) return
    isFinished = true
    await Promise.resolve()
    finish()
  }

  return {
    format: "json",
    columns,
    isUntyped: false,
    write: (text) => {
      if (isEnough || isFinished) return Promise.resolve()
      written += text.length
      tokenizer.write(text)
      if (written - recordAt > maxRecordBytes) fail(tooLong)
      return problem === undefined ? Promise.resolve() : finishOnce()
    },
    end: () => {
      if (!isEnough && !isFinished && problem === undefined && !tokenizer.isEnded) {
        tokenizer.onError = () => undefined
        isEnding = true
        tokenizer.end()
      }
      return finishOnce()
    },
    notes: () => [
      ...notes,
      ...(repeated > 0
        ? [`Names that an object has more than once: ${repeated}. Only the last value of each is read.`]
        : []),
      ...(columns.omitted > 0
        ? [
            `The file has ${columns.names.length + columns.omitted} columns: the first ${columns.names.length} are read.`
          ]
        : [])
    ]
  }
}

/** Without a prototype, so that `__proto__` is a name like any other. */
const newObject = (): JsonObject => ({ __proto__: null })
