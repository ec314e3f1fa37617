import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as TestClock from "effect/TestClock"
import { AgentId } from "../../src/sequentum/schemas/common.ts"
import type { BuildStatus } from "../../src/sequentum/schemas/Build.ts"
import { buildFailed } from "../../src/tools/catalog/builder.ts"
import { Progress, type ProgressReport } from "../../src/tools/Progress.ts"
import { account } from "../support/account.ts"
import { callOver } from "../support/fakes.ts"
import { toolsOver, written } from "../support/tools.ts"

const session = { sessionId: "session-1" }

/** A build that has each of these states in turn and stays in the last one, with the seconds at which it was read. */
const statesOf = (first: BuildStatus, ...others: ReadonlyArray<BuildStatus>) => {
  const states = [first, ...others]
  const reads: Array<number> = []
  return {
    reads,
    status: () =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        reads.push(now / 1000)
        return states[Math.min(reads.length, states.length) - 1] ?? first
      })
  }
}

/** Waits for a build while time passes. */
const wait = (builder: { readonly status: () => Effect.Effect<BuildStatus> }, args: object = {}) =>
  Effect.gen(function* () {
    const reports: Array<ProgressReport> = []
    const fiber = yield* callOver({ builder }, "wait_for_agent_build", { ...session, ...args }).pipe(
      Effect.provideService(Progress, { report: (report) => Effect.sync(() => void reports.push(report)) }),
      Effect.fork
    )
    yield* TestClock.adjust("1 minute")
    return { result: yield* Fiber.join(fiber), reports }
  })

describe("start_agent_build without a web address", () => {
  it.effect.each([
    "Build me a scraper for books",
    "Get all prices from Amazon, i.e. the U.S. site. Thanks a lot",
    "I want version 2. Take the titles"
  ])("sends nothing for %j and returns the question to ask", (prompt) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(account)
      assert.deepStrictEqual(yield* call("start_agent_build", { prompt }), {
        question:
          "Which web address should the agent read, which data should it get there, and how much of the site should it cover?",
        notice:
          "The prompt has no web address, so nothing was sent and no credits were spent. Ask the user this question, then call again with their own words."
      })
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect.each([
    "All books of https://books.example/catalogue",
    "All books of books.example, please",
    "All shoes of WWW.SHOES.CO.UK",
    "Alle Bücher von bücher.example",
    "Everything on localhost:8080 here",
    "Everything on http://10.0.0.1/",
    "Everything on 10.0.0.1 for me"
  ])("is no case of %j", (prompt) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* written(account, "start_agent_build", { prompt }), { prompt })
    })
  )
})

describe("start_agent_build", () => {
  for (const [what, prompt] of [
    ["of 10 characters", "go to a.bc"],
    ["of 10 characters and outer white space", "  go to a.bc\n"],
    ["of 5000 characters", `a.example ${"x".repeat(4990)}`],
    ["of 5000 characters and outer white space", `a.example ${"x".repeat(4990)}   `],
    ["of 5000 characters beyond the first plane", `a.example ${"📚".repeat(4990)}`],
    ["with markup and line breaks", "Scrape shoes.example\n\n- name\n- price in €  <b>all</b> {{pages}} \u00a0 \\n"]
  ] as const) {
    it.effect(`sends a prompt ${what} exactly as the user wrote it`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* written(account, "start_agent_build", { prompt }), { prompt })
        assert.deepStrictEqual(yield* written(account, "start_agent_build", { prompt, spaceId: 3 }), {
          prompt,
          spaceId: 3
        })
      })
    )
  }
})

describe("a build", () => {
  const raw = "System.NullReferenceException: at Builder.Plan() in /srv/builder/Plan.cs:line 88"

  it.effect.each(["get_agent_build_status", "wait_for_agent_build"])(
    "%s logs the raw error and never shows it",
    (name) =>
      Effect.gen(function* () {
        const logged: Array<string> = []
        const logger = Logger.make(({ annotations, message }) => {
          logged.push(JSON.stringify([message, HashMap.toEntries(annotations)]))
        })
        const { call } = yield* toolsOver(() => ({ body: { status: "error", agentId: null, error: raw } }))
        const result = yield* call(name, session).pipe(
          Logger.withMinimumLogLevel(LogLevel.Debug),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
        const text = JSON.stringify(result)
        assert.notInclude(text, "NullReference")
        assert.notInclude(text, "/srv/")
        assert.include(text, JSON.stringify(buildFailed).slice(1, -1))
        assert.strictEqual(logged.filter((line) => line.includes("NullReferenceException")).length, 1)
      })
  )

  it.effect("is read after 1 second and then less and less often, until the timeout", () =>
    Effect.gen(function* () {
      const { reads, status } = statesOf({ status: "processing" })
      const { result } = yield* wait({ status }, { timeoutSeconds: 45 })
      assert.deepStrictEqual(reads, [0, 1, 2.5, 4.75, 8.125, 13.1875, 20.78125, 32.171875])
      assert.deepStrictEqual(result, {
        build: { ...session, status: "processing" },
        isFinal: false,
        waitedSeconds: 45
      })
    })
  )

  it.effect("that stays ready is returned after ten seconds", () =>
    Effect.gen(function* () {
      const { reads, status } = statesOf(
        { status: "processing" },
        { status: "ready", agentId: AgentId.make(9), agentName: "Shoes" }
      )
      const { result } = yield* wait({ status }, { timeoutSeconds: 45 })
      assert.deepStrictEqual(result, {
        build: { ...session, status: "ready", agentId: 9, agentName: "Shoes" },
        isFinal: false,
        waitedSeconds: 13
      })
      assert.strictEqual(reads.length, 6)
    })
  )

  it.effect("that is ready and then completed is final, and reports each change", () =>
    Effect.gen(function* () {
      const agentId = AgentId.make(9)
      const { status } = statesOf(
        { status: "processing" },
        { status: "ready", agentId },
        { status: "completed", agentId }
      )
      const { reports, result } = yield* wait({ status })
      assert.deepStrictEqual(result, {
        build: { ...session, status: "completed", agentId: 9 },
        isFinal: true,
        waitedSeconds: 3
      })
      assert.deepStrictEqual(
        reports.map(({ message }) => message),
        ["Build processing", "Build ready", "Build completed"]
      )
    })
  )
})
