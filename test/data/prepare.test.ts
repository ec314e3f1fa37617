import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makePrepare } from "../../src/data/prepare.ts"

/** Calls that begin to prepare and end when the test says so. */
const preparing = (count: number) =>
  Effect.gen(function* () {
    const prepare = makePrepare()
    const begun: Array<number> = []
    const calls = yield* Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) =>
        Effect.gen(function* () {
          const begins = yield* Deferred.make<void>()
          const end = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(
            prepare(
              Effect.gen(function* () {
                begun.push(index)
                yield* Deferred.succeed(begins, undefined)
                yield* Deferred.await(end)
                return index
              })
            )
          )
          // In the order of their numbers.
          yield* Effect.yieldNow()
          return { begins: Deferred.await(begins), end: Deferred.succeed(end, undefined), fiber } as const
        })
    )
    yield* Effect.yieldNow()
    return { begun, calls } as const
  })

describe("prepare", () => {
  it.effect("lets two calls prepare at a time, in their order", () =>
    Effect.gen(function* () {
      const { begun, calls } = yield* preparing(5)
      assert.deepStrictEqual(begun, [0, 1])
      for (const { end, fiber } of calls) {
        yield* end
        yield* Fiber.join(fiber)
      }
      assert.deepStrictEqual(begun, [0, 1, 2, 3, 4])
    })
  )

  it.effect("gives the place of an interrupted call to the next", () =>
    Effect.gen(function* () {
      const { begun, calls } = yield* preparing(5)
      const [first, second, third, fourth, fifth] = calls
      if (!first || !second || !third || !fourth || !fifth) return assert.fail("No calls")
      for (const { fiber } of [third, first, second]) yield* Fiber.interrupt(fiber)
      yield* fourth.begins
      yield* fifth.begins
      assert.deepStrictEqual(begun, [0, 1, 3, 4])
    })
  )

  it.live("lets the next begin though the ones before it are slow", () =>
    Effect.gen(function* () {
      const { begun, calls } = yield* preparing(5)
      assert.deepStrictEqual(begun, [0, 1])
      for (const { begins } of calls) yield* begins
      assert.deepStrictEqual(begun, [0, 1, 2, 3, 4])
    })
  )
})
