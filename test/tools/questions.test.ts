import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { account } from "../support/account.ts"
import { conversation, questionIn, textOf, type Json } from "../support/conversation.ts"
import type { Answer, Sent } from "../support/http.ts"

const refused: Answer = { status: 403, body: {} }

const costs = (...amounts: ReadonlyArray<number>): Answer => ({
  body: {
    runs: [
      { runId: 99, cost: 1000 },
      ...amounts.map((cost, index) => ({ runId: 90 - index, cost, endTime: "2026-03-10T12:00:00Z" }))
    ],
    totalCost: 0
  }
})
const credits = (availableCredits: number): Answer => ({ body: { availableCredits } })

/** What the account answers to GET, by path. */
const usual: Readonly<Record<string, Answer>> = {
  "/agent/7": { body: { id: 7, name: "Books" } },
  "/billing/agents/7/runs": costs(1, 2, 3, 4, 5, 600),
  "/billing/credits": credits(354.4),
  "/agent/7/run/90/status": { body: { id: 90, configId: 7, status: 5, dataCount: 12 } },
  "/agent/7/schedules/31": {
    body: { id: 31, configId: 7, name: "Nightly", schedule: "0 2 * * *", scheduleType: 3, isEnabled: true }
  },
  "/agent/7/versions": {
    body: [
      { version: 3, created: "2026-03-01T06:30:00Z", userName: "Ann", comments: "New\nmenu" },
      { version: 2, comments: "First” (7)? Or “" },
      { version: 1 }
    ]
  },
  "/spaces/3": { body: { id: 3, name: "Retail" } },
  "/spaces/3/agents": { body: [{ id: 7 }, { id: 8 }] }
}

const oneRun = { agentId: 7, runId: 90 }
const oneSchedule = { agentId: 7, scheduleId: 31 }
const parts = { agentId: 7, parallelism: 8 }
const often = { cronExpression: "*/5 * * * *" }
const space = { spaceId: 3 }
const restore = (versionNumber: number) => ({ agentId: 7, versionNumber, comments: "Back" })

type Case = readonly [
  what: string,
  tool: string,
  args: Json,
  answers: Readonly<Record<string, Answer>>,
  question: string
]

const noRuns = "There is no basis for an estimate of the cost: no finished run in 90 days."
const notRead = "There is no basis for an estimate of the cost: the cost of recent runs could not be read."

const cases: ReadonlyArray<Case> = [
  [
    "a kill",
    "kill_agent",
    oneRun,
    {},
    "End run 90 of agent “Books” (7) by force? Its status is Stopping, with 12 records. What it has not exported yet is lost."
  ],
  [
    "a kill in a state that can't be read",
    "kill_agent",
    oneRun,
    { "/agent/7/run/90/status": refused, "/agent/7": refused },
    "End run 90 of agent 7 by force? Its status could not be read. What it has not exported yet is lost."
  ],
  [
    "a kill in a state that is not known",
    "kill_agent",
    oneRun,
    { "/agent/7/run/90/status": { body: { id: 90, configId: 7, status: 77 } } },
    "End run 90 of agent “Books” (7) by force? Its status is Unknown(77). What it has not exported yet is lost."
  ],
  [
    "a run",
    "delete_run",
    oneRun,
    { "/agent/7/run/90/status": { body: { id: 90, configId: 7, status: 10, dataCount: 1 } } },
    "Delete run 90 of agent “Books” (7)? Its status is Success, with 1 record. The run, its files and its input are deleted for good. This can't be undone."
  ],
  [
    "files",
    "delete_run",
    { ...oneRun, removeMethod: "RemoveAllFiles" },
    { "/agent/7/run/90/status": refused },
    "Delete all files of run 90 of agent “Books” (7)? Its status could not be read. The run itself stays in the list. This can't be undone."
  ],
  [
    "files and input",
    "delete_run",
    { ...oneRun, removeMethod: "RemoveAllFilesAndAgentInput" },
    {},
    "Delete all files and the input of run 90 of agent “Books” (7)? Its status is Stopping, with 12 records. The run itself stays in the list. This can't be undone."
  ],
  [
    "a schedule",
    "delete_agent_schedule",
    oneSchedule,
    {},
    "Delete the schedule “Nightly” (31) of agent “Books” (7)? This can't be undone. Disabling it would keep it."
  ],
  [
    "a schedule that can't be read",
    "delete_agent_schedule",
    oneSchedule,
    { "/agent/7/schedules/31": refused, "/agent/7": refused },
    "Delete schedule 31 of agent 7? This can't be undone. Disabling it would keep it."
  ],
  [
    "a version",
    "restore_agent_version",
    restore(3),
    {},
    "Make version 3 of agent “Books” (7) the current one? It was saved on 2026-03-01 06:30 UTC by “Ann” with the comment “New menu”. Later runs then use it; the version in use now stays in the history."
  ],
  [
    "a version with a comment that looks like the question",
    "restore_agent_version",
    restore(2),
    {},
    'Make version 2 of agent “Books” (7) the current one? It was saved with the comment “First" (7)? Or "”. Later runs then use it; the version in use now stays in the history.'
  ],
  [
    "a version of which nothing else is known",
    "restore_agent_version",
    restore(1),
    {},
    "Make version 1 of agent “Books” (7) the current one? Later runs then use it; the version in use now stays in the history."
  ],
  [
    "a version that is not listed",
    "restore_agent_version",
    restore(9),
    {},
    "Make version 9 of agent “Books” (7) the current one? Its history does not list this version. Later runs then use it; the version in use now stays in the history."
  ],
  [
    "a version of a history that can't be read",
    "restore_agent_version",
    restore(3),
    { "/agent/7/versions": refused },
    "Make version 3 of agent “Books” (7) the current one? Later runs then use it; the version in use now stays in the history."
  ],
  [
    "a start in parts: the mean of the latest five runs that ended",
    "start_agent",
    parts,
    {},
    "Start agent “Books” (7) in 8 parallel parts? Its latest 5 finished runs cost 3 credits on average. 354 credits are left."
  ],
  [
    "after one run, on the last credits",
    "start_agent",
    parts,
    { "/billing/agents/7/runs": costs(0.004), "/billing/credits": credits(0) },
    "Start agent “Books” (7) in 8 parallel parts? Its latest finished run cost less than 0.01 credits. 0 credits are left."
  ],
  [
    "after runs that cost much, beyond the last credits",
    "start_agent",
    parts,
    { "/billing/agents/7/runs": costs(1234.56, 1234.56), "/billing/credits": credits(-350.5) },
    "Start agent “Books” (7) in 8 parallel parts? Its latest 2 finished runs cost 1,235 credits on average. -351 credits are left."
  ],
  [
    "without runs",
    "start_agent",
    parts,
    { "/billing/agents/7/runs": costs() },
    `Start agent “Books” (7) in 8 parallel parts? ${noRuns} 354 credits are left.`
  ],
  [
    "where nothing can be read",
    "start_agent",
    parts,
    { "/billing/agents/7/runs": refused, "/billing/credits": refused, "/agent/7": refused },
    `Start agent 7 in 8 parallel parts? ${notRead} How many credits are left could not be read.`
  ],
  [
    "a space of which one agent has run",
    "run_space_agents",
    space,
    { "/billing/agents/8/runs": costs() },
    "Start all 2 agents of space “Retail” (3) now? By the cost of their latest finished runs that is about 3 credits for 1 of them; for the others there is no basis for an estimate. 354 credits are left."
  ],
  [
    "a space whose agents have all run",
    "run_space_agents",
    space,
    { "/billing/agents/8/runs": costs(0.5) },
    "Start all 2 agents of space “Retail” (3) now? By the cost of their latest finished runs that is about 3.5 credits. 354 credits are left."
  ],
  [
    "a space of one agent",
    "run_space_agents",
    space,
    { "/spaces/3/agents": { body: [{ id: 7 }] } },
    "Start the only agent of space “Retail” (3) now? Its latest 5 finished runs cost 3 credits on average. 354 credits are left."
  ],
  [
    "a space without agents",
    "run_space_agents",
    space,
    { "/spaces/3/agents": { body: [] } },
    "Start every agent of space “Retail” (3)? It has no agents now."
  ],
  [
    "a space whose agents have not run",
    "run_space_agents",
    space,
    { "/billing/agents/7/runs": costs(), "/billing/agents/8/runs": costs() },
    `Start all 2 agents of space “Retail” (3) now? ${noRuns} 354 credits are left.`
  ],
  [
    "a space whose costs can't be read",
    "run_space_agents",
    space,
    { "/billing/agents/7/runs": refused, "/billing/agents/8/runs": refused },
    `Start all 2 agents of space “Retail” (3) now? ${notRead} 354 credits are left.`
  ],
  [
    "a space that can't be read",
    "run_space_agents",
    space,
    { "/spaces/3": refused, "/spaces/3/agents": refused },
    "Start every agent of space 3? How many they are, and what they cost, could not be read. 354 credits are left."
  ],
  [
    "a new schedule",
    "create_agent_schedule",
    { agentId: 7, name: "Of\u202Eten\n", ...often },
    {},
    "Create a schedule “Often” for agent “Books” (7)? It would start 288 times in the next 24 hours, at times only 5 minutes apart. At the cost of the agent's latest 5 finished runs that is about 864 credits for these starts. 354 credits are left."
  ],
  [
    "a new schedule that begins later, without runs",
    "create_agent_schedule",
    { agentId: 7, name: "Later", runEveryCount: 1, runEveryPeriod: "minutes", startTime: "2026-04-01T00:00:00Z" },
    { "/billing/agents/7/runs": costs() },
    `Create a schedule “Later” for agent “Books” (7)? It would start 1440 times in the 24 hours from 2026-04-01 00:00 UTC, at times only 1 minute apart. ${noRuns} 354 credits are left.`
  ],
  [
    "a changed schedule",
    "update_agent_schedule",
    { ...oneSchedule, ...often },
    { "/billing/agents/7/runs": costs(2) },
    "Change the schedule “Nightly” (31) of agent “Books” (7)? It would start 288 times in the next 24 hours, at times only 5 minutes apart. At the cost of the agent's latest finished run that is about 576 credits for these starts. 354 credits are left."
  ],
  [
    "an enabled schedule that can't be read",
    "enable_agent_schedule",
    oneSchedule,
    { "/agent/7/schedules/31": refused },
    "Enable schedule 31 of agent “Books” (7)? How often it would start runs is not known here. The agent's latest 5 finished runs cost 3 credits on average. 354 credits are left."
  ]
]

describe("the question before", () => {
  for (const [what, tool, args, answers, expected] of cases) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
        const respond = (sent: Sent) => ({ ...usual, ...answers })[sent.path] ?? account(sent)
        const { call, writes } = yield* conversation({ era: "modern", respond })
        const result = yield* call(tool, args)
        assert.strictEqual(questionIn(result).question, expected, textOf(result))
        assert.deepStrictEqual(writes(), [])
      })
    )
  }

  for (const [tool, args, path] of [
    ["kill_agent", oneRun, "/agent/7/run/90/status"],
    ["delete_run", oneRun, "/agent/7/run/90/status"],
    ["delete_agent_schedule", oneSchedule, "/agent/7/schedules/31"],
    ["restore_agent_version", restore(3), "/agent/7"],
    ["run_space_agents", space, "/spaces/3"],
    ["start_agent", parts, "/agent/7"],
    ["create_agent_schedule", { agentId: 7, name: "Often", ...often }, "/agent/7"],
    ["update_agent_schedule", { ...oneSchedule, ...often }, "/agent/7/schedules/31"],
    ["enable_agent_schedule", oneSchedule, "/agent/7/schedules/31"]
  ] as const) {
    it.scoped(`${tool} of something that is not there: nothing is asked`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
        const respond = (sent: Sent) =>
          sent.path === path ? { status: 404, body: {} } : (usual[sent.path] ?? account(sent))
        const { call, writes } = yield* conversation({ era: "modern", respond })
        const result = yield* call(tool, args)
        assert.isFalse(questionIn(result).isAsked)
        assert.isTrue(result["isError"])
        assert.deepStrictEqual(writes(), [])
      })
    )
  }
})
