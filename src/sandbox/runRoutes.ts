import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ApiError, badRequest, conflict, notFound, unprocessable } from "./errors.ts"
import { filesOf, runRows } from "./files.ts"
import { maybe, read, readInputParameters, whole, wholeText } from "./input.ts"
import type { Call, Route } from "./route.ts"
import { agentInPath, empty, json, pathId, runInPath } from "./route.ts"
import { defaultOptions, refusal, release, runView, start, stop, terminate } from "./runs.ts"
import type { Agent, Run, RunOptions, World } from "./state.ts"
import { isEnded, iso, removeRun, runsOf, Status } from "./state.ts"

/** Run options, common to starts and schedules. Source: docs.sequentum.com/api-reference/schedules/create. */
export const optionFields = {
  inputParameters: maybe(Schema.String),
  parallelism: maybe(whole(1, 50)),
  parallelMaxConcurrency: maybe(whole(1, 50)),
  parallelExport: maybe(Schema.Literal("Combined", "Separated")),
  proxyPoolId: maybe(whole(0)),
  isExclusive: maybe(Schema.Boolean),
  isWaitOnFailure: maybe(Schema.Boolean),
  logLevel: maybe(Schema.Literal("Fatal", "Error", "Warning", "Info")),
  logMode: maybe(Schema.Literal("Text", "TextAndHtml"))
}

/** Adds defaults for absent options. Fails with 400 if the input parameters are not a JSON object. */
export const toOptions = (
  body: Schema.Struct.Type<typeof optionFields>,
  agent: Agent
): Effect.Effect<RunOptions, ApiError> =>
  Effect.map(readInputParameters(body.inputParameters), (inputs) => ({
    inputs,
    parallelism: body.parallelism ?? defaultOptions.parallelism,
    parallelMaxConcurrency: body.parallelMaxConcurrency ?? defaultOptions.parallelMaxConcurrency,
    parallelExport: body.parallelExport ?? defaultOptions.parallelExport,
    proxyPoolId: body.proxyPoolId ?? agent.proxyPoolId,
    isExclusive: body.isExclusive ?? defaultOptions.isExclusive,
    isWaitOnFailure: body.isWaitOnFailure ?? defaultOptions.isWaitOnFailure,
    logLevel: body.logLevel ?? defaultOptions.logLevel,
    logMode: body.logMode ?? defaultOptions.logMode
  }))

const StartBody = Schema.Struct({
  ...optionFields,
  timeout: maybe(whole(1, 3600)),
  isRunSynchronously: maybe(Schema.Boolean)
})

/** Waits until the run has ended or `deadline` has passed. The steps are short, to notice a stop. */
const waitForEnd = (call: Call, run: Run, deadline: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!isEnded(run.status) && call.world.runs.has(run.id)) {
      const now = yield* Clock.currentTimeMillis
      if (now >= deadline) return
      const next = call.world.events[0]?.at ?? deadline
      yield* Effect.sleep(Math.max(1, Math.min(next - now, deadline - now, 1000)))
      yield* call.advance
    }
  })

/** The response of a synchronous start: the data. Unverified: the errors for a run that fails or ends too late. */
const respondWithData = (call: Call, agent: Agent, run: Run, timeout: number) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* waitForEnd(call, run, now + timeout * 1000)
    if (!isEnded(run.status)) {
      return yield* new ApiError({
        status: 408,
        code: "run_timeout",
        message: `Run ${run.id} did not end within ${timeout} seconds. It goes on.`
      })
    }
    return run.status === Status.success || run.status === Status.completed
      ? json(runRows(agent, run))
      : yield* unprocessable("run_failed", run.message ?? `Run ${run.id} ended without data.`)
  })

const RecordsQuery = Schema.Struct({ maxRecords: maybe(wholeText(1, 1000)) })

const statusNames: Readonly<Record<number, string>> = {
  1: "Running",
  2: "Exporting",
  3: "Starting",
  4: "Queuing",
  5: "Stopping",
  6: "Failure",
  7: "Failed",
  8: "Stopped",
  9: "Completed",
  10: "Success",
  11: "Skipped",
  12: "Waiting",
  13: "UpdatingDataSet"
}

const RemoveQuery = Schema.Struct({
  removeMethod: maybe(Schema.Literal("RemoveEntireRun", "RemoveAllFiles", "RemoveAllFilesAndAgentInput"))
})

const remove = (
  world: World,
  run: Run,
  method: "RemoveEntireRun" | "RemoveAllFiles" | "RemoveAllFilesAndAgentInput"
) => {
  if (method === "RemoveEntireRun") {
    removeRun(world, run)
    release(world, run.agentId)
  } else {
    run.filesRemoved = true
    if (method === "RemoveAllFilesAndAgentInput") run.inputsRemoved = true
  }
}

const alreadyEnded = (run: Run) => conflict("run_ended", `Run ${run.id} has already ended.`)

const findFile = (call: Call, run: Run) =>
  Effect.flatMap(pathId(call, "fileId"), (id) => {
    const file = filesOf(call.world, run).find((file) => file.id === id)
    return file === undefined ? notFound("File", id) : Effect.succeed(file)
  })

/** Start, read, stop and remove runs, and read their files. */
export const runRoutes: ReadonlyArray<Route> = [
  {
    // 202 for an asynchronous start: docs.sequentum.com/api-reference/errors. Unverified: the status codes of refusals.
    method: "POST",
    path: "/agent/:agentId/start",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const body = yield* read(StartBody, call.body)
        const options = yield* toOptions(body, agent)
        const sync = body.isRunSynchronously === true
        if (sync && options.parallelism > 1) {
          return yield* badRequest("parallelism above 1 cannot be used with isRunSynchronously.")
        }
        const refused = refusal(call.world, agent)
        if (refused !== null) {
          return yield* (refused.code === "agent_archived" ? conflict : unprocessable)(refused.code, refused.message)
        }
        const run = start(call.world, agent, options)
        return sync ? yield* respondWithData(call, agent, run, body.timeout ?? 60) : json(runView(call.world, run), 202)
      })
  },
  {
    // Runs of the live and of the history table. Unverified: the real API lists both.
    method: "GET",
    path: "/agent/:agentId/runs",
    handle: (call) =>
      Effect.gen(function* () {
        const agent = yield* agentInPath(call)
        const { maxRecords } = yield* read(RecordsQuery, call.query)
        return json(
          runsOf(call.world, agent.id)
            .slice(0, maxRecords ?? 50)
            .map((run) => runView(call.world, run))
        )
      })
  },
  {
    method: "GET",
    path: "/agent/:agentId/runs/summary",
    handle: (call) =>
      Effect.map(agentInPath(call), (agent) => {
        const runs = runsOf(call.world, agent.id)
        const statuses = [...new Set(runs.map((run) => run.status))].sort((a, b) => a - b)
        return json({
          totalCount: runs.length,
          statusCounts: statuses.map((status) => ({
            status,
            statusName: statusNames[status] ?? "Invalid",
            count: runs.filter((run) => run.status === status).length
          }))
        })
      })
  },
  {
    // docs.sequentum.com/api-reference/agents/run-status
    method: "GET",
    path: "/agent/:agentId/run/:runId/status",
    handle: (call) => Effect.map(runInPath(call), (run) => json(runView(call.world, run)))
  },
  {
    // docs.sequentum.com/api-reference/agents/stop-run. Unverified: a second stop changes nothing.
    method: "POST",
    path: "/agent/:agentId/run/:runId/stop",
    handle: (call) =>
      Effect.flatMap(runInPath(call), (run) => {
        if (isEnded(run.status)) return alreadyEnded(run)
        if (run.status !== Status.stopping) stop(call.world, run)
        return Effect.succeed(empty())
      })
  },
  {
    // docs.sequentum.com/api-reference/agents/kill-run: the first call stops gracefully; a call while Stopping forces the end.
    method: "POST",
    path: "/agent/:agentId/run/:runId/kill",
    handle: (call) =>
      Effect.flatMap(runInPath(call), (run) => {
        if (isEnded(run.status)) return alreadyEnded(run)
        if (run.status === Status.stopping) terminate(call.world, run)
        else stop(call.world, run)
        return Effect.succeed(empty())
      })
  },
  {
    // docs.sequentum.com/api-reference/agents/delete-run. Unverified: 409 for a run in progress.
    method: "DELETE",
    path: "/agent/:agentId/run/:runId",
    handle: (call) =>
      Effect.gen(function* () {
        const run = yield* runInPath(call)
        const { removeMethod } = yield* read(RemoveQuery, call.query)
        if (!isEnded(run.status)) {
          return yield* conflict("run_in_progress", `Run ${run.id} is in progress and cannot be removed.`)
        }
        remove(call.world, run, removeMethod ?? "RemoveEntireRun")
        return empty()
      })
  },
  {
    method: "GET",
    path: "/agent/:agentId/run/:runId/files",
    handle: (call) =>
      Effect.map(runInPath(call), (run) =>
        json(
          filesOf(call.world, run).map((file) => ({
            id: file.id,
            name: file.name,
            fileType: file.fileType,
            fileSize: file.body().size,
            created: iso(file.created),
            regionId: null
          }))
        )
      )
  },
  {
    // Unverified: which 3xx code it is.
    method: "GET",
    path: "/agent/:agentId/run/:runId/file/:fileId/download",
    handle: (call) =>
      Effect.gen(function* () {
        const run = yield* runInPath(call)
        const file = yield* findFile(call, run)
        return HttpServerResponse.empty({
          status: 302,
          headers: { location: call.signedUrl(run.id, file.id, file.name) }
        })
      })
  }
]
