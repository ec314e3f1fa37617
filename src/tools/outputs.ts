import * as Schema from "effect/Schema"
import type { FileId, Rows, RunId, ScheduleId } from "../sequentum/schemas/common.ts"
import { optional } from "./Param.ts"

/** A hint to the caller, such as what was omitted to keep a result short. */
export const notice = optional(Schema.String)

/** The `notice` of a result: the texts that there are, one after the other. */
export const noticeOf = (...texts: ReadonlyArray<string | undefined>): { readonly notice?: string } => {
  const said = texts.filter((text) => text !== undefined)
  return said.length === 0 ? {} : { notice: said.join(" ") }
}

/** How many rows a list was sent with, readable or not. */
export const sentRows = (found: Rows<unknown>): number => found.length + (found.unreadable ?? 0)

/** Lists as one. */
export const joinRows = <A>(lists: ReadonlyArray<Rows<A>>): Rows<A> => {
  const count = lists.reduce((sum, list) => sum + (list.unreadable ?? 0), 0)
  const all = lists.flat()
  return count === 0 ? all : Object.assign(all, { unreadable: count })
}

/** Says that rows of a list could not be read; undefined if all could. */
export const unreadable = (found: Rows<unknown>): string | undefined => {
  const { unreadable: count } = found
  if (count === undefined) return undefined
  return count === 1
    ? `One of ${sentRows(found)} rows that Sequentum sent could not be read and is left out.`
    : `${count} of ${sentRows(found)} rows that Sequentum sent could not be read and are left out.`
}

const idNumber = optional(Schema.Number)
const idText = optional(Schema.String)

/** An id in a result: a number or, where JavaScript has none for it, its digits. */
export const runIdFields = { runId: idNumber, runIdText: idText }
export const scheduleIdFields = { scheduleId: idNumber, scheduleIdText: idText }
export const fileIdFields = { fileId: idNumber, fileIdText: idText }

export const showRunId = (id: RunId | undefined) =>
  typeof id === "string" ? { runIdText: id } : id === undefined ? {} : { runId: id }

export const showScheduleId = (id: ScheduleId | undefined) =>
  typeof id === "string" ? { scheduleIdText: id } : id === undefined ? {} : { scheduleId: id }

export const showFileId = (id: FileId) => (typeof id === "string" ? { fileIdText: id } : { fileId: id })

export const Pagination = Schema.Struct({
  pageIndex: Schema.Number,
  recordsPerPage: Schema.Number,
  totalRecordCount: optional(Schema.Number),
  hasMore: Schema.Boolean
})

/** Where a page stands. Without a total, a full page means that there may be more. */
export const pagination = (
  page: { readonly pageIndex: number; readonly recordsPerPage: number },
  found: number,
  totalRecordCount: number | undefined
): typeof Pagination.Type => ({
  pageIndex: page.pageIndex,
  recordsPerPage: page.recordsPerPage,
  ...(totalRecordCount === undefined ? {} : { totalRecordCount }),
  hasMore:
    totalRecordCount === undefined
      ? found >= page.recordsPerPage
      : (page.pageIndex - 1) * page.recordsPerPage + found < totalRecordCount
})

/** `A` without the values that are undefined. */
export type Defined<A> = {
  readonly [Key in keyof A as undefined extends A[Key] ? never : Key]: A[Key]
} & {
  readonly [Key in keyof A as undefined extends A[Key] ? Key : never]?: Exclude<A[Key], undefined>
}

/** Drops what is undefined. Called for each row of a list, where spreading conditions took 20 times as long. */
export function defined<A extends object>(fields: A): Defined<A>
export function defined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept
}

/** Keeps the keys of `source` that are set. */
export function pick<A extends object, const Keys extends ReadonlyArray<keyof A>>(
  source: A,
  keys: Keys
): Defined<Pick<A, Keys[number]>>
export function pick(source: Readonly<Record<string, unknown>>, keys: ReadonlyArray<string>) {
  const kept: Record<string, unknown> = {}
  for (const key of keys) if (source[key] !== undefined) kept[key] = source[key]
  return kept
}

/** Keeps what `source` has of the fields of an output Schema. */
export function pickFields<F extends Schema.Struct.Fields, A extends object>(
  output: Schema.Struct<F>,
  source: A
): Defined<Pick<A, keyof A & keyof F>>
export function pickFields(output: Schema.Struct<Schema.Struct.Fields>, source: Readonly<Record<string, unknown>>) {
  const kept: Record<string, unknown> = {}
  for (const key in output.fields) if (source[key] !== undefined) kept[key] = source[key]
  return kept
}

const maxSummaryLength = 200

/** A text cut to the length that a row of a list has room for. */
export const shortened = (text: string | undefined) =>
  text !== undefined && text.length > maxSummaryLength ? `${text.slice(0, maxSummaryLength - 1)}…` : text

const byteUnits = ["bytes", "KB", "MB", "GB", "TB"] as const

/** A size for people, in powers of 1024, such as `1.4 MB`. */
export const readableBytes = (bytes: number): string => {
  const exponent = Math.min(byteUnits.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${exponent === 0 ? value : value.toFixed(1)} ${byteUnits[exponent] ?? "bytes"}`
}
