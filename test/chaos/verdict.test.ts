import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { lanes } from "./lanes.ts"
import { reportOf } from "./replies.ts"
import { idOf, run, type Outcome } from "./trial.ts"
import { faultless, parseId, parts, trialsOf } from "./trials.ts"
import { brokenBy, describe as inOneLine, isSound, rules } from "./verdict.ts"

describe("what a reply reports", () => {
  for (const [report, reply] of [
    ["done", { error: undefined, structured: { run: { runId: 7 } } }],
    ["done", { error: undefined, structured: { run: { runId: 7 }, notice: "Found in the list of runs." } }],
    ["unknown", { error: undefined, structured: { notice: "It is not known whether Sequentum acted." } }],
    ["unknown", { error: "The connection broke. It is not known whether Sequentum acted.", structured: undefined }],
    ["refused", { error: "Too many requests to Sequentum (429). Nothing was done.", structured: undefined }],
    ["refused", { error: undefined, structured: { deleted: false } }],
    ["failed", { error: "Sequentum's answer could not be used.", structured: undefined }]
  ] as const) {
    it(`${report}: ${reply.error ?? JSON.stringify(reply.structured)}`, () => {
      assert.strictEqual(reportOf(reply), report)
    })
  }
})

const [first] = trialsOf(parts[0] ?? { name: "none", lanes: [] }, 1).filter(({ tool }) => tool.name === "start_agent")

describe("the rules", () => {
  const outcome = (change: Partial<Outcome>): ReadonlyArray<string> => {
    if (first === undefined) return []
    const reply = { error: undefined, structured: {} }
    return brokenBy({
      trial: first,
      reply,
      report: "done",
      noAnswer: undefined,
      sent: [],
      acted: 1,
      isTrue: true,
      seconds: 0,
      peakMemory: undefined,
      ...change
    })
  }

  it("hold for a write that was done and said so", () => {
    assert.deepStrictEqual(outcome({}), [])
    assert.deepStrictEqual(outcome({ report: "unknown" }), [])
    assert.deepStrictEqual(outcome({ report: "unknown", acted: 0 }), [])
    assert.deepStrictEqual(outcome({ report: "failed", acted: 0 }), [])
    assert.deepStrictEqual(outcome({ report: "refused", acted: 0, seconds: 49.9 }), [])
  })

  it("are broken one by one", () => {
    const broken = [
      outcome({ acted: 0 }),
      outcome({ report: "failed" }),
      outcome({ acted: 2 }),
      outcome({ report: "refused" }),
      outcome({ report: undefined, reply: undefined }),
      outcome({ seconds: 50 })
    ]
    assert.deepStrictEqual(
      broken,
      rules.map(({ name }) => [name])
    )
    assert.deepStrictEqual(outcome({ isTrue: false }), ["writes reported done though not acted"])
  })
})

describe("trials", () => {
  it("are the same for the same seed, and can be read from their id", () => {
    for (const part of parts) {
      const ids = trialsOf(part, 3).map(idOf)
      assert.deepStrictEqual(ids, trialsOf(part, 3).map(idOf))
      assert.notDeepEqual(ids, trialsOf(part, 4).map(idOf))
      for (const id of ids.slice(0, 50)) {
        const trial = parseId(id, 3)
        assert.strictEqual(trial === undefined ? undefined : idOf(trial), id)
      }
    }
  })

  for (const lane of lanes.filter(({ isVirtual }) => isVirtual)) {
    // What differs between tools is the same in all lanes.
    const some = faultless(lane, 1).slice(0, lane.name === "registry" ? undefined : 3)
    it.live(`without a fault every call is done, every write once, and no time passes: ${lane.name}`, () =>
      Effect.map(Effect.forEach(some, run, { concurrency: 4 }), (outcomes) => {
        assert.deepStrictEqual(outcomes.filter((outcome) => !isSound(outcome)).map(inOneLine), [])
      })
    )
  }
})
