import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { NotFound } from "../../src/sequentum/errors.ts"
import type { StartOptions } from "../../src/sequentum/Runs.ts"
import { RunId } from "../../src/sequentum/schemas/common.ts"
import type { RunStatus } from "../../src/sequentum/schemas/Run.ts"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { asCaller } from "../support/caller.ts"
import { callOver } from "../support/fakes.ts"
import { script } from "../support/http.ts"
import { whileTimePasses } from "../support/time.ts"
import { overHttp, toolsOver } from "../support/tools.ts"
import { run } from "./runs.cases.ts"

const runOf = (status: RunStatus, dataCount = 0) => ({ id: RunId.make(90), status, dataCount })

/** A run that has each of these states in turn, one a read, and stays in the last one. */
const statusesOf = (...states: ReadonlyArray<ReturnType<typeof runOf>>) => {
  let reads = 0
  return {
    status: () =>
      Effect.sync(() => {
        const state = states[Math.min(reads, states.length - 1)]
        reads += 1
        return state ?? runOf("Running")
      }),
    reads: () => reads
  }
}

const wait = (status: () => Effect.Effect<ReturnType<typeof runOf>>, timeoutSeconds = 30) => {
  const reports: Array<ProgressReport> = []
  return {
    reports,
    waiting: callOver({ runs: { status } }, "wait_for_run", { agentId: 7, runId: 90, timeoutSeconds }).pipe(
      Effect.provideService(Progress, {
        report: (report) => Effect.sync(() => void reports.push(report))
      })
    )
  }
}

describe("wait_for_run", () => {
  it.effect("ends as soon as the run does", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Queuing"), runOf("Running"), runOf("Success", 200))
      const { waiting } = wait(status)
      const fiber = yield* Effect.fork(waiting)
      yield* TestClock.adjust("30 seconds")
      const result = yield* Fiber.join(fiber)
      assert.deepStrictEqual(result, {
        run: { runId: 90, status: "Success", isFinal: true, dataCount: 200 },
        isFinal: true,
        waitedSeconds: 3
      })
      assert.strictEqual(reads(), 3)
    })
  )

  it.effect("reads once when the run has already ended", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Failed"))
      const result = yield* wait(status).waiting
      assert.strictEqual(result["isFinal"], true)
      assert.strictEqual(reads(), 1)
    })
  )

  it.effect("returns the last state at the timeout", () =>
    Effect.gen(function* () {
      const { status } = statusesOf(runOf("Running"))
      const fiber = yield* Effect.fork(wait(status, 10).waiting)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("1 seconds")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result["isFinal"], false)
      assert.strictEqual(result["waitedSeconds"], 10)
    })
  )

  it.effect("treats an unknown status as not final", () =>
    Effect.gen(function* () {
      const { status } = statusesOf(runOf("Unknown(13)"))
      const fiber = yield* Effect.fork(wait(status, 5).waiting)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))["isFinal"], false)
    })
  )

  it.effect("reports progress only when something changed, and never backwards", () =>
    Effect.gen(function* () {
      const { status } = statusesOf(
        runOf("Queuing"),
        runOf("Queuing"),
        runOf("Running", 10),
        runOf("Running", 10),
        runOf("Running", 30),
        runOf("Success", 30)
      )
      const { reports, waiting } = wait(status)
      const fiber = yield* Effect.fork(waiting)
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        reports.map(({ message }) => message.split(",")[0]),
        ["Queuing: 0 records", "Running: 10 records", "Running: 30 records", "Success: 30 records"]
      )
      const steps = reports.map(({ progress }) => progress)
      assert.deepStrictEqual(
        steps,
        [...steps].sort((left, right) => left - right)
      )
    })
  )

  it.effect("stops reading when the call is interrupted", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Running"))
      const fiber = yield* Effect.fork(wait(status).waiting)
      yield* TestClock.adjust("3 seconds")
      const before = reads()
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(reads(), before)
    })
  )

  it.effect("sends at most 18 requests in 45 seconds", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Running"))
      const fiber = yield* Effect.fork(wait(status, 45).waiting)
      yield* TestClock.adjust("45 seconds")
      yield* Fiber.join(fiber)
      assert.isAtMost(reads(), 18)
      assert.isAtLeast(reads(), 8)
    })
  )

  it.effect("goes on while Sequentum sends a status code that this server does not know", () =>
    Effect.gen(function* () {
      const codes = [4, 13, 13, 10]
      const { call, sent } = yield* toolsOver(() => ({ body: { ...run, status: codes.shift() } }))
      const result = yield* whileTimePasses(call("wait_for_run", { agentId: 7, runId: 90 }))
      assert.strictEqual(result["isFinal"], true)
      assert.strictEqual(sent.length, 4)
    })
  )
})

describe("start_agent", () => {
  it.effect("returns the run, which is exclusive and in one part by default", () =>
    Effect.gen(function* () {
      const seen: Array<StartOptions> = []
      const start = (_: unknown, options: StartOptions) => {
        seen.push(options)
        return Effect.succeed(runOf("Queuing"))
      }
      const inputNames = () => Effect.succeed(["a"])
      const result = yield* callOver({ agents: { inputNames }, runs: { start } }, "start_agent", {
        agentId: 7,
        inputParameters: '{"a":1}'
      })
      assert.deepNestedPropertyVal(result, "run.status", "Queuing")
      assert.strictEqual(seen[0]?.isExclusive, true)
      assert.strictEqual(seen[0]?.parallelism, 1)
    })
  )

  it.effect("returns the data of a synchronous run and passes on its whole timeout", () =>
    Effect.gen(function* () {
      let timeout = Duration.zero
      const startAndWait = (_: unknown, __: unknown, given: Duration.Duration) => {
        timeout = given
        return Effect.succeed([{ title: "A" }])
      }
      const result = yield* callOver({ runs: { startAndWait } }, "start_agent", {
        agentId: 7,
        isRunSynchronously: true,
        timeout: 600
      })
      assert.deepStrictEqual(result["data"], [{ title: "A" }])
      assert.strictEqual(Duration.toSeconds(timeout), 600)
    })
  )

  it.effect("waits for a synchronous run longer than the run's own timeout", () =>
    Effect.gen(function* () {
      const { layer, seen } = script(["silence"])
      const tools = yield* Effect.provide(ToolRegistry, overHttp(layer))
      const fiber = yield* Effect.fork(
        Effect.flip(asCaller(tools.call("start_agent", { agentId: 7, isRunSynchronously: true, timeout: 600 })))
      )
      yield* TestClock.adjust("600 seconds")
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RequestTimeout")
      assert.strictEqual(seen.filter(({ method }) => method === "POST").length, 1)
      assert.propertyVal(JSON.parse(seen[0]?.body ?? ""), "timeout", 600)
    })
  )

  it.effect("sends a synchronous start in one part with its timeout", () =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(() => ({ body: [{ title: "Emma" }] }))
      const args = { agentId: 7, isRunSynchronously: true, timeout: 5 }
      assert.deepStrictEqual(yield* call("start_agent", args), { data: [{ title: "Emma" }] })
      assert.deepStrictEqual(
        sent.map(({ json }) => json),
        [
          {
            parallelism: 1,
            parallelMaxConcurrency: 1,
            parallelExport: "Combined",
            timeout: 5,
            isExclusive: true,
            isWaitOnFailure: false,
            isRunSynchronously: true,
            logLevel: "Info",
            logMode: "Text"
          }
        ]
      )
    })
  )
})

describe("stop_agent and kill_agent", () => {
  for (const [tool, method] of [
    ["stop_agent", "stop"],
    ["kill_agent", "kill"]
  ] as const) {
    it.effect(`${tool} returns the new status of the run`, () =>
      Effect.gen(function* () {
        const result = yield* callOver(
          { runs: { [method]: () => Effect.void, status: () => Effect.succeed(runOf("Stopping")) } },
          tool,
          { agentId: 7, runId: 90 }
        )
        assert.deepStrictEqual(result, { agentId: 7, runId: 90, status: "Stopping", isFinal: false })
      })
    )

    it.effect(`${tool} succeeds even if the new status can't be read`, () =>
      Effect.gen(function* () {
        const gone = new NotFound({ method: "GET", path: "/agent/7/run/90/status", resource: "run" })
        const result = yield* callOver(
          { runs: { [method]: () => Effect.void, status: () => Effect.fail(gone) } },
          tool,
          {
            agentId: 7,
            runId: 90
          }
        )
        assert.deepStrictEqual(result, { agentId: 7, runId: 90 })
      })
    )
  }
})
