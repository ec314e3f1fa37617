import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { errorResult, errorText, successResult } from "../../src/mcp/results.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import type { SequentumError } from "../../src/sequentum/errors.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { keyCaller, script, secretKey, type Step } from "../support/http.ts"
import { overHttp } from "../support/tools.ts"

/** A body with everything that a model must never see. */
const hostile = [
  `<script>alert("${secretKey}")</script>`,
  "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
  "   at Sequentum.Api.Controllers.RunController.Start(Int32 id) in C:\\src\\Run.cs:line 42"
].join("\n")

const hostileJson = JSON.stringify({ message: hostile, errorCode: "x" })

interface Case {
  readonly tag: SequentumError["_tag"]
  readonly what: string
  readonly step: Step
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  readonly says: ReadonlyArray<RegExp>
}

const read = { tool: "get_run_status", args: { agentId: 7, runId: 90 } }
const start = { tool: "start_agent", args: { agentId: 7 } }
const html = "<!doctype html><html><body>Gateway</body></html>"

const cases: ReadonlyArray<Case> = [
  {
    tag: "Unauthorized",
    what: "401",
    step: { status: 401, body: hostileJson },
    ...read,
    says: [/refused the credentials/u, /again will not help/u, /SEQUENTUM_API_KEY/u]
  },
  {
    tag: "Forbidden",
    what: "403",
    step: { status: 403, body: hostileJson },
    ...read,
    says: [/may not do that/u, /again will not help/u, /access/u]
  },
  {
    tag: "Forbidden",
    what: "403 for a missing scope",
    step: { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="runs:read"' } },
    ...read,
    says: [/scope runs:read/u, /signs in again/u]
  },
  {
    tag: "NotFound",
    what: "404",
    step: { status: 404, body: hostileJson },
    ...read,
    says: [/nothing at GET \/agent\/7\/run\/90\/status/u, /again will not help/u, /get_agent_runs/u]
  },
  {
    tag: "Conflict",
    what: "409",
    step: { status: 409, body: hostileJson },
    tool: "delete_run",
    args: { agentId: 7, runId: 90 },
    says: [/state does not allow/u, /Nothing was changed/u, /get_run_status/u]
  },
  {
    tag: "Rejected",
    what: "422",
    step: { status: 422, body: JSON.stringify({ title: "Bad input", detail: "maxPages must be a number" }) },
    ...start,
    says: [/refused the request \(422/u, /maxPages must be a number/u, /change the arguments/u]
  },
  {
    tag: "RateLimited",
    what: "429 with a long wait",
    step: { status: 429, headers: { "retry-after": "300" }, body: hostileJson },
    ...start,
    says: [/Too many requests/u, /after 300 seconds/u, /Nothing was done/u]
  },
  {
    tag: "ServerFailure",
    what: "500 to a read",
    step: { status: 500, body: hostile },
    ...read,
    says: [/failed \(500/u, /Nothing was changed; try again/u]
  },
  {
    tag: "ServerFailure",
    what: "503 to a start",
    step: { status: 503, body: html },
    ...start,
    says: [/failed \(503/u, /not known whether Sequentum acted/u, /get_agent_runs/u]
  },
  {
    tag: "RequestTimeout",
    what: "no response to a start",
    step: "silence",
    ...start,
    says: [/did not answer within 30 seconds/u, /do not simply repeat/u, /get_agent_runs/u]
  },
  {
    tag: "ConnectionFailed",
    what: "a connection that broke",
    step: { fails: { code: "ECONNRESET", syscall: "read" } },
    ...start,
    says: [/broke \(ECONNRESET/u, /not known whether/u]
  },
  {
    tag: "ConnectionFailed",
    what: "a connection that was never made",
    step: { fails: { code: "ECONNREFUSED", syscall: "connect" } },
    ...start,
    says: [/can't be reached \(ECONNREFUSED\)/u, /Nothing was changed/u, /SEQUENTUM_API_URL/u]
  },
  {
    tag: "UnexpectedResponse",
    what: "an HTML page",
    step: { status: 200, body: `${html}${hostile}` },
    ...read,
    says: [/could not be used/u, /HTML page/u, /unlikely to help/u]
  },
  {
    tag: "UnexpectedResponse",
    what: "a redirect",
    step: { status: 302, headers: { location: `https://login.test/?key=${secretKey}` } },
    ...read,
    says: [/redirect/u]
  },
  {
    tag: "UnexpectedResponse",
    what: "a body of another shape",
    step: { status: 200, body: JSON.stringify({ id: "ninety", status: hostile }) },
    ...read,
    says: [/at \.id/u]
  }
]

const failure = ({ args, step, tool }: Pick<Case, "args" | "step" | "tool">) =>
  Effect.gen(function* () {
    const tools = yield* Effect.provide(ToolRegistry, overHttp(script([step]).layer))
    const fiber = yield* Effect.fork(Effect.flip(Effect.provideService(tools.call(tool, args), Credentials, keyCaller)))
    yield* TestClock.adjust("10 minutes")
    const error = yield* Fiber.join(fiber)
    return error._tag === "UnknownTool" ? yield* Effect.dieMessage("the tool is known") : error
  })

/** What no model may see. */
const forbidden = [secretKey, "eyJ", "<", "script>", "RunController", "Run.cs", "\n"]

const everyTool = (_: string) => true
const noTool = () => false

describe("an API error tells a model what to do", () => {
  for (const { says, tag, what, ...call } of cases) {
    it.effect(`${what}: ${tag}`, () =>
      Effect.gen(function* () {
        const error = yield* failure(call)
        assert.strictEqual(error._tag, tag)
        const text = errorText(error, everyTool)
        for (const words of says) assert.match(text, words)
        for (const secret of forbidden) assert.notInclude(text, secret)
      })
    )

    it.effect(`${what}: names only tools that are offered`, () =>
      Effect.gen(function* () {
        const text = errorText(yield* failure(call), noTool)
        assert.notMatch(text, /\b(?:get|list|search)_[a-z_]+/u)
      })
    )
  }

  const hostileStatuses = [400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 501, 503]
  for (const [name, body] of [
    ["hostile JSON", hostileJson],
    ["hostile text", hostile],
    ["a hostile problem document", JSON.stringify({ title: hostile, detail: `${hostile}${hostile}` })],
    ["a hostile page", `<html><body><pre>${hostile}</pre></body></html>`]
  ] as const) {
    it.effect(`${name} never gets through, at any status`, () =>
      Effect.gen(function* () {
        for (const status of hostileStatuses) {
          for (const call of [read, start]) {
            const text = errorText(yield* failure({ step: { status, body }, ...call }), everyTool)
            for (const secret of forbidden) assert.notInclude(text, secret, String(status))
            assert.isBelow(text.length, 700)
          }
        }
      })
    )
  }

  it("covers every error", () => {
    assert.deepStrictEqual([...new Set(cases.map(({ tag }) => tag))].sort(), [
      "Conflict",
      "ConnectionFailed",
      "Forbidden",
      "NotFound",
      "RateLimited",
      "Rejected",
      "RequestTimeout",
      "ServerFailure",
      "Unauthorized",
      "UnexpectedResponse"
    ])
  })
})

/** The tool that the error of a call suggests next. */
const nextTool = (step: Step, tool: string, args: Readonly<Record<string, unknown>>, isOffered = everyTool) =>
  Effect.map(failure({ step, tool, args }), (error) => /Use ([a-z_]+) to /u.exec(errorText(error, isOffered))?.[1])

const agent = { agentId: 7 }
const run = { ...agent, runId: 90 }
const schedule = { ...agent, scheduleId: 5 }

describe("404 suggests the tool that lists what exists", () => {
  for (const [tool, args, next] of [
    ["get_agent", agent, "search_agents"],
    ["get_agent_runs", agent, "search_agents"],
    ["get_agent_run_summary", agent, "search_agents"],
    ["start_agent", agent, "search_agents"],
    ["get_agent_runs_cost", agent, "search_agents"],
    ["get_agent_versions", agent, "search_agents"],
    ["list_agent_schedules", agent, "search_agents"],
    ["get_run_status", run, "get_agent_runs"],
    ["get_run_files", run, "get_agent_runs"],
    ["get_run_diagnostics", run, "get_agent_runs"],
    ["delete_run", run, "get_agent_runs"],
    ["get_file_download_url", { ...run, fileId: 3 }, "get_run_files"],
    ["get_agent_schedule", schedule, "list_agent_schedules"],
    ["delete_agent_schedule", schedule, "list_agent_schedules"],
    ["restore_agent_version", { ...agent, versionNumber: 2, comments: "Back" }, "get_agent_versions"],
    ["get_space_agents", { spaceId: 3 }, "list_spaces"],
    ["search_space_by_name", { name: "Retail" }, "list_spaces"],
    ["get_agent_build_status", { sessionId: "s" }, "start_agent_build"],
    ["create_agent_schedule", { ...agent, name: "N", cronExpression: "0 2 * * *" }, "search_agents"],
    ["get_credits_balance", {}, "search_agents"]
  ] as const) {
    it.effect(`${tool}: ${next}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* nextTool({ status: 404 }, tool, args), next)
      })
    )
  }

  it.effect("falls back to another tool if the first is not offered", () =>
    Effect.gen(function* () {
      const next = yield* nextTool({ status: 404 }, "get_agent", agent, (tool) => tool !== "search_agents")
      assert.strictEqual(next, "list_agents")
    })
  )
})

describe("an unknown outcome suggests the tool that shows whether it was done", () => {
  for (const [tool, args, next] of [
    ["start_agent", agent, "get_agent_runs"],
    ["stop_agent", run, "get_run_status"],
    ["delete_run", run, "get_run_status"],
    ["restore_agent_version", { ...agent, versionNumber: 2, comments: "Back" }, "get_agent_versions"],
    ["create_agent_schedule", { ...agent, name: "N", cronExpression: "0 2 * * *" }, "list_agent_schedules"],
    ["enable_agent_schedule", schedule, "list_agent_schedules"],
    ["run_space_agents", { spaceId: 3 }, "get_space_agents"],
    ["start_agent_build", { prompt: "Scrape all books of books.example" }, "list_agents"]
  ] as const) {
    it.effect(`${tool}: ${next}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* nextTool({ status: 500 }, tool, args), next)
      })
    )
  }
})

describe("says when to try again", () => {
  for (const [what, step, says] of [
    ["after a limit with Retry-After", { status: 429, headers: { "retry-after": "61" } }, /again after 61 seconds,/u],
    ["after a limit without", { status: 429 }, /again in a minute,/u],
    ["after a limit with none to wait", { status: 429, headers: { "retry-after": "0" } }, /again in a minute,/u],
    [
      "after a failure with Retry-After",
      { status: 503, headers: { "retry-after": "90" } },
      /again after 90 seconds\./u
    ],
    ["after a failure without", { status: 502 }, /again in a minute\./u]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.match(errorText(yield* failure({ step, ...read }), everyTool), says)
      })
    )
  }
})

describe("a result", () => {
  it("is structured content and the same as text", () => {
    const value = { agents: [], pagination: { pageIndex: 1 } }
    const result = successResult({ value, json: JSON.stringify(value) })
    assert.deepStrictEqual(result.structuredContent, value)
    assert.deepStrictEqual(result.content, [{ type: "text", text: JSON.stringify(value) }])
  })

  it.effect("of a failed call is marked as an error", () =>
    Effect.gen(function* () {
      const error = yield* failure({ step: { status: 404 }, ...read })
      const result = errorResult(error, everyTool)
      assert.isTrue(result.isError)
      assert.isUndefined(result.structuredContent)
    })
  )
})
