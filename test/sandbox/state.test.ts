import { assert, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { random } from "../../src/sandbox/random.ts"
import { seed } from "../../src/sandbox/seed.ts"
import { advance, scheduleAt } from "../../src/sandbox/state.ts"

const now = Date.parse("2026-03-11T12:00:00.000Z")

it.prop(
  "events fire in order of time, and in order of scheduling if the time is the same",
  { delays: FastCheck.array(FastCheck.integer({ min: 0, max: 5 })), step: FastCheck.integer({ min: 1, max: 6 }) },
  ({ delays, step }) => {
    const world = seed({ now, speed: 1, spent: false })
    world.events.length = 0
    const seen: Array<readonly [number, number]> = []
    for (const [index, delay] of delays.entries()) {
      scheduleAt(world, now + delay, () => seen.push([world.now - now, index]))
    }
    for (let time = now; time <= now + 6; time += step) advance(world, time)
    advance(world, now + 6)
    const expected = delays.map((delay, index) => [delay, index] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
    assert.deepStrictEqual(seen, expected)
  },
  { fastCheck: { numRuns: 30 } }
)

it("the seed of an account is always the same", () => {
  const first = seed({ now, speed: 60, spent: false })
  const second = seed({ now, speed: 60, spent: false })
  assert.deepStrictEqual([...first.runs.values()], [...second.runs.values()])
  assert.deepStrictEqual(first.transactions, second.transactions)
})

it("a random source repeats for the same key and differs for another key", () => {
  const draw = (key: string) => {
    const source = random(key)
    return Array.from({ length: 50 }, () => source.int(1, 6))
  }
  assert.deepStrictEqual(draw("a"), draw("a"))
  assert.notDeepEqual(draw("a"), draw("b"))
  assert.sameMembers([...new Set(draw("a"))], [1, 2, 3, 4, 5, 6])
})
