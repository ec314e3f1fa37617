import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import { makeDeadlines } from "../../src/runtime/deadlines.ts"

const moment = FastCheck.integer({ min: 1, max: 6 })

describe("deadlines", () => {
  it.scoped.prop(
    "each expires at its time, unless it was cancelled before",
    [
      FastCheck.array(
        FastCheck.record({ setAt: moment, after: moment, cancelledAt: FastCheck.option(moment, { nil: undefined }) }),
        { maxLength: 12 }
      )
    ],
    ([plans]) =>
      Effect.gen(function* () {
        const clock = yield* Effect.clock
        const deadlines = yield* makeDeadlines
        const expired: Array<readonly [number, number]> = []
        const cancels = new Map<number, () => void>()
        for (let now = 0; now <= 13; now++) {
          for (const [index, plan] of plans.entries()) {
            if (plan.setAt === now) {
              const at = () => expired.push([index, clock.unsafeCurrentTimeMillis()])
              cancels.set(index, deadlines.after(plan.after, at))
            } else if (plan.cancelledAt === now) cancels.get(index)?.()
          }
          yield* TestClock.adjust("1 millis")
        }
        const expected = plans.flatMap(({ after, cancelledAt, setAt }, index) =>
          cancelledAt !== undefined && cancelledAt > setAt && cancelledAt < setAt + after
            ? []
            : [[index, setAt + after] as const]
        )
        const byIndex = (all: ReadonlyArray<readonly [number, number]>) =>
          [...all].sort(([left], [right]) => left - right)
        assert.deepStrictEqual(byIndex(expired), byIndex(expected))
      }),
    { fastCheck: { numRuns: 20 } }
  )

  it.effect("end with the scope", () =>
    Effect.gen(function* () {
      let expired = 0
      yield* Effect.scoped(
        Effect.map(makeDeadlines, (deadlines) => {
          deadlines.after(10, () => expired++)
        })
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(expired, 0)
    })
  )
})
