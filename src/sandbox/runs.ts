import { chargeRun } from "./ledger.ts"
import { random } from "./random.ts"
import type { Agent, Counts, FailureKind, Plan, Run, RunOptions, World } from "./state.ts"
import { addRun, ConfigType, days, isEnded, isoOrNull, iso, runsOf, scheduleAt, Status } from "./state.ts"

/** Defaults for the options of a start or a schedule. Unverified. */
export const defaultOptions: RunOptions = {
  inputs: {},
  parallelism: 1,
  parallelMaxConcurrency: 1,
  parallelExport: "Combined",
  proxyPoolId: null,
  isExclusive: false,
  isWaitOnFailure: false,
  logLevel: "Info",
  logMode: "Text"
}

/** How long an ended run stays live. Then it moves to the history, and status 6 becomes 7. The sandbox's own choice. */
const liveRetention = days(1)

const zeroCounts: Counts = {
  actionCount: 0,
  pageCount: 0,
  dynamicPageCount: 0,
  requestCount: 0,
  dataCount: 0,
  errorCount: 0,
  exportCount: 0,
  traffic: 0
}

/** The share of the extraction after which a run fails, and the message of the failure. */
const failures: Readonly<Record<FailureKind, { readonly after: number; readonly message: (url: string) => string }>> = {
  login: {
    after: 0.08,
    message: (url) =>
      `Login required: ${url} redirected to /account/login and the page holds a password form. No records were extracted.`
  },
  captcha: {
    after: 0.35,
    message: (url) => `Blocked by CAPTCHA: a challenge page was returned for ${url} after 3 attempts (HTTP 403).`
  },
  selector: {
    after: 0.15,
    message: (url) =>
      `Selector not found: element "//div[@class='listing-card']" did not appear on ${url} within 30 seconds.`
  },
  timeout: { after: 0.6, message: (url) => `Page load timed out after 60 seconds: ${url}` },
  proxy: {
    after: 0.05,
    message: () => "Proxy pool 12 has no working proxy left: all 20 attempts were refused (HTTP 407)."
  },
  script: {
    after: 0.45,
    message: (url) => `Script error in command "Parse date" on ${url}: String was not recognized as a valid DateTime.`
  }
}

const wholeNumber = (value: unknown): number | null => {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN
  return Number.isInteger(number) && number > 0 ? number : null
}

/** The value of a maxPages parameter in any case, or the usual number of pages of the agent. At most 60. */
const pagesToRead = ({ profile }: Agent, inputs: RunOptions["inputs"]): number => {
  const maxPages = Object.entries(inputs).find(([name]) => name.toLowerCase() === "maxpages")?.[1]
  return Math.min(wholeNumber(maxPages) ?? Math.ceil(profile.rows / profile.rowsPerPage), 60)
}

/** Every fifth run of an agent that errs gets data from one place only. */
const onlyOf = ({ profile }: Agent, sequence: number): Plan["only"] =>
  profile.outcome === "errors" && profile.dataset === "groceries" && sequence % 5 === 0
    ? { column: "store", value: "Maple Street" }
    : null

const makePlan = (agent: Agent, sequence: number, options: RunOptions): Plan => {
  const { profile } = agent
  // By its sequence and not by its id, which depends on the runs of other agents.
  const dice = random(`run/${agent.id}/${sequence}`)
  const usual = Math.max(1, Math.ceil(profile.rows / profile.rowsPerPage))
  const pages = profile.dataset === null ? 1 : pagesToRead(agent, options.inputs)
  const length = Math.min(1.4, 0.3 + (0.7 * pages) / usual) * (0.95 + dice.next() * 0.1)
  const extraction = (profile.plannedMs * 0.86 * length) / Math.min(options.parallelism, options.parallelMaxConcurrency)
  const fails = profile.outcome === "failure" || (profile.outcome === "flaky" && dice.next() < 0.5)
  const failure = failures[profile.failure]
  const reach = fails ? failure.after : 1
  const only = onlyOf(agent, sequence)
  const isClean = only === null && sequence % 4 === 2
  const erring = profile.outcome === "errors" && !isClean ? dice.int(3, 9) : 0
  const extracted = Math.max(0, (profile.dataset === null ? 0 : pages * profile.rowsPerPage) - erring)
  const rows = only === null ? extracted : Math.floor(extracted * 0.24)
  const dataCount = !fails
    ? rows
    : profile.failure === "captcha" || profile.failure === "timeout" || profile.failure === "script"
      ? Math.floor(rows * reach)
      : 0
  const pageCount = Math.max(
    1,
    Math.round((pages + dataCount * profile.detailShare) * (fails ? Math.max(reach, 0.2) : 1))
  )
  const url = agent.startUrl ?? "the start page"
  return {
    phases: [
      { status: Status.queuing, ms: profile.plannedMs * 0.02 },
      { status: Status.starting, ms: profile.plannedMs * 0.05 },
      { status: Status.running, ms: extraction * reach },
      ...(fails ? [] : [{ status: Status.exporting, ms: profile.plannedMs * 0.07 }]),
      ...(fails || !profile.updatesDataSet ? [] : [{ status: Status.updatingDataSet, ms: profile.plannedMs * 0.06 }])
    ],
    outcome: fails
      ? Status.failure
      : profile.outcome === "success" || profile.outcome === "flaky"
        ? Status.success
        : Status.completed,
    message: fails
      ? failure.message(url)
      : erring > 0
        ? `Completed with ${erring} errors: ${erring} pages could not be read and were left out.`
        : null,
    failure: fails ? profile.failure : null,
    only,
    totals: {
      actionCount: pageCount * 3 + 2,
      pageCount,
      dynamicPageCount: Math.floor(pageCount / 3),
      requestCount: pageCount * 11,
      dataCount,
      errorCount: fails ? Math.max(1, erring) : erring,
      exportCount: fails ? 0 : dataCount,
      traffic: pageCount * dice.int(380_000, 460_000)
    }
  }
}

const scaled = (speed: number, ms: number): number => Math.max(1, Math.round(ms / speed))

const share = (totals: Counts, extracted: number, exported: number): Counts => {
  const part = (value: number) => Math.floor(value * extracted)
  return {
    actionCount: part(totals.actionCount),
    pageCount: part(totals.pageCount),
    dynamicPageCount: part(totals.dynamicPageCount),
    requestCount: part(totals.requestCount),
    dataCount: part(totals.dataCount),
    errorCount: part(totals.errorCount),
    exportCount: Math.floor(totals.exportCount * exported),
    traffic: part(totals.traffic)
  }
}

/** The current counts of a run: extraction grows while it runs, export while it exports. */
export const counts = (world: World, run: Run): Counts => {
  if (run.frozen !== null) return run.frozen
  const phase = run.plan.phases[run.phase]
  if (phase === undefined) return zeroCounts
  const done = Math.min(1, (world.now - run.phaseSince) / scaled(run.speed, phase.ms))
  switch (phase.status) {
    case Status.queuing:
    case Status.starting:
      return zeroCounts
    case Status.running:
      return share(run.plan.totals, done, 0)
    case Status.exporting:
      return share(run.plan.totals, 1, done)
    default:
      return run.plan.totals
  }
}

/** Schedules a change of a run, unless its course changes first. */
const scheduleMove = (world: World, run: Run, ms: number, move: () => void): void => {
  const { epoch } = run
  scheduleAt(world, world.now + ms, () => {
    if (run.epoch === epoch && world.runs.has(run.id)) move()
  })
}

const finish = (world: World, run: Run, status: number, message: string | null): void => {
  run.frozen ??= counts(world, run)
  run.status = status
  run.message = message
  run.endedAt = world.now
  run.epoch++
  world.active.delete(run)
  chargeRun(world, run)
  scheduleAt(world, world.now + liveRetention, () => {
    run.archived = true
    if (run.status === Status.failure) run.status = Status.failed
    release(world, run.agentId)
  })
  release(world, run.agentId)
}

const enterNextPhase = (world: World, run: Run): void => {
  run.phase++
  run.phaseSince = world.now
  const phase = run.plan.phases[run.phase]
  if (phase === undefined) {
    run.frozen = run.plan.totals
    finish(world, run, run.plan.outcome, run.plan.message)
    return
  }
  run.status = phase.status
  if (phase.status === Status.starting) run.startedAt = world.now
  scheduleMove(world, run, scaled(run.speed, phase.ms), () => enterNextPhase(world, run))
}

/**
 * The status of a run that must wait, or null if it may go on. An exclusive run waits for every earlier active run of its
 * agent. A run that waits on failure also waits while the agent's last ended run is a failure in the live table. Both
 * unverified.
 */
const waitingStatus = (world: World, run: Run): number | null => {
  const isEarlier = (other: Run) => other.agentId === run.agentId && other.id < run.id
  if (run.options.isExclusive && [...world.active].some(isEarlier)) return Status.queuing
  const last = run.options.isWaitOnFailure
    ? runsOf(world, run.agentId).find((other) => isEarlier(other) && isEnded(other.status))
    : undefined
  return last?.status === Status.failure ? Status.waiting : null
}

/** Starts the waiting runs of an agent that need not wait any longer. */
export const release = (world: World, agentId: number): void => {
  for (const run of [...world.active]) {
    if (run.agentId === agentId && run.phase === -1 && run.status !== Status.stopping) {
      const waiting = waitingStatus(world, run)
      if (waiting === null) enterNextPhase(world, run)
      else run.status = waiting
    }
  }
}

const add = (world: World, agent: Agent, options: RunOptions, tag: string | null): Run => {
  world.lastRunId += 1
  agent.lastSequence += 1
  const merged = { ...options, inputs: { ...agent.inputParameters, ...options.inputs } }
  const run: Run = {
    id: world.lastRunId,
    agentId: agent.id,
    sequence: agent.lastSequence,
    created: world.now,
    configVersion: agent.versions.at(-1)?.version ?? 1,
    options: merged,
    plan: makePlan(agent, agent.lastSequence, merged),
    speed: world.speed,
    server: `worker-${(world.lastRunId % 6) + 1}`,
    tag,
    status: Status.queuing,
    phase: -1,
    phaseSince: world.now,
    startedAt: null,
    endedAt: null,
    message: null,
    frozen: null,
    archived: false,
    filesRemoved: false,
    inputsRemoved: false,
    epoch: 0
  }
  addRun(world, run)
  world.active.add(run)
  return run
}

/** Why an agent cannot be started now; null if it can. */
export const refusal = (world: World, agent: Agent): { readonly code: string; readonly message: string } | null =>
  agent.archived
    ? { code: "agent_archived", message: `Agent ${agent.id} is archived and cannot be started.` }
    : agent.configType === ConfigType.sharedFile || agent.configType === ConfigType.template
      ? { code: "not_runnable", message: `Agent ${agent.id} is a shared file or a template and cannot be started.` }
      : world.grants.every((grant) => grant.remaining === 0)
        ? { code: "insufficient_credits", message: "The organization has no credits left." }
        : null

/** Starts a run now, or puts it in the queue. */
export const start = (world: World, agent: Agent, options: RunOptions, tag: string | null = null): Run => {
  const run = add(world, agent, options, tag)
  release(world, agent.id)
  return run
}

/** Records that a due run did not take place. Source: docs.sequentum.com/concepts/runs (Skipped). */
export const skip = (world: World, agent: Agent, message: string, tag: string | null): Run => {
  const run = add(world, agent, defaultOptions, tag)
  finish(world, run, Status.skipped, message)
  return run
}

/** Stops a run: it is Stopping for a while, then Stopped. Source: docs.sequentum.com/api-reference/agents/stop-run. */
export const stop = (world: World, run: Run): void => {
  run.frozen = { ...counts(world, run), exportCount: 0 }
  run.status = Status.stopping
  run.epoch++
  scheduleMove(world, run, scaled(world.speed, 10_000), () =>
    finish(world, run, Status.stopped, "The run was stopped by a user.")
  )
}

/** Ends a run immediately. */
export const terminate = (world: World, run: Run): void =>
  finish(world, run, Status.stopped, "The run was terminated by a user.")

/** A run in the API's format. Source: docs.sequentum.com/api-reference/agents/run-status. */
export const runView = (world: World, run: Run) => {
  const agent = world.agents.get(run.agentId)
  const now = counts(world, run)
  const began = run.startedAt !== null
  return {
    id: run.id,
    configId: run.agentId,
    configName: agent?.name ?? null,
    spaceId: agent?.spaceId ?? 0,
    organizationId: world.organizationId,
    organizationName: world.organizationName,
    sequence: run.sequence,
    parallelism: run.options.parallelism,
    parallelMaxConcurrency: run.options.parallelMaxConcurrency,
    parallelExport: run.options.parallelExport,
    parallelSet: run.options.parallelism > 1 ? 1 : null,
    startTime: isoOrNull(run.startedAt),
    endTime: isoOrNull(run.endedAt),
    created: iso(run.created),
    status: run.status,
    message: run.message,
    configVersion: run.configVersion,
    ...now,
    inputCount: run.inputsRemoved || !began ? null : Object.keys(run.options.inputs).length,
    exportCount: began ? now.exportCount : null,
    traffic: began ? now.traffic : null,
    runTimeSec: run.startedAt === null ? null : Math.floor(((run.endedAt ?? world.now) - run.startedAt) / 1000),
    serverName: began ? run.server : null,
    tableType: run.archived ? "history" : "run",
    tag: run.tag
  }
}
