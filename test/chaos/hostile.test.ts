import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { random } from "../../src/sandbox/random.ts"
import { faults } from "../support/hostile/faults.ts"
import { parsePlan, planText, type Plan } from "../support/hostile/plan.ts"
import { hostileUpstream, type HostileUpstream } from "../support/hostileUpstream.ts"

const authorization = "ApiKey sk-hostile-test"
const start = "POST /agent/{agentId}/start"
const Stats = Schema.Struct({ byRoute: Schema.Record({ key: Schema.String, value: Schema.Int }) })

/** How many runs the sandbox says that it was asked for and started. */
const started = ({ ask }: HostileUpstream) =>
  ask({ method: "GET", path: "/sandbox/stats", headers: { authorization, host: "sandbox.test" } }).pipe(
    Effect.flatMap(({ body }) => Schema.decode(Schema.parseJson(Stats))(body.toString())),
    Effect.map(({ byRoute }) => byRoute[start] ?? 0),
    Effect.orDie
  )

/** Starts a run. Gives the status, once the whole body is there; fails if the connection does. */
const startRun = ({ url }: HostileUpstream) =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(`${url}/api/v1/agent/4101/start`, {
      method: "POST",
      redirect: "manual",
      signal,
      headers: { authorization, "content-type": "application/json" },
      body: "{}"
    })
    await response.arrayBuffer()
    return response.status
  })

const armed = (plan: Plan) => Effect.tap(hostileUpstream(), (upstream) => upstream.arm(plan, random("test")))

const single = (fault: string, moment: "before" | "after", repeats = false): Plan => ({
  on: "any",
  skip: 0,
  moves: [{ fault, moment }],
  repeats
})

describe("the hostile upstream", () => {
  const quick = Object.entries(faults).filter(([, fault]) => fault.isSlow !== true && fault.isHeavy !== true)
  for (const moment of ["before", "after"] as const) {
    it.scoped(`does not let the sandbox act but ${moment} a fault`, () =>
      Effect.gen(function* () {
        for (const [name, { moments }] of quick) {
          if (!moments.includes(moment)) continue
          const upstream = yield* armed(single(name, moment))
          yield* Effect.either(startRun(upstream))
          assert.strictEqual(yield* started(upstream), moment === "after" ? 1 : 0, name)
        }
      })
    )
  }

  it.scoped("drops the connection, before the sandbox acts and after", () =>
    Effect.gen(function* () {
      for (const moment of ["before", "after"] as const) {
        const upstream = yield* armed(single("drop", moment))
        assert.isTrue(Either.isLeft(yield* Effect.either(startRun(upstream))))
        assert.deepStrictEqual(
          upstream.seen().map(({ method, move, status }) => [method, move, status]),
          [["POST", `drop.${moment}`, moment === "after" ? 202 : undefined]]
        )
      }
    })
  )

  it.scoped("answers first and lets the sandbox act later", () =>
    Effect.gen(function* () {
      const upstream = yield* armed(single("504-acts-later", "after"))
      assert.strictEqual(yield* startRun(upstream), 504)
      assert.strictEqual(yield* started(upstream), 0)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* started(upstream), 1)
    })
  )

  it.scoped("does not listen for five seconds, or for good", () =>
    Effect.gen(function* () {
      const upstream = yield* armed(single("unreachable", "before"))
      assert.isTrue(Either.isLeft(yield* Effect.either(startRun(upstream))))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* startRun(upstream), 202)
      yield* upstream.arm(single("unreachable", "before", true), random("test"))
      yield* TestClock.adjust("5 minutes")
      assert.isTrue(Either.isLeft(yield* Effect.either(startRun(upstream))))
      yield* upstream.disarm
      assert.strictEqual(yield* startRun(upstream), 202)
    })
  )

  it.scoped("follows a plan: skips, strikes, and repeats the last move", () =>
    Effect.gen(function* () {
      const plan = parsePlan("write+1:429.before,503.after*")
      assert.isDefined(plan)
      assert.strictEqual(planText(plan), "write+1:429.before,503.after*")
      const upstream = yield* armed(plan)
      const statuses = yield* Effect.replicateEffect(startRun(upstream), 4)
      assert.deepStrictEqual([...statuses], [202, 429, 503, 503])
      assert.strictEqual(yield* started(upstream), 3)
    })
  )

  it("reads no plan that it does not know", () => {
    for (const text of ["", "write:", "all:drop.before", "write:drop", "write:drip-drop.after", "any:drop.during"]) {
      assert.isUndefined(parsePlan(text), text)
    }
  })
})
