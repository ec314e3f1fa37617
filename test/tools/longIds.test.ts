import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { account } from "../support/account.ts"
import { run } from "./runs.cases.ts"
import { schedule } from "./schedules.cases.ts"
import { requestLine, type Sent } from "../support/http.ts"
import { toolsOver } from "../support/tools.ts"

/** An id that JavaScript has no number for. */
const long = "9007199254740993"

/** JSON in which the word `LONG` stands for that id. */
const withLong = (value: unknown) => JSON.stringify(value).replaceAll('"LONG"', long)

describe("an id beyond 2^53", () => {
  it.effect("is shown as text, beside those that are numbers", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({
        body: withLong([
          { id: 7, status: 10 },
          { id: "LONG", status: 10 }
        ])
      }))
      assert.deepStrictEqual(yield* call("get_agent_runs", { agentId: 7 }), {
        runs: [
          { runId: 7, status: "Success" },
          { runIdText: long, status: "Success" }
        ]
      })
    })
  )

  it.effect("sent as text is shown so too, and a shorter one as a number", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({
        body: [
          { id: long, status: 10 },
          { id: "8", status: 10 }
        ]
      }))
      const { runs } = yield* call("get_agent_runs", { agentId: 7 })
      assert.deepStrictEqual(runs, [
        { runIdText: long, status: "Success" },
        { runId: 8, status: "Success" }
      ])
    })
  )

  const oneRun = { agentId: 7, runId: long }
  const oneSchedule = { agentId: 7, scheduleId: long }

  /** Every tool that takes such an id, the request that it sends, and where its result shows the id. */
  for (const [tool, args, line, place] of [
    ["get_run_status", oneRun, `GET /agent/7/run/${long}/status`, "runIdText"],
    ["stop_agent", oneRun, `POST /agent/7/run/${long}/stop`, "runIdText"],
    ["kill_agent", oneRun, `POST /agent/7/run/${long}/kill`, "runIdText"],
    ["delete_run", oneRun, `DELETE /agent/7/run/${long}?removeMethod=RemoveEntireRun`, "runIdText"],
    ["wait_for_run", oneRun, `GET /agent/7/run/${long}/status`, "run.runIdText"],
    ["get_run_diagnostics", oneRun, `GET /analytics/agents/7/runs/${long}/diagnostics`, "runIdText"],
    ["get_run_files", oneRun, `GET /agent/7/run/${long}/files`, "files[0].fileIdText"],
    ["get_agent_schedule", oneSchedule, `GET /agent/7/schedules/${long}`, "scheduleIdText"],
    [
      "update_agent_schedule",
      { ...oneSchedule, cronExpression: "0 3 * * *" },
      `PUT /agent/7/schedules/${long}`,
      "scheduleIdText"
    ],
    ["enable_agent_schedule", oneSchedule, `POST /agent/7/schedules/${long}/enable`, "scheduleIdText"],
    ["disable_agent_schedule", oneSchedule, `POST /agent/7/schedules/${long}/disable`, "scheduleIdText"],
    ["delete_agent_schedule", oneSchedule, `DELETE /agent/7/schedules/${long}`, "scheduleIdText"],
    ["wait_for_run", { runs: [oneRun] }, `GET /agent/7/run/${long}/status`, "runs[0].runIdText"],
    ["find_runs", { agentIds: [7], startDate: "2026-03-01" }, "GET /agent/7/runs", "runs[0].runIdText"],
    ["get_agent_runs_cost", { agentId: 7 }, "GET /billing/agents/7/runs", "runs[0].runIdText"],
    ["get_runs_summary", {}, "GET /analytics/runs/summary", "failedRunDetails[0].runIdText"],
    ["get_scheduled_runs", {}, "GET /analytics/schedules/upcoming", "scheduledRuns[0].scheduleIdText"],
    ["run_space_agents", { spaceId: 3 }, "POST /spaces/3/run-all", "results[0].runIdText"]
  ] as const) {
    it.effect(`is taken and shown by ${tool}`, () =>
      Effect.gen(function* () {
        const { call, sent } = yield* toolsOver(respond)
        const result = yield* call(tool, args)
        assert.isTrue(
          sent.map(requestLine).some((request) => request.startsWith(line)),
          sent.map(requestLine).join()
        )
        assert.deepNestedPropertyVal(result, place, long)
        assert.notNestedProperty(result, place.replace(/Text$/u, ""))
      })
    )
  }

  it.effect("finds its file", () =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(respond)
      const result = yield* call("preview_run_file", { ...oneRun, fileId: long })
      assert.strictEqual(result["fileIdText"], long)
      assert.deepStrictEqual(result["columns"], ["title", "price"])
    })
  )

  it.effect("is no id that a number could have been, and none beyond an int64", () =>
    Effect.gen(function* () {
      for (const runId of ["0007199254740993", "-9007199254740993", "90071992547409930000", "9007199254740993.0"]) {
        const { call, sent } = yield* toolsOver(account)
        const error = yield* Effect.flip(call("get_run_status", { agentId: 7, runId }))
        assert.strictEqual(error._tag, "InvalidArguments", runId)
        assert.deepStrictEqual(sent, [])
      }
    })
  )
})

/** The account, in which runs, files and schedules have the long id. */
const respond = ({ method, path, ...sent }: Sent) => {
  const shorter = path
    .replace(`/run/${long}`, "/run/90")
    .replace(`/runs/${long}`, "/runs/88")
    .replace(`/file/${long}`, "/file/5")
  const answer = account({ ...sent, method, path: shorter.replace(`/schedules/${long}`, "/schedules/31") })
  const bodies: ReadonlyArray<readonly [RegExp, unknown]> = [
    [/\/files$/u, [{ id: "LONG", name: "books.csv", fileType: 1 }]],
    [/\/diagnostics$/u, { runId: "LONG", agentId: 7 }],
    [/\/agent\/7\/runs$/u, [{ ...run, id: "LONG" }]],
    [/\/billing\/agents\/7\/runs$/u, { runs: [{ runId: "LONG", cost: 2 }], totalCost: 2 }],
    [/\/runs\/summary$/u, { totalRuns: 1, failedRunDetails: [{ runId: "LONG" }] }],
    [/\/upcoming$/u, [{ scheduleId: "LONG" }]],
    [/\/run-all$/u, { results: [{ agentId: 7, success: true, runId: "LONG" }] }],
    [/\/status$/u, { ...run, id: "LONG" }],
    [/\/schedules\/\d+$/u, { ...schedule, id: "LONG" }]
  ]
  const body = method === "DELETE" ? undefined : bodies.find(([request]) => request.test(path))?.[1]
  return body === undefined ? answer : { ...answer, body: withLong(body) }
}

/** JSON as a text, and what is meant by it: long integers as their digits. */
const json = FastCheck.letrec<{ readonly value: readonly [text: string, meant: unknown] }>((tie) => ({
  value: FastCheck.oneof(
    { maxDepth: 3 },
    FastCheck.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(
      (value) => [String(value), Number.isSafeInteger(Number(value)) ? Number(value) : String(value)] as const
    ),
    FastCheck.oneof(
      FastCheck.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
      FastCheck.constantFrom(0.30000000000000004, -98.76543210987654, 1.5e-20, 12345678901234567e-30, null, true, false)
    ).map((value) => [JSON.stringify(value), value] as const),
    FastCheck.oneof(
      FastCheck.string(),
      FastCheck.constantFrom(
        '"9007199254740993"',
        "\\",
        '\\"9007199254740993',
        ":9007199254740993,",
        "[12345678901234567890]"
      )
    ).map((value) => [JSON.stringify(value), value] as const),
    FastCheck.array(tie("value"), { maxLength: 4 }).map(
      (items) => [`[${items.map(([text]) => text).join(" , ")}]`, items.map(([, meant]) => meant)] as const
    ),
    FastCheck.uniqueArray(FastCheck.tuple(FastCheck.string(), tie("value")), {
      maxLength: 4,
      selector: ([name]) => name
    }).map(
      (members) =>
        [
          `{${members.map(([name, [text]]) => `${JSON.stringify(name)}: ${text}`).join(",")}}`,
          Object.fromEntries(members.map(([name, [, meant]]) => [name, meant]))
        ] as const
    )
  )
})).value

describe("data of a run", () => {
  const data = (body: string) =>
    Effect.gen(function* () {
      const { call } = yield* toolsOver(() => ({ body }))
      return (yield* call("start_agent", { agentId: 7, isRunSynchronously: true }))["data"]
    })

  it.effect.prop("keeps every digit of an integer and changes nothing else", [json], ([[text, meant]]) =>
    Effect.gen(function* () {
      // One long integer more, so that there always is one.
      assert.deepStrictEqual(yield* data(`[${text},${long}]`), [meant, long])
    })
  )

  it.effect("that is no JSON stays none", () =>
    Effect.gen(function* () {
      for (const body of [`{"a":"${long}}`, `[${long}`, `{"a" ${long}}`, `"${long}`, `["\\${long}"`]) {
        const { call } = yield* toolsOver(() => ({ body }))
        const ended = yield* Effect.either(call("start_agent", { agentId: 7, isRunSynchronously: true }))
        assert.isTrue(Either.isLeft(ended), body)
      }
    })
  )

  it.effect("may be large, and deep", () =>
    Effect.gen(function* () {
      const text = "x\\n".repeat(1_000_000)
      const deep = `${"[".repeat(50)}${long}${"]".repeat(50)}`
      assert.strictEqual(JSON.stringify(yield* data(`[${deep}]`)), `[${deep.replace(long, `"${long}"`)}]`)
      const { call } = yield* toolsOver(() => ({ body: `[{"id":${long},"status":10,"message":"${text}"}]` }))
      assert.deepNestedPropertyVal(yield* call("get_agent_runs", { agentId: 7 }), "runs[0].runIdText", long)
    })
  )
})
