import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makePrepare } from "../../src/data/prepare.ts"

/** Calls that begin to prepare and end when the test says so. */
const preparing = (threads: number, count: number) =>
  Effect.gen(function* () {
    const prepare = makePrepare(threads)
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
  it.effect("lets as many calls prepare at a time as there are threads, in their order", () =>
    Effect.gen(function* () {
      const { begun, calls } = yield* preparing(2, 5)
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
      const { begun, calls } = yield* preparing(1, 3)
      const [first, second, third] = calls
      if (first === undefined || second === undefined || third === undefined) return assert.fail("No calls")
      yield* Fiber.interrupt(second.fiber)
      yield* Fiber.interrupt(first.fiber)
      yield* third.begins
      assert.deepStrictEqual(begun, [0, 2])
    })
  )

  it.live("lets the next begin though the ones before it are slow", () =>
    Effect.gen(function* () {
      const { begun, calls } = yield* preparing(1, 3)
      assert.deepStrictEqual(begun, [0])
      for (const { begins } of calls) yield* begins
      assert.deepStrictEqual(begun, [0, 1, 2])
    })
  )
})
