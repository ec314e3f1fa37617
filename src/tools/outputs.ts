import * as Schema from "effect/Schema"
import type { Agent } from "../sequentum/schemas/Agent.ts"
import { isFinal, type Run } from "../sequentum/schemas/Run.ts"
import { optional } from "./params.ts"

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

/** Keeps the keys of `source` that are set. */
export const pick = <A extends object, const Keys extends ReadonlyArray<keyof A>>(
  source: A,
  keys: Keys
): Pick<A, Keys[number]> => {
  const has = (entry: object): entry is Pick<A, Keys[number]> => typeof entry === "object"
  const kept = Object.fromEntries(keys.flatMap((key) => (source[key] === undefined ? [] : [[key, source[key]]])))
  return has(kept) ? kept : source
}

const longestSummaryText = 200

const shorten = (text: string) =>
  text.length > longestSummaryText ? `${text.slice(0, longestSummaryText - 1)}…` : text

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

export const agentSummary = (agent: Agent): typeof AgentSummary.Type => ({
  ...(agent.id === undefined ? {} : { agentId: agent.id }),
  ...pick(agent, ["name"]),
  ...(agent.description === undefined ? {} : { description: shorten(agent.description) }),
  status: agent.status ?? neverRun,
  ...pick(agent, ["configType", "spaceId", "version", "lastActivity"])
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

export const runSummaryRow = (run: Run): typeof RunSummaryRow.Type => ({
  runId: run.id,
  status: run.status,
  isFinal: isFinal(run.status),
  ...pick(run, ["startTime", "endTime", "runTimeSec", "dataCount", "exportCount", "errorCount", "pageCount"]),
  ...(run.message === undefined ? {} : { message: shorten(run.message) })
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

export const runDetail = (run: Run): typeof RunDetail.Type => ({
  runId: run.id,
  ...(run.configId === undefined ? {} : { agentId: run.configId }),
  ...(run.configName === undefined ? {} : { agentName: run.configName }),
  status: run.status,
  isFinal: isFinal(run.status),
  ...pick(run, [
    "message",
    "created",
    "startTime",
    "endTime",
    "runTimeSec",
    "dataCount",
    "exportCount",
    "errorCount",
    "pageCount",
    "requestCount",
    "inputCount",
    "traffic",
    "configVersion",
    "parallelism",
    "tableType"
  ])
})

const byteUnits = ["bytes", "KB", "MB", "GB", "TB"] as const

/** A size for people, in powers of 1024, such as `1.4 MB`. */
export const readableBytes = (bytes: number): string => {
  const exponent = Math.min(byteUnits.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${exponent === 0 ? value : value.toFixed(1)} ${byteUnits[exponent] ?? "bytes"}`
}
