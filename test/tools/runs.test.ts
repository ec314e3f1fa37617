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
import { fakeTools, type Fakes } from "../fakes.ts"
import { overHttp } from "../registry/upstream.ts"
import { asCaller, script } from "../support/http.ts"

const runOf = (status: RunStatus, dataCount = 0) => ({ id: RunId.make(90), status, dataCount })

const call = (fakes: Fakes, name: string, args: unknown) =>
  Effect.flatMap(ToolRegistry, (tools) => asCaller(tools.call(name, args))).pipe(
    Effect.map(({ value }) => value),
    Effect.provide(fakeTools(fakes))
  )

/** A run that is in each of these states in turn, a read apart, and stays in the last. */
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
    waiting: call({ runs: { status } }, "wait_for_run", { agentId: 7, runId: 90, timeoutSeconds }).pipe(
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

  it.effect("reads once when the run has ended already", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Failed"))
      const result = yield* wait(status).waiting
      assert.strictEqual(result["isFinal"], true)
      assert.strictEqual(reads(), 1)
    })
  )

  it.effect("gives the last state when the time is over", () =>
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

  it.effect("takes a status that it does not know as going on", () =>
    Effect.gen(function* () {
      const { status } = statusesOf(runOf("Unknown(13)"))
      const fiber = yield* Effect.fork(wait(status, 5).waiting)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))["isFinal"], false)
    })
  )

  it.effect("reports progress when something changed, and never backwards", () =>
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

  it.effect("stops reading when the caller goes away", () =>
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

  it.effect("of 45 seconds costs no more than a dozen and a half requests", () =>
    Effect.gen(function* () {
      const { reads, status } = statusesOf(runOf("Running"))
      const fiber = yield* Effect.fork(wait(status, 45).waiting)
      yield* TestClock.adjust("45 seconds")
      yield* Fiber.join(fiber)
      assert.isAtMost(reads(), 18)
      assert.isAtLeast(reads(), 8)
    })
  )
})

describe("start_agent", () => {
  it.effect("answers with the run, started on its own unless told otherwise", () =>
    Effect.gen(function* () {
      const seen: Array<StartOptions> = []
      const start = (_: unknown, options: StartOptions) => {
        seen.push(options)
        return Effect.succeed(runOf("Queuing"))
      }
      const result = yield* call({ runs: { start } }, "start_agent", { agentId: 7, inputParameters: '{"a":1}' })
      assert.deepNestedPropertyVal(result, "run.status", "Queuing")
      assert.strictEqual(seen[0]?.isExclusive, true)
      assert.strictEqual(seen[0]?.parallelism, 1)
    })
  )

  it.effect("run synchronously answers with the data, and has the whole of its own timeout", () =>
    Effect.gen(function* () {
      let timeout = Duration.zero
      const startAndWait = (_: unknown, __: unknown, given: Duration.Duration) => {
        timeout = given
        return Effect.succeed([{ title: "A" }])
      }
      const result = yield* call({ runs: { startAndWait } }, "start_agent", {
        agentId: 7,
        isRunSynchronously: true,
        timeout: 600
      })
      assert.deepStrictEqual(result["data"], [{ title: "A" }])
      assert.strictEqual(Duration.toSeconds(timeout), 600)
    })
  )

  it.effect("waits for a synchronous run beyond the time that one request may take, and beyond the run's own", () =>
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

  it.effect("refuses parallelism together with a synchronous run, and starts nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        call({}, "start_agent", { agentId: 7, isRunSynchronously: true, parallelism: 2 })
      )
      assert.strictEqual(error._tag, "InvalidArguments")
    })
  )
})

describe("stop_agent and kill_agent", () => {
  for (const [tool, method] of [
    ["stop_agent", "stop"],
    ["kill_agent", "kill"]
  ] as const) {
    it.effect(`${tool} tells the state that the run is in now`, () =>
      Effect.gen(function* () {
        const result = yield* call(
          { runs: { [method]: () => Effect.void, status: () => Effect.succeed(runOf("Stopping")) } },
          tool,
          { agentId: 7, runId: 90 }
        )
        assert.deepStrictEqual(result, { agentId: 7, runId: 90, status: "Stopping", isFinal: false })
      })
    )

    it.effect(`${tool} has succeeded even where the state can't be read`, () =>
      Effect.gen(function* () {
        const gone = new NotFound({ method: "GET", path: "/agent/7/run/90/status", resource: "run" })
        const result = yield* call({ runs: { [method]: () => Effect.void, status: () => Effect.fail(gone) } }, tool, {
          agentId: 7,
          runId: 90
        })
        assert.deepStrictEqual(result, { agentId: 7, runId: 90 })
      })
    )
  }
})
