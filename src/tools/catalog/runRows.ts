import * as Schema from "effect/Schema"
import { isFinal, type Run } from "../../sequentum/schemas/Run.ts"
import { epochMillis } from "../dates.ts"
import { defined, runIdFields, shortened, showRunId } from "../outputs.ts"
import * as Param from "../Param.ts"

const number = Param.optional(Schema.Number)
const text = Param.optional(Schema.String)

const runCounts = { dataCount: number, exportCount: number, errorCount: number, pageCount: number }

/** A time without milliseconds that are zero. */
export const shortTime = (time: string | undefined) => time?.replace(/\.0+(?=Z$|[+-]\d{2}:\d{2}$|$)/u, "")

/** When a run counts: at its start or, before that, at its creation. Epoch milliseconds; NaN if neither is known. */
export const runTime = ({ created, startTime }: Run): number => epochMillis(startTime ?? created ?? "")

const rowFields = {
  status: Schema.String,
  /** Only where it is false: a final status says it. */
  isFinal: Param.optional(Schema.Boolean),
  created: text,
  startTime: text,
  endTime: text,
  runTimeSec: number,
  ...runCounts
}

/** What a row shows of a run besides its id and its message. A run that has not started shows when it was created. */
const rowOf = (run: Run) =>
  defined({
    status: run.status,
    isFinal: isFinal(run.status) ? undefined : false,
    created: run.startTime === undefined ? shortTime(run.created) : undefined,
    startTime: shortTime(run.startTime),
    endTime: shortTime(run.endTime),
    runTimeSec: run.runTimeSec,
    dataCount: run.dataCount,
    exportCount: run.exportCount,
    errorCount: run.errorCount,
    pageCount: run.pageCount
  })

/** A run as a row of its agent's list. */
export const RunSummary = Schema.Struct({ ...runIdFields, ...rowFields, message: text })

export const runSummary = (run: Run): typeof RunSummary.Type => ({
  ...showRunId(run.id),
  ...rowOf(run),
  ...defined({ message: shortened(run.message) })
})

/** A run as a row among those of other agents. */
export const AgentRun = Schema.Struct({
  agentId: number,
  agentName: text,
  ...RunSummary.fields
})

export const agentRun = (run: Run): typeof AgentRun.Type => ({
  ...defined({ agentId: run.configId, agentName: run.configName }),
  ...runSummary(run)
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
    startTime: shortTime(run.startTime),
    endTime: shortTime(run.endTime),
    runTimeSec: run.runTimeSec,
    dataCount: run.dataCount,
    exportCount: run.exportCount,
    errorCount: run.errorCount,
    pageCount: run.pageCount,
    requestCount: run.requestCount,
    inputCount: run.inputCount,
    traffic: run.traffic,
    configVersion: run.configVersion,
    parallelism: run.parallelism === 1 ? undefined : run.parallelism,
    tableType: run.tableType
  })
})
