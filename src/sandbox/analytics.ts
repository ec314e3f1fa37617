import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ApiError, notFound } from "./errors.ts"
import { flagText, maybe, read, wholeText } from "./input.ts"
import type { Period } from "./period.ts"
import { dayStart, periodFields, readPeriod, within } from "./period.ts"
import type { Route } from "./route.ts"
import { agentInPath, json, runInPath } from "./route.ts"
import { counts } from "./runs.ts"
import type { FailureKind, Run, World } from "./state.ts"
import { days, iso, isoOrNull, runsOf, spaceName, Status } from "./state.ts"

type Group = "failed" | "completed" | "completedwitherrors" | "running" | "queued" | "stopped" | "skipped"

const groupOf = (world: World, run: Run): Group => {
  switch (run.status) {
    case Status.failure:
    case Status.failed:
      return "failed"
    case Status.completed:
    case Status.success:
      return counts(world, run).errorCount > 0 ? "completedwitherrors" : "completed"
    case Status.queuing:
    case Status.waiting:
      return "queued"
    case Status.stopped:
      return "stopped"
    case Status.skipped:
      return "skipped"
    default:
      return "running"
  }
}

/** Causes and remedies, most likely first. */
const advice: Readonly<
  Record<
    FailureKind | "errors" | "skipped",
    { readonly causes: ReadonlyArray<string>; readonly actions: ReadonlyArray<string> }
  >
> = {
  login: {
    causes: ["The site now requires a login", "The stored session or password has expired"],
    actions: ["Open the start URL in a browser and see whether it asks for a login", "Add a login step to the agent"]
  },
  captcha: {
    causes: ["The site has detected automated access", "Too many requests came from the same address"],
    actions: ["Use a proxy pool", "Lower parallelism or slow the agent down", "Run the agent again later"]
  },
  selector: {
    causes: ["The layout of the page has changed", "The page had not finished loading"],
    actions: ["Open the agent in the editor and update the selector", "Raise the waiting time of the command"]
  },
  timeout: {
    causes: ["The site is slow or was down", "The proxy is slow"],
    actions: ["Run the agent again", "Raise the page load timeout"]
  },
  proxy: {
    causes: ["All proxies of the pool are blocked or have expired", "The pool is too small for the agent"],
    actions: ["Add proxies to the pool, or use another pool", "Run the agent again later"]
  },
  script: {
    causes: ["A value on the page has a format that the script does not expect"],
    actions: ["Read the log of the run for the value", "Open the agent in the editor and correct the script"]
  },
  errors: {
    causes: ["Some pages could not be loaded or had an unexpected layout"],
    actions: ["Read the log of the run for the pages that failed", "Turn on retries for failed pages"]
  },
  skipped: {
    causes: ["The agent could not be started when its schedule was due"],
    actions: ["Unarchive the agent, or disable the schedule"]
  }
}

/** Source: docs.sequentum.com/api-reference/analytics/run-diagnostics. */
const diagnosis = (world: World, run: Run) => {
  const now = counts(world, run)
  const group = groupOf(world, run)
  const kind =
    group === "failed"
      ? (run.plan.failure ?? "timeout")
      : group === "completedwitherrors"
        ? "errors"
        : group === "skipped"
          ? "skipped"
          : null
  return {
    runId: run.id,
    agentId: run.agentId,
    agentName: world.agents.get(run.agentId)?.name ?? null,
    status: run.status,
    errorMessage: run.message,
    startTime: isoOrNull(run.startedAt),
    endTime: isoOrNull(run.endedAt),
    runtimeSeconds: run.startedAt === null ? null : Math.floor(((run.endedAt ?? world.now) - run.startedAt) / 1000),
    stats: {
      dataCount: now.dataCount,
      inputCount: run.inputsRemoved ? null : Object.keys(run.options.inputs).length,
      errorCount: now.errorCount,
      pageCount: now.pageCount,
      exportCount: now.exportCount,
      traffic: now.traffic
    },
    possibleCauses: kind === null ? [] : advice[kind].causes,
    suggestedActions: kind === null ? [] : advice[kind].actions
  }
}

const failureView = (world: World, run: Run) => {
  const agent = world.agents.get(run.agentId)
  return {
    runId: run.id,
    agentId: run.agentId,
    agentName: agent?.name ?? null,
    startTime: isoOrNull(run.startedAt),
    endTime: isoOrNull(run.endedAt),
    status: run.status,
    errorMessage: run.message,
    spaceId: agent?.spaceId ?? null,
    spaceName: spaceName(world, agent?.spaceId ?? null)
  }
}

const today = (world: World): Period => {
  const from = dayStart(world.now)
  return { from, to: from + days(1) - 1 }
}

/** Runs that started in a period. A run that never started counts at its creation. */
const runsIn = (world: World, period: Period): ReadonlyArray<Run> =>
  [...world.runs.values()].filter((run) => within(period, run.startedAt ?? run.created))

const RunsQuery = Schema.Struct({
  ...periodFields,
  status: maybe(
    Schema.compose(Schema.Lowercase, Schema.Literal("failed", "completed", "completedwitherrors", "running"))
  ),
  includeDetails: maybe(flagText)
})

const RecordsQuery = Schema.Struct({ ...periodFields, agentId: maybe(wholeText(1)) })

/** Reports about runs. In the public reference, only the diagnostics have a page. */
export const analyticsRoutes: ReadonlyArray<Route> = [
  {
    method: "GET",
    path: "/analytics/runs/summary",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const filters = yield* read(RunsQuery, query)
        const period = yield* readPeriod(filters, today(world))
        const runs = runsIn(world, period).filter(
          (run) => typeof filters.status !== "string" || groupOf(world, run) === filters.status
        )
        const failed = runs.filter((run) => groupOf(world, run) === "failed")
        const count = (group: Group) => runs.filter((run) => groupOf(world, run) === group).length
        return json({
          startDate: iso(period.from),
          endDate: iso(period.to),
          totalRuns: runs.length,
          completedRuns: count("completed"),
          failedRuns: failed.length,
          completedWithErrorsRuns: count("completedwitherrors"),
          runningRuns: count("running"),
          queuedRuns: count("queued"),
          stoppedRuns: count("stopped"),
          failedRunDetails:
            filters.includeDetails === true && failed.length > 0
              ? [...failed].reverse().map((run) => failureView(world, run))
              : null
        })
      })
  },
  {
    method: "GET",
    path: "/analytics/records/summary",
    handle: ({ query, world }) =>
      Effect.gen(function* () {
        const filters = yield* read(RecordsQuery, query)
        const period = yield* readPeriod(filters, today(world))
        const { agentId } = filters
        if (typeof agentId === "number" && !world.agents.has(agentId)) return yield* notFound("Agent", agentId)
        const runs = runsIn(world, period).filter((run) => typeof agentId !== "number" || run.agentId === agentId)
        const total = (name: "dataCount" | "exportCount" | "errorCount" | "pageCount") =>
          runs.reduce((sum, run) => sum + counts(world, run)[name], 0)
        return json({
          startDate: iso(period.from),
          endDate: iso(period.to),
          totalRecordsExtracted: total("dataCount"),
          totalRecordsExported: total("exportCount"),
          totalErrors: total("errorCount"),
          totalPageLoads: total("pageCount"),
          runCount: runs.length,
          agentId: agentId ?? null
        })
      })
  },
  {
    method: "GET",
    path: "/analytics/agents/:agentId/runs/:runId/diagnostics",
    handle: (call) => Effect.map(runInPath(call), (run) => json(diagnosis(call.world, run)))
  },
  {
    // Unverified: 404 for an agent without a failure.
    method: "GET",
    path: "/analytics/agents/:agentId/latest-failure",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const run = runsOf(call.world, agent.id).find((run) => groupOf(call.world, run) === "failed")
        return run === undefined
          ? yield* new ApiError({ status: 404, code: "no_failure", message: `Agent ${agent.id} has no failed run.` })
          : json(diagnosis(call.world, run))
      })
  }
]
