import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import { makeDeadlines } from "../../src/runtime/deadlines.ts"

const moment = FastCheck.integer({ min: 1, max: 6 })

describe("deadlines", () => {
  it.scoped.prop(
    "each is met at its time, and none that was called off",
    [
      FastCheck.array(
        FastCheck.record({ setAt: moment, after: moment, calledOffAt: FastCheck.option(moment, { nil: undefined }) }),
        { maxLength: 12 }
      )
    ],
    ([plans]) =>
      Effect.gen(function* () {
        const clock = yield* Effect.clock
        const deadlines = yield* makeDeadlines
        const met: Array<readonly [number, number]> = []
        const calledOff = new Map<number, () => void>()
        for (let now = 0; now <= 13; now++) {
          for (const [index, plan] of plans.entries()) {
            if (plan.setAt === now) {
              const at = () => met.push([index, clock.unsafeCurrentTimeMillis()])
              calledOff.set(index, deadlines.after(plan.after, at))
            } else if (plan.calledOffAt === now) calledOff.get(index)?.()
          }
          yield* TestClock.adjust("1 millis")
        }
        const expected = plans.flatMap(({ after, calledOffAt, setAt }, index) =>
          calledOffAt !== undefined && calledOffAt > setAt && calledOffAt < setAt + after
            ? []
            : [[index, setAt + after] as const]
        )
        const byIndex = (all: ReadonlyArray<readonly [number, number]>) =>
          [...all].sort(([left], [right]) => left - right)
        assert.deepStrictEqual(byIndex(met), byIndex(expected))
      }),
    { fastCheck: { numRuns: 20 } }
  )

  it.effect("are dropped with the scope", () =>
    Effect.gen(function* () {
      let met = 0
      yield* Effect.scoped(
        Effect.map(makeDeadlines, (deadlines) => {
          deadlines.after(10, () => met++)
        })
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(met, 0)
    })
  )
})
