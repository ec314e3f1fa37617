import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { errorResult, errorText, successResult } from "../../src/mcp/results.ts"
import { Credentials } from "../../src/sequentum/Credentials.ts"
import type { SequentumError } from "../../src/sequentum/errors.ts"
import { ToolRegistry } from "../../src/tools/registry.ts"
import { overHttp } from "../registry/upstream.ts"
import { keyCaller, script, secretKey, type Step } from "../support/http.ts"

/** A body that holds everything that a model must never be shown. */
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
    what: "403 for want of a scope",
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
    what: "silence after a start",
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

const everyTool = () => true
const noTool = () => false

describe("each error of the API is told in words that a model can act on", () => {
  for (const { says, tag, what, ...call } of cases) {
    it.effect(`${what}: ${tag}`, () =>
      Effect.gen(function* () {
        const error = yield* failure(call)
        assert.strictEqual(error._tag, tag)
        const text = errorText(error, everyTool)
        for (const words of says) assert.match(text, words)
        for (const secret of [secretKey, "eyJ", "<", "script>", "RunController", "Run.cs", "\n"]) {
          assert.notInclude(text, secret)
        }
      })
    )

    it.effect(`${what}: names no tool that is not offered`, () =>
      Effect.gen(function* () {
        const text = errorText(yield* failure(call), noTool)
        assert.notMatch(text, /\b(?:get|list|search)_[a-z_]+/u)
      })
    )
  }

  it("covers every error there is", () => {
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

describe("a result", () => {
  it("is structured, and the same as text", () => {
    const result = successResult({ agents: [], pagination: { pageIndex: 1 } })
    assert.deepStrictEqual(result.structuredContent, { agents: [], pagination: { pageIndex: 1 } })
    assert.deepStrictEqual(result.content, [{ type: "text", text: JSON.stringify(result.structuredContent) }])
  })

  it.effect("of a failed call says that it is one", () =>
    Effect.gen(function* () {
      const error = yield* failure({ step: { status: 404 }, ...read })
      const result = errorResult(error, everyTool)
      assert.isTrue(result.isError)
      assert.isUndefined(result.structuredContent)
    })
  )
})
