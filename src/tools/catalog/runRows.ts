import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { isFinal, type Run } from "../../sequentum/schemas/Run.ts"
import { epochMillis } from "../dates.ts"
import { defined, pickFields, runIdFields, shortened, showRunId } from "../outputs.ts"
import * as Param from "../Param.ts"

const number = Param.optional(Schema.Number)
const text = Param.optional(Schema.String)

const runCounts = { dataCount: number, exportCount: number, errorCount: number, pageCount: number }

/** A time without milliseconds that are zero. */
const shortTime = (time: string | undefined) => time?.replace(/\.0+(?=Z$|[+-]\d{2}:\d{2}$|$)/u, "")

/** When a run counts: at its start or, before that, at its creation. Epoch milliseconds; NaN if neither is known. */
export const runTime = ({ created, startTime }: Run): number => epochMillis(startTime ?? created ?? "")

/** Two words that mean the same to most who ask. Source: docs.sequentum.com/concepts/runs. */
const sameMeaning = [
  { words: ["Failure", "Failed"], meaning: "Failure and Failed (once archived) both mean that a run failed" },
  { words: ["Success", "Completed"], meaning: "Success and Completed both mean that a run is done" }
] as const

/** Says which runs a filter leaves out that were probably meant too: those of the other word for the same. */
export const leftOut = (status: ReadonlyArray<string> = []): string | undefined => {
  const texts = sameMeaning.flatMap(({ meaning, words }) => {
    const absent = words.filter((word) => !status.includes(word))
    return absent.length === 1 ? [`${meaning}: those of status ${absent.join()} are left out.`] : []
  })
  return texts.length === 0 ? undefined : texts.join(" ")
}

/** A run as a row of its agent's list. One that has not started shows when it was created. */
export const RunSummary = Schema.Struct({
  ...runIdFields,
  status: Schema.String,
  /** Only where it is false: a final status says it. */
  isFinal: Param.optional(Schema.Boolean),
  created: text,
  startTime: text,
  endTime: text,
  runTimeSec: number,
  ...runCounts,
  message: text
})

/** What every run shows of its times and counts. */
const timesAndCounts = (run: Run) => ({
  startTime: shortTime(run.startTime),
  endTime: shortTime(run.endTime),
  runTimeSec: run.runTimeSec,
  dataCount: run.dataCount,
  exportCount: run.exportCount,
  errorCount: run.errorCount,
  pageCount: run.pageCount
})

export const runSummary = (run: Run): typeof RunSummary.Type => ({
  ...showRunId(run.id),
  ...defined({
    status: run.status,
    isFinal: isFinal(run.status) ? undefined : false,
    created: run.startTime === undefined ? shortTime(run.created) : undefined,
    ...timesAndCounts(run),
    message: shortened(run.message)
  })
})

const agentFields = { agentId: number, agentName: text }

/** A run among those of other agents. */
export const FoundRun = Schema.Struct({
  ...agentFields,
  ...Struct.pick(RunSummary.fields, "runId", "runIdText", "status", "created", "startTime", "endTime"),
  dataCount: number,
  errorCount: number,
  message: text
})

export const rowOfFound = (run: Run): typeof FoundRun.Type => ({
  ...defined({ agentId: run.configId, agentName: run.configName }),
  ...pickFields(FoundRun, runSummary(run)),
  status: run.status
})

/** A row of a wait. `problem` says why the state could not be read, or is old. */
export const WaitedRun = Schema.Struct({
  ...agentFields,
  ...Struct.pick(RunSummary.fields, "runId", "runIdText", "status", "isFinal", "runTimeSec"),
  dataCount: number,
  errorCount: number,
  message: text,
  cost: number,
  problem: text
})

export const waitedRun = (run: Run): typeof WaitedRun.Type => ({
  ...defined({ agentName: run.configName }),
  ...pickFields(WaitedRun, runSummary(run)),
  status: run.status
})

export const RunDetail = Schema.Struct({
  ...runIdFields,
  agentId: number,
  agentName: text,
  status: Schema.String,
  isFinal: Schema.Boolean,
  message: text,
  created: text,
  startTime: text,
  endTime: text,
  runTimeSec: number,
  ...runCounts,
  requestCount: number,
  inputCount: number,
  traffic: number,
  configVersion: number,
  /** Absent for one part. */
  parallelism: number,
  tableType: text
})

export const runDetail = (run: Run): typeof RunDetail.Type => ({
  ...showRunId(run.id),
  ...defined({
    agentId: run.configId,
    agentName: run.configName,
    status: run.status,
    isFinal: isFinal(run.status),
    message: run.message,
    created: shortTime(run.created),
    ...timesAndCounts(run),
    requestCount: run.requestCount,
    inputCount: run.inputCount,
    traffic: run.traffic,
    configVersion: run.configVersion,
    parallelism: run.parallelism === 1 ? undefined : run.parallelism,
    tableType: run.tableType
  })
})
