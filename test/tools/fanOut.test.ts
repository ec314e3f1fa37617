import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Deadline from "../../src/sequentum/Deadline.ts"
import { NotFound, RateLimited, Unauthorized } from "../../src/sequentum/errors.ts"
import { apiPath } from "../../src/sequentum/client/apiPath.ts"
import { Sparing } from "../../src/sequentum/Sparing.ts"
import { TotalCount } from "../../src/sequentum/schemas/Agent.ts"
import { fanOut, type FanOut } from "../../src/tools/FanOut.ts"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import { asCaller } from "../support/caller.ts"
import { scriptedClient } from "../support/http.ts"

const line = { method: "GET", path: "/agent/3/runs", resource: "agent" } as const

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const over = <B, R>(count: number, read: FanOut<number, B, R>["read"], rest: Partial<FanOut<number, B, R>> = {}) =>
  fanOut({ items: numbers(count), read, nameOf: (item) => `agent ${item}`, plural: "agents", ...rest })

const after = (time: Duration.DurationInput) => (item: number) => Effect.delay(Effect.succeed(item * 10), time)

describe("fanOut", () => {
  it.effect("reads all items in their order, five at a time, with progress", () =>
    Effect.gen(function* () {
      let active = 0
      let most = 0
      const reports: Array<ProgressReport> = []
      const read = (item: number) =>
        Effect.acquireUseRelease(
          Effect.sync(() => (most = Math.max(most, (active += 1)))),
          () => after(Duration.seconds(item % 2 === 0 ? 1 : 3))(item),
          () => Effect.sync(() => (active -= 1))
        )
      const fiber = yield* Effect.fork(
        Effect.provideService(over(12, read), Progress, {
          report: (report) => Effect.sync(() => void reports.push(report))
        })
      )
      yield* TestClock.adjust("20 seconds")
      const fanned = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        fanned.read,
        numbers(12).map((item) => ({ item, value: item * 10 }))
      )
      assert.strictEqual(fanned.notice, undefined)
      assert.strictEqual(most, 5)
      assert.deepStrictEqual(
        reports.map(({ progress }) => progress),
        numbers(12)
      )
      assert.deepStrictEqual(reports[11], { progress: 12, total: 12, message: "12 of 12 agents read" })
    })
  )

  it.effect("goes on without an item that fails, and says which", () =>
    Effect.gen(function* () {
      const fanned = yield* over(4, (item) => (item === 3 ? new NotFound(line) : Effect.succeed(item)))
      assert.deepStrictEqual(
        fanned.read.map(({ value }) => value),
        [1, 2, 4]
      )
      assert.deepStrictEqual(
        fanned.failed.map(({ item }) => item),
        [3]
      )
      assert.match(fanned.notice ?? "", /^1 of 4 agents could not be read: agent 3\. Sequentum has nothing at GET/)
    })
  )

  it.effect("fails when nothing could be read, and at once when the credentials are refused", () =>
    Effect.gen(function* () {
      const nothing = yield* Effect.flip(over(3, () => new NotFound(line)))
      assert.strictEqual(nothing._tag, "NotFound")
      let reads = 0
      const refused = yield* Effect.flip(
        over(40, (item) => {
          reads += 1
          return item === 1 ? Effect.succeed(item) : new Unauthorized(line)
        })
      )
      assert.strictEqual(refused._tag, "Unauthorized")
      assert.isAtMost(reads, 6)
    })
  )

  it.effect("stops with what it has when the rate limit leaves no more", () =>
    Effect.gen(function* () {
      let reads = 0
      const limited = new RateLimited({ ...line, sent: false, retryAfterSeconds: 30 })
      const fanned = yield* over(40, (item) => {
        reads += 1
        return item > 12 ? Effect.delay(limited, "1 millis") : Effect.succeed(item)
      }).pipe(Effect.fork, Effect.tap(TestClock.adjust("1 seconds")), Effect.flatMap(Fiber.join))
      assert.strictEqual(fanned.read.length, 12)
      assert.strictEqual(fanned.left.length, 28)
      assert.isAtMost(reads, 17)
      assert.match(fanned.notice ?? "", /^28 of 40 agents were not read, since the rest of the rate limit/)
      assert.match(fanned.notice ?? "", /agent 13, .*agent 22 and 18 more\.$/)
    })
  )

  it.effect("ends after 45 seconds, or two seconds before the deadline of its call", () =>
    Effect.gen(function* () {
      const timed = (effect: ReturnType<typeof over<number, never>>) =>
        Effect.gen(function* () {
          const began = yield* Clock.currentTimeMillis
          const fiber = yield* Effect.fork(effect)
          let end = began
          for (let step = 0; step < 60 && (yield* Fiber.poll(fiber))._tag === "None"; step += 1) {
            yield* TestClock.adjust("1 seconds")
            end = yield* Clock.currentTimeMillis
          }
          return { seconds: (end - began) / 1000, ...(yield* Fiber.join(fiber)) }
        })
      const slow = over(100, after("10 seconds"))
      const whole = yield* timed(slow)
      assert.strictEqual(whole.seconds, 45)
      assert.strictEqual(whole.read.length, 20)
      assert.match(whole.notice ?? "", /^80 of 100 agents were not read, since 45 seconds were over: agent 21, /)
      const short = yield* timed(Deadline.within(Duration.seconds(14))(slow))
      assert.strictEqual(short.seconds, 12)
      assert.strictEqual(short.read.length, 5)
      const given = yield* timed(over(100, after("10 seconds"), { maxTime: Duration.seconds(21) }))
      assert.strictEqual(given.seconds, 21)
      assert.strictEqual(given.read.length, 10)
    })
  )

  it.effect("leaves a fifth of the rate limit that Sequentum announces to other calls", () =>
    Effect.gen(function* () {
      const limited = { body: { totalCount: 1 }, headers: { "x-ratelimit-limit": "20" } }
      const { client, seen } = yield* scriptedClient([limited])
      const get = client.get(apiPath("agent")`/agent/personal/count`, TotalCount)
      yield* asCaller(get)
      const fanned = yield* asCaller(over(40, () => get))
      assert.strictEqual(fanned.read.length, 15)
      assert.strictEqual(seen.length, 16)
      // Another call still finds room at once.
      yield* asCaller(Effect.repeatN(get, 3))
      assert.strictEqual(seen.length, 20)
      const refused = yield* Effect.flip(asCaller(Effect.provideService(get, Sparing, true)))
      assert.deepInclude(refused, { _tag: "RateLimited", sent: false, retryAfterSeconds: 60 })
      assert.strictEqual(seen.length, 20)
    })
  )
})
