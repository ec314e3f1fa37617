import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { carryOut, missing } from "./Job.ts"
import { jobs } from "./jobs.ts"

/** Bytes that the results of all requests may have together. */
const maxBytes = 40_000

describe("the requests in plain words", () => {
  let bytes = 0

  // What these need is still to come.
  const pending = new Set([5, 12, 13].map((index) => jobs[index]))

  for (const job of jobs) {
    it.effect.skipIf(missing(job).length > 0 || pending.has(job))(job.request, () =>
      Effect.gen(function* () {
        const outcome = yield* carryOut(job)
        bytes += outcome.bytes
        assert.deepStrictEqual(outcome.problems, [])
      })
    )
  }

  it.effect("turn red where a tool is broken", () =>
    Effect.gen(function* () {
      for (const [index, broken] of [
        [0, "find_runs"],
        [2, "list_agent_schedules"],
        [10, "find_runs"]
      ] as const) {
        const job = yield* Effect.fromNullable(jobs[index])
        assert.isNotEmpty((yield* carryOut(job, broken)).problems, broken)
      }
    })
  )

  it("take at most 40,000 bytes of results together", () => assert.isAtMost(bytes, maxBytes))
})
