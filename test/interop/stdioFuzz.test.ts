import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fuzzStdio } from "../support/stdioFuzz.ts"
import { builtProgram as program } from "../support/builtProgram.ts"

describe("a server that is sent spoilt lines", () => {
  it.live.each(["legacy", "modern"] as const)("answers each that asks for something, in the %s era", (era) =>
    Effect.gen(function* () {
      const lines = 1500
      const report = yield* Effect.promise(() => fuzzStdio({ program, lines, seed: 7, era, patienceMillis: 20_000 }))
      assert.deepStrictEqual(
        { ...report, replies: report.replies > lines / 2, errors: [...report.errors.keys()].sort() },
        {
          sent: lines,
          replies: true,
          errors: [-32600, -32601, -32602, -32700],
          unanswered: [],
          invalid: [],
          exitCode: 0,
          stderr: ""
        }
      )
    })
  )
})
