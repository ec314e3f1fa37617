import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import {
  AgentError,
  archived,
  as,
  books,
  failing,
  grocery,
  jobs,
  quick,
  reviews,
  Run,
  Runs,
  sandbox,
  sharedFile
} from "./drive.ts"

describe("a run", () => {
  it.effect("goes from Queuing to Success with growing counts", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const started = yield* post(`/agent/${books}/start`, { body: {} })
      assert.strictEqual(started.status, 202)
      const { id, startTime, status } = yield* as(Run)(started)
      assert.strictEqual(status, 4)
      assert.isNull(startTime)
      const seen: Array<typeof Run.Type> = []
      for (let second = 0; second < 540; second += 5) {
        yield* TestClock.adjust("5 seconds")
        seen.push(yield* Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run)))
      }
      const statuses = seen.map((run) => run.status).filter((status, index, all) => status !== all[index - 1])
      assert.deepStrictEqual(statuses, [4, 3, 1, 2, 10])
      const extracted = seen.map((run) => run.dataCount)
      assert.deepStrictEqual(
        extracted,
        [...extracted].sort((a, b) => a - b)
      )
      assert.isAbove(new Set(extracted).size, 50)
      const last = seen.at(-1)
      assert.strictEqual(last?.dataCount, 200)
      assert.strictEqual(last?.exportCount, 200)
      assert.isAbove(last?.runTimeSec ?? 0, 5 * 60)
      assert.isBelow(last?.runTimeSec ?? 0, 8 * 60)
    })
  )

  it.effect("is faster by the speed factor of the sandbox", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox({ speed: 60 })
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`, { body: {} }), as(Run))
      yield* TestClock.adjust("5 seconds")
      const during = yield* Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))
      assert.strictEqual(during.status, 1)
      yield* TestClock.adjust("3 seconds")
      const after = yield* Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))
      assert.strictEqual(after.status, 10)
    })
  )

  it.effect("passes through 13 if it updates a data set", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${reviews}/start`, { body: {} }), as(Run))
      const seen = new Set<number>()
      for (let second = 0; second < 480; second += 5) {
        yield* TestClock.adjust("5 seconds")
        seen.add((yield* Effect.flatMap(get(`/agent/${reviews}/run/${id}/status`), as(Run))).status)
      }
      assert.deepStrictEqual([...seen], [4, 3, 1, 2, 13, 10])
    })
  )

  it.effect("that fails has a message, and has status 7 in the history", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${failing}/start`, { body: {} }), as(Run))
      yield* TestClock.adjust("10 minutes")
      const live = yield* Effect.flatMap(get(`/agent/${failing}/run/${id}/status`), as(Run))
      assert.strictEqual(live.status, 6)
      assert.strictEqual(live.tableType, "run")
      assert.match(live.message ?? "", /Login required/)
      yield* TestClock.adjust("24 hours")
      const kept = yield* Effect.flatMap(get(`/agent/${failing}/run/${id}/status`), as(Run))
      assert.strictEqual(kept.status, 7)
      assert.strictEqual(kept.tableType, "history")
      assert.strictEqual(kept.message, live.message)
    })
  )

  it.effect("with errors ends with status 9 and counts them", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${grocery}/start`, { body: {} }), as(Run))
      yield* TestClock.adjust("15 minutes")
      const run = yield* Effect.flatMap(get(`/agent/${grocery}/run/${id}/status`), as(Run))
      assert.strictEqual(run.status, 9)
      assert.isAbove(run.errorCount, 0)
      assert.strictEqual(run.dataCount, 150 - run.errorCount)
    })
  )

  it.effect("has the same result, however often it is read", () =>
    Effect.gen(function* () {
      const watched = yield* sandbox()
      const { id } = yield* Effect.flatMap(watched.post(`/agent/${books}/start`, { body: {} }), as(Run))
      for (let minute = 0; minute < 10; minute++) {
        yield* TestClock.adjust("1 minute")
        yield* watched.get(`/agent/${books}/run/${id}/status`)
      }
      const often = yield* watched.get(`/agent/${books}/run/${id}/status`)
      const alone = yield* sandbox()
      yield* alone.post(`/agent/${books}/start`, { body: {} })
      yield* TestClock.adjust("10 minutes")
      const once = yield* alone.get(`/agent/${books}/run/${id}/status`)
      assert.deepStrictEqual(often.json, once.json)
    })
  )

  it.effect("reads its number of pages from an input parameter", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const body = { inputParameters: JSON.stringify({ maxPages: "3", category: "Poetry" }) }
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`, { body }), as(Run))
      yield* TestClock.adjust("10 minutes")
      const run = yield* Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))
      assert.strictEqual(run.dataCount, 60)
    })
  )
})

describe("start", () => {
  it.effect("accepts PascalCase and camelCase", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      for (const key of ["Parallelism", "parallelism", "PARALLELISM"]) {
        const reply = yield* post(`/agent/${books}/start`, { body: { [key]: 3 } })
        assert.strictEqual(reply.status, 202)
        assert.propertyVal(reply.json, "parallelism", 3)
      }
    })
  )

  it.effect("accepts an empty body", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const reply = yield* post(`/agent/${books}/start`)
      assert.strictEqual(reply.status, 202)
    })
  )

  it.effect.each([
    { inputParameters: { category: "All" } },
    { inputParameters: "[1]" },
    { inputParameters: "not json" },
    { parallelism: 0 },
    { parallelism: 1.5 },
    { parallelExport: "Separate" },
    { logLevel: "Debug" },
    { logMode: "Json" },
    { timeout: 0, isRunSynchronously: true },
    { timeout: 3601 },
    { parallelism: 2, isRunSynchronously: true },
    "{",
    "[]"
  ])("refuses %j with 400 and starts nothing", (body) =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const before = yield* get(`/agent/${books}/runs`)
      const reply = yield* post(`/agent/${books}/start`, { body })
      assert.strictEqual(reply.status, 400)
      const error = yield* as(AgentError)(reply)
      assert.strictEqual(error.statusCode, 400)
      const after = yield* get(`/agent/${books}/runs`)
      assert.strictEqual(after.text, before.text)
    })
  )

  it.effect("refuses agents that cannot run", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const hidden = yield* Effect.flatMap(post(`/agent/${archived}/start`), as(AgentError))
      assert.include(hidden, { statusCode: 409, errorCode: "agent_archived" })
      const helper = yield* Effect.flatMap(post(`/agent/${sharedFile}/start`), as(AgentError))
      assert.include(helper, { statusCode: 422, errorCode: "not_runnable" })
      const none = yield* Effect.flatMap(post("/agent/1/start"), as(AgentError))
      assert.strictEqual(none.statusCode, 404)
    })
  )

  it.effect("queues an exclusive run behind the active one", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const first = yield* Effect.flatMap(post(`/agent/${quick}/start`, { body: { isExclusive: true } }), as(Run))
      const second = yield* Effect.flatMap(post(`/agent/${quick}/start`, { body: { isExclusive: true } }), as(Run))
      yield* TestClock.adjust("30 seconds")
      const status = (id: number) => Effect.flatMap(get(`/agent/${quick}/run/${id}/status`), as(Run))
      assert.strictEqual((yield* status(first.id)).status, 1)
      assert.strictEqual((yield* status(second.id)).status, 4)
      yield* TestClock.adjust("50 seconds")
      const [ended, next] = [yield* status(first.id), yield* status(second.id)]
      assert.strictEqual(ended.status, 10)
      assert.isAtLeast(Date.parse(next.startTime ?? ""), Date.parse(ended.endTime ?? ""))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* status(second.id)).status, 10)
    })
  )

  it.effect("lets a run that is not exclusive run in parallel", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const first = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      const second = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      yield* TestClock.adjust("3 minutes")
      for (const { id } of [first, second]) {
        assert.strictEqual((yield* Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))).status, 1)
      }
    })
  )

  it.effect("makes a run that waits on failure wait until the failed run is removed", () =>
    Effect.gen(function* () {
      const { del, get, post } = yield* sandbox()
      const failed = yield* Effect.flatMap(post(`/agent/${failing}/start`), as(Run))
      yield* TestClock.adjust("5 minutes")
      const next = yield* Effect.flatMap(post(`/agent/${failing}/start`, { body: { isWaitOnFailure: true } }), as(Run))
      yield* TestClock.adjust("5 minutes")
      const status = () => Effect.flatMap(get(`/agent/${failing}/run/${next.id}/status`), as(Run))
      assert.strictEqual((yield* status()).status, 12)
      yield* del(`/agent/${failing}/run/${failed.id}`)
      // An earlier failed run is still live, so it is the last one now.
      const others = yield* Effect.flatMap(get(`/agent/${failing}/runs`), as(Runs))
      for (const { id } of others.filter((run) => run.status === 6)) yield* del(`/agent/${failing}/run/${id}`)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* status()).status, 4)
    })
  )

  it.effect("synchronous returns the data when the run ends", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const waiting = yield* Effect.fork(
        post(`/agent/${quick}/start`, { body: { isRunSynchronously: true, timeout: 120 } })
      )
      yield* TestClock.adjust("20 seconds")
      assert.isNull(yield* waiting.status.pipe(Effect.map((status) => (status._tag === "Done" ? status : null))))
      yield* TestClock.adjust("60 seconds")
      const reply = yield* Fiber.join(waiting)
      assert.strictEqual(reply.status, 200)
      assert.lengthOf(yield* as(Schema.Array(Schema.Unknown))(reply), 12)
    })
  )

  it.effect("synchronous fails after its timeout, and the run continues", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const waiting = yield* Effect.fork(
        post(`/agent/${quick}/start`, { body: { isRunSynchronously: true, timeout: 5 } })
      )
      yield* TestClock.adjust("6 seconds")
      const error = yield* Effect.flatMap(Fiber.join(waiting), as(AgentError))
      assert.include(error, { statusCode: 408, errorCode: "run_timeout" })
      yield* TestClock.adjust("60 seconds")
      const [run] = yield* Effect.flatMap(get(`/agent/${quick}/runs`), as(Runs))
      assert.strictEqual(run?.status, 10)
    })
  )

  it.effect("synchronous fails if the run fails", () =>
    Effect.gen(function* () {
      const { post } = yield* sandbox()
      const waiting = yield* Effect.fork(
        post(`/agent/${failing}/start`, { body: { isRunSynchronously: true, timeout: 600 } })
      )
      yield* TestClock.adjust("5 minutes")
      const error = yield* Effect.flatMap(Fiber.join(waiting), as(AgentError))
      assert.include(error, { statusCode: 422, errorCode: "run_failed" })
      assert.match(error.message, /Login required/)
    })
  )
})

describe("stop and kill", () => {
  it.effect("stop goes through Stopping to Stopped", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      yield* TestClock.adjust("3 minutes")
      const reply = yield* post(`/agent/${books}/run/${id}/stop`)
      assert.strictEqual(reply.status, 200)
      assert.strictEqual(reply.text, "")
      const status = () => Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))
      const stopping = yield* status()
      assert.strictEqual(stopping.status, 5)
      assert.isNull(stopping.endTime)
      yield* TestClock.adjust("15 seconds")
      const stopped = yield* status()
      assert.strictEqual(stopped.status, 8)
      assert.isAbove(stopped.dataCount, 0)
      assert.strictEqual(stopped.dataCount, stopping.dataCount)
      assert.isNotNull(stopped.endTime)
      // The former course of the run must not continue.
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* status()).status, 8)
    })
  )

  it.effect("the first kill stops the run, the second one ends it", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${books}/start`), as(Run))
      yield* TestClock.adjust("1 minute")
      const status = () => Effect.flatMap(get(`/agent/${books}/run/${id}/status`), as(Run))
      yield* post(`/agent/${books}/run/${id}/kill`)
      assert.strictEqual((yield* status()).status, 5)
      yield* post(`/agent/${books}/run/${id}/kill`)
      assert.strictEqual((yield* status()).status, 8)
    })
  )

  it.effect("are conflicts after the run has ended", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const [last] = yield* Effect.flatMap(get(`/agent/${books}/runs`), as(Runs))
      for (const verb of ["stop", "kill"]) {
        const error = yield* Effect.flatMap(post(`/agent/${books}/run/${last?.id ?? 0}/${verb}`), as(AgentError))
        assert.include(error, { statusCode: 409, errorCode: "run_ended" })
      }
    })
  )

  it.effect("start the run that waits behind", () =>
    Effect.gen(function* () {
      const { get, post } = yield* sandbox()
      const [active] = yield* Effect.flatMap(get(`/agent/${jobs}/runs`), as(Runs))
      assert.strictEqual(active?.status, 1)
      const next = yield* Effect.flatMap(post(`/agent/${jobs}/start`, { body: { isExclusive: true } }), as(Run))
      yield* TestClock.adjust("1 minute")
      yield* post(`/agent/${jobs}/run/${active?.id ?? 0}/kill`)
      yield* post(`/agent/${jobs}/run/${active?.id ?? 0}/kill`)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Effect.flatMap(get(`/agent/${jobs}/run/${next.id}/status`), as(Run))).status, 1)
    })
  )
})

describe("delete", () => {
  it.effect("is refused in every state of a run in progress", () =>
    Effect.gen(function* () {
      const { del, get, post } = yield* sandbox()
      const { id } = yield* Effect.flatMap(post(`/agent/${reviews}/start`), as(Run))
      const refused = new Set<number>()
      for (let second = 0; second < 600; second += 5) {
        const { status } = yield* Effect.flatMap(get(`/agent/${reviews}/run/${id}/status`), as(Run))
        if (status === 10) break
        const error = yield* Effect.flatMap(del(`/agent/${reviews}/run/${id}`), as(AgentError))
        assert.include(error, { statusCode: 409, errorCode: "run_in_progress" })
        refused.add(status)
        yield* TestClock.adjust("5 seconds")
      }
      assert.deepStrictEqual([...refused], [4, 3, 1, 2, 13])
      assert.strictEqual((yield* del(`/agent/${reviews}/run/${id}`)).status, 200)
      assert.strictEqual((yield* get(`/agent/${reviews}/run/${id}/status`)).status, 404)
    })
  )

  it.effect("of the files keeps the run", () =>
    Effect.gen(function* () {
      const { del, get } = yield* sandbox()
      const [last] = yield* Effect.flatMap(get(`/agent/${books}/runs`), as(Runs))
      const path = `/agent/${books}/run/${last?.id ?? 0}`
      const bad = yield* del(`${path}?removeMethod=Everything`)
      assert.strictEqual(bad.status, 400)
      assert.isAbove((yield* get(`${path}/files`)).text.length, 10)
      assert.strictEqual((yield* del(`${path}?removeMethod=RemoveAllFiles`)).status, 200)
      assert.strictEqual((yield* get(`${path}/files`)).text, "[]")
      assert.strictEqual((yield* get(`${path}/status`)).status, 200)
    })
  )

  it.effect("works for a run in the history, but not for a run of another agent", () =>
    Effect.gen(function* () {
      const { del, get } = yield* sandbox()
      const runs = yield* Effect.flatMap(get(`/agent/${books}/runs`), as(Runs))
      const old = runs.find((run) => run.tableType === "history")
      assert.strictEqual((yield* del(`/agent/${quick}/run/${old?.id ?? 0}`)).status, 404)
      assert.strictEqual((yield* del(`/agent/${books}/run/${old?.id ?? 0}`)).status, 200)
      const left = yield* Effect.flatMap(get(`/agent/${books}/runs`), as(Runs))
      assert.strictEqual(left.length, runs.length - 1)
    })
  )
})
