import * as Schema from "effect/Schema"
import type { Agent } from "../sequentum/schemas/Agent.ts"
import { isFinal, type Run } from "../sequentum/schemas/Run.ts"
import { optional } from "./Param.ts"

const word = Schema.String
const count = Schema.Number

/** Words put in place of what was left out to keep a result short. */
export const notice = optional(Schema.String)

export const Pagination = Schema.Struct({
  pageIndex: count,
  recordsPerPage: count,
  totalRecordCount: optional(count),
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

/** Leaves out what is undefined. Called for each row of a list, where spreading conditions would be far slower. */
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

const longestSummaryText = 200

const shortened = (text: string | undefined) =>
  text !== undefined && text.length > longestSummaryText ? `${text.slice(0, longestSummaryText - 1)}…` : text

/** What stands for the status of an agent that has not run yet. */
export const neverRun = "NeverRun"

export const AgentSummary = Schema.Struct({
  agentId: optional(count),
  name: optional(Schema.String),
  description: optional(Schema.String),
  status: word,
  configType: optional(word),
  spaceId: optional(count),
  version: optional(count),
  lastActivity: optional(Schema.String)
})

export const agentSummary = (agent: Agent): typeof AgentSummary.Type =>
  defined({
    agentId: agent.id,
    name: agent.name,
    description: shortened(agent.description),
    status: agent.status ?? neverRun,
    configType: agent.configType,
    spaceId: agent.spaceId,
    version: agent.version,
    lastActivity: agent.lastActivity
  })

const runCounts = {
  dataCount: optional(count),
  exportCount: optional(count),
  errorCount: optional(count),
  pageCount: optional(count)
}

export const RunSummaryRow = Schema.Struct({
  runId: count,
  status: word,
  isFinal: Schema.Boolean,
  startTime: optional(Schema.String),
  endTime: optional(Schema.String),
  runTimeSec: optional(count),
  ...runCounts,
  message: optional(Schema.String)
})

export const runSummaryRow = (run: Run): typeof RunSummaryRow.Type =>
  defined({
    runId: run.id,
    status: run.status,
    isFinal: isFinal(run.status),
    startTime: run.startTime,
    endTime: run.endTime,
    runTimeSec: run.runTimeSec,
    dataCount: run.dataCount,
    exportCount: run.exportCount,
    errorCount: run.errorCount,
    pageCount: run.pageCount,
    message: shortened(run.message)
  })

export const RunDetail = Schema.Struct({
  runId: count,
  agentId: optional(count),
  agentName: optional(Schema.String),
  status: word,
  isFinal: Schema.Boolean,
  message: optional(Schema.String),
  created: optional(Schema.String),
  startTime: optional(Schema.String),
  endTime: optional(Schema.String),
  runTimeSec: optional(count),
  ...runCounts,
  requestCount: optional(count),
  inputCount: optional(count),
  traffic: optional(count),
  configVersion: optional(count),
  parallelism: optional(count),
  tableType: optional(word)
})

export const runDetail = (run: Run): typeof RunDetail.Type =>
  defined({
    runId: run.id,
    agentId: run.configId,
    agentName: run.configName,
    status: run.status,
    isFinal: isFinal(run.status),
    message: run.message,
    created: run.created,
    startTime: run.startTime,
    endTime: run.endTime,
    runTimeSec: run.runTimeSec,
    dataCount: run.dataCount,
    exportCount: run.exportCount,
    errorCount: run.errorCount,
    pageCount: run.pageCount,
    requestCount: run.requestCount,
    inputCount: run.inputCount,
    traffic: run.traffic,
    configVersion: run.configVersion,
    parallelism: run.parallelism,
    tableType: run.tableType
  })

const byteUnits = ["bytes", "KB", "MB", "GB", "TB"] as const

/** A size for people, in powers of 1024, such as `1.4 MB`. */
export const readableBytes = (bytes: number): string => {
  const exponent = Math.min(byteUnits.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${exponent === 0 ? value : value.toFixed(1)} ${byteUnits[exponent] ?? "bytes"}`
}
