import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestServices from "effect/TestServices"
import { run, type Outcome } from "./trial.ts"
import { sample } from "./trials.ts"
import { describe as inOneLine, rules } from "./verdict.ts"

const seed = 1

class Outcomes extends Context.Tag("test/Outcomes")<Outcomes, ReadonlyArray<Outcome>>() {
  /** Every call of the sample, made once for all rules. */
  static readonly layer = Layer.effect(
    Outcomes,
    TestServices.provideLive(Effect.forEach(sample(seed), run, { concurrency: 4 }))
  )
}

layer(Outcomes.layer, { timeout: "4 minutes" })("while the upstream fails in every way", (it) => {
  for (const { isBroken, name } of rules) {
    it.effect(`${name}: none`, () =>
      Effect.map(Outcomes, (outcomes) => {
        assert.deepStrictEqual(outcomes.filter(isBroken).map(inOneLine), [])
      })
    )
  }

  it.effect("the sample holds every kind of reply", () =>
    Effect.map(Outcomes, (outcomes) => {
      const reports = new Set(outcomes.map(({ report }) => report))
      for (const report of ["done", "unknown", "refused"] as const) assert.isTrue(reports.has(report), report)
      assert.isAbove(outcomes.filter(({ acted }) => acted > 0).length, 30)
    })
  )
})
