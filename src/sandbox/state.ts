import * as DateTime from "effect/DateTime"
import type { DatasetName } from "./datasets.ts"

/** The API's numbers for run states. Source: docs.sequentum.com/concepts/runs; 13 is newer than that page. */
export const Status = {
  running: 1,
  exporting: 2,
  starting: 3,
  queuing: 4,
  stopping: 5,
  failure: 6,
  failed: 7,
  stopped: 8,
  completed: 9,
  success: 10,
  skipped: 11,
  waiting: 12,
  updatingDataSet: 13
} as const

const ended: ReadonlySet<number> = new Set([6, 7, 8, 9, 10, 11])

export const isEnded = (status: number): boolean => ended.has(status)

/** Kinds of agent. Only Agent and Command can run. */
export const ConfigType = { agent: 1, sharedFile: 2, template: 3, command: 4 } as const

export type FailureKind = "login" | "captcha" | "selector" | "timeout" | "proxy" | "script"

/**
 * The data files of a run: `tables` is CSV and JSON; `jsonLines` holds nested lists; `semicolons` is also compressed; `lots`
 * has ids beyond 2^53 in one member of an object; `index` is a CSV that is generated while it is read; `samples` are files
 * of many formats, also broken ones.
 */
export type OutputKind = "tables" | "jsonLines" | "semicolons" | "lots" | "index" | "samples"

/** The fields that only the QA deployment returned in October 2026 are left out in `production`. */
export type FieldSet = "production" | "qa"

/** How the runs of an agent behave: what they extract, how long they take and how they end. */
export interface Profile {
  readonly dataset: DatasetName | null
  /** Planned length of a complete run at speed 1, in milliseconds. */
  readonly plannedMs: number
  readonly rows: number
  readonly rowsPerPage: number
  readonly outcome: "success" | "completed" | "errors" | "failure" | "flaky"
  readonly failure: FailureKind
  readonly output: OutputKind
  /** The columns of the output, where a prompt asked for some; null for all of the data set. */
  readonly columns: ReadonlyArray<string> | null
  /** The share of the rows that have a page of their own. */
  readonly detailShare: number
  /** Runs pass through status 13 after the export, and have a tracking database file. */
  readonly updatesDataSet: boolean
}

export interface Version {
  readonly version: number
  readonly userName: string | null
  readonly created: number
  readonly comments: string | null
  readonly fileSize: number
}

export interface Agent {
  readonly id: number
  readonly name: string
  readonly description: string | null
  readonly documentation: string | null
  readonly inputParameters: Readonly<Record<string, string>> | null
  readonly configType: number
  readonly proxyPoolId: number | null
  readonly spaceId: number | null
  readonly startUrl: string | null
  readonly userId: number | null
  readonly validationStatus: number | null
  readonly archived: boolean
  readonly created: number
  readonly profile: Profile
  /** Undocumented fields that the real API has returned, to test that clients tolerate them. */
  readonly extra: Readonly<Record<string, unknown>>
  /** Oldest first; the last one is current. */
  readonly versions: Array<Version>
  updated: number
  lastSequence: number
}

export interface Counts {
  readonly actionCount: number
  readonly pageCount: number
  readonly dynamicPageCount: number
  readonly requestCount: number
  readonly dataCount: number
  readonly errorCount: number
  readonly exportCount: number
  /** Bytes. */
  readonly traffic: number
}

export interface Phase {
  readonly status: number
  /** Milliseconds at speed 1. */
  readonly ms: number
}

/** The complete course of a run, computed when the run is created. */
export interface Plan {
  readonly phases: ReadonlyArray<Phase>
  readonly outcome: number
  readonly message: string | null
  readonly failure: FailureKind | null
  /** The run extracts only the rows with this value, and completes: the pages of the others were empty. */
  readonly only: { readonly column: string; readonly value: string } | null
  /** Counts at the end, unless the run is stopped. */
  readonly totals: Counts
}

export interface RunOptions {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly parallelism: number
  readonly parallelMaxConcurrency: number
  readonly parallelExport: "Combined" | "Separated"
  readonly proxyPoolId: number | null
  readonly isExclusive: boolean
  readonly isWaitOnFailure: boolean
  readonly logLevel: "Fatal" | "Error" | "Warning" | "Info"
  readonly logMode: "Text" | "TextAndHtml"
}

export interface Run {
  readonly id: number
  readonly agentId: number
  readonly sequence: number
  readonly created: number
  readonly configVersion: number
  readonly options: RunOptions
  readonly plan: Plan
  /** The speed-up factor of its phases. */
  readonly speed: number
  readonly server: string
  readonly tag: string | null
  status: number
  /** Index of the current phase in `plan.phases`; -1 before the first. */
  phase: number
  phaseSince: number
  startedAt: number | null
  endedAt: number | null
  message: string | null
  /** Counts when the run ended, or when the stop request came. */
  frozen: Counts | null
  archived: boolean
  filesRemoved: boolean
  inputsRemoved: boolean
  /** Incremented when the course changes, which cancels the events scheduled before. */
  epoch: number
}

export interface Space {
  readonly id: number
  readonly name: string
  readonly created: number | null
  readonly isDefaultAccess: boolean
  readonly scope: "Private" | "Public"
  readonly runRetentionHours: number | null
}

export type UsageType =
  "RunUsage" | "ExportDataBandwidth" | "ExportDataCpm" | "InputCount" | "ProxyUsage" | "AgentBuilder"

/** One charge. A run is charged once, when it ends, so that every report has the same date for its cost. */
export interface Usage {
  readonly agentId: number
  readonly runId: number | null
  readonly type: UsageType
  /** Ten-thousandths of a credit. */
  readonly amount: number
  readonly at: number
}

/** A grant of credits. The grant that expires first is spent first. */
export interface Grant {
  readonly expiresAt: number | null
  /** Ten-thousandths of a credit. */
  remaining: number
}

export interface Transaction {
  readonly id: number
  readonly type: "Initial" | "Credit" | "Debit" | "Refund" | "Expiration" | "Adjustment" | "WriteOff"
  /** Ten-thousandths of a credit; negative for a debit. */
  readonly amount: number
  readonly balance: number
  readonly created: number
  readonly expiresAt: number | null
  readonly message: string | null
}

/** A schedule of an agent. `kind`: 0 none, 1 once, 2 at an interval, 3 cron. */
export interface Schedule {
  readonly id: number
  readonly agentId: number
  readonly name: string
  readonly kind: number
  readonly cron: string | null
  readonly localSchedule: string | null
  readonly timezone: string
  readonly startTime: number | null
  readonly runEveryCount: number | null
  readonly runEveryPeriod: number | null
  readonly inputParameters: string | null
  readonly options: RunOptions
  readonly serverGroupId: number | null
  readonly created: number
  readonly updated: number
  isEnabled: boolean
  nextRunAt: number | null
  lastRunId: number | null
}

/** A build of an agent from a prompt. */
export interface Session {
  readonly id: string
  readonly prompt: string
  readonly spaceId: number | null
  readonly startedAt: number
  status: "processing" | "ready" | "completed" | "error" | "cancelled"
  agentId: number | null
  error: string | null
  endedAt: number | null
}

interface Event {
  readonly at: number
  readonly fire: () => void
}

/** The state of one account. Only requests and `advance` change it; neither is interrupted by the other. */
export interface World {
  /** Speed-up factor of simulated work. */
  speed: number
  readonly fields: FieldSet
  readonly organizationId: number
  readonly organizationName: string
  readonly spaces: ReadonlyArray<Space>
  readonly agents: Map<number, Agent>
  /** In order of creation. */
  readonly runs: Map<number, Run>
  /** The same runs by agent. */
  readonly runsByAgent: Map<number, Array<Run>>
  /** The runs that have not ended. */
  readonly active: Set<Run>
  readonly schedules: Map<number, Schedule>
  readonly sessions: Map<string, Session>
  readonly usage: Array<Usage>
  readonly grants: Array<Grant>
  /** Oldest first. */
  readonly transactions: Array<Transaction>
  readonly events: Array<Event>
  /** Milliseconds since 1970; while an event fires, its due time. */
  now: number
  lastRunId: number
  lastScheduleId: number
  lastSession: number
}

/** Schedules an event. Events with the same time fire in the order they were scheduled. */
export const scheduleAt = (world: World, time: number, fire: () => void): void => {
  let low = 0
  let high = world.events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((world.events[middle]?.at ?? 0) > time) high = middle
    else low = middle + 1
  }
  world.events.splice(low, 0, { at: time, fire })
}

/** Advances the simulation to `now`. Nothing else makes it move. */
export const advance = (world: World, now: number): void => {
  for (let next = world.events[0]; next !== undefined && next.at <= now; next = world.events[0]) {
    world.events.shift()
    world.now = Math.max(world.now, next.at)
    next.fire()
  }
  world.now = Math.max(world.now, now)
}

/** ISO 8601 in UTC, the format of every time in the API. */
export const iso = (time: number): string => DateTime.formatIso(DateTime.unsafeMake(time))

export const isoOrNull = (time: number | null): string | null => (time === null ? null : iso(time))

export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000
export const days = (count: number): number => count * 86_400_000

/** The runs of an agent, newest first. */
export const runsOf = (world: World, agentId: number): ReadonlyArray<Run> =>
  [...(world.runsByAgent.get(agentId) ?? [])].reverse()

/** The newest run of an agent. */
export const latestRunOf = (world: World, agentId: number): Run | undefined => world.runsByAgent.get(agentId)?.at(-1)

export const addRun = (world: World, run: Run): void => {
  world.runs.set(run.id, run)
  const runs = world.runsByAgent.get(run.agentId)
  if (runs === undefined) world.runsByAgent.set(run.agentId, [run])
  else runs.push(run)
}

export const removeRun = (world: World, run: Run): void => {
  world.runs.delete(run.id)
  const runs = world.runsByAgent.get(run.agentId)
  runs?.splice(runs.indexOf(run), 1)
}

export const spaceName = (world: World, spaceId: number | null): string | null =>
  world.spaces.find((space) => space.id === spaceId)?.name ?? null
