import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { errorText } from "../../src/mcp/results.ts"
import type { UnknownTool } from "../../src/tools/errors.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { JsonObject, ToolError } from "../../src/tools/Tool.ts"
import { secretKey } from "../support/caller.ts"
import { requestLine, type Answer, type Respond } from "../support/http.ts"
import { whileTimePasses } from "../support/time.ts"
import { toolsOver } from "../support/tools.ts"
import { allCases, caseNames, caseProblems, casesFile, type NamedCase } from "./cases.ts"

const known = new Set(allTools.map(({ name }) => name))

/** Sequentum as the case of one tool has it. */
const answering =
  ({ exchanges }: NamedCase): Respond =>
  (sent) =>
    exchanges.find(({ request }) => request === requestLine(sent))?.answer ?? { status: 404 }

const waits: ReadonlySet<string> = new Set(["wait_for_run", "wait_for_agent_build"])

/** The method of the request that changes something. */
const writeMethod = ({ exchanges }: NamedCase) =>
  exchanges.map(({ request }) => request.split(" ", 1)[0]).find((method) => method !== "GET")

/** Text of an upstream error that must never be shown. */
const leak = `<b>No</b> for ${secretKey}\n   at Sequentum.Api.Agents.Get(Int32 id) in /srv/api/Agents.cs:line 12`
const problem = (status: number, headers: Answer["headers"] = {}): Answer => ({
  status,
  headers,
  body: { statusCode: status, statusDescription: "Refused", message: leak, errorCode: "E1" }
})

/** The text of a failure. */
const textOf = (error: ToolError | UnknownTool) => {
  if (error._tag === "UnknownTool") return assert.fail(`${error.tool} is unknown`)
  const text = errorText(error, (tool) => known.has(tool))
  assert.notInclude(text, secretKey)
  assert.notInclude(text, "/srv/")
  assert.notInclude(text, "<b>")
  assert.notInclude(text, "undefined")
  assert.notMatch(text, /\s{2,}|\n/)
  return text
}

/** Calls a tool that must fail: the text of its failure, and the requests that were sent. */
const failure = ({ arguments: args, name }: NamedCase, respond: Respond) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    return { text: textOf(yield* Effect.flip(call(name, args))), sent }
  })

const Input = Schema.Struct({
  properties: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({ type: Schema.optional(Schema.String), enum: Schema.optional(Schema.Unknown) })
  }),
  required: Schema.optional(Schema.Array(Schema.String))
})

/** The parameters of a tool. */
const parametersOf = ({ tool: { inputSchema } }: NamedCase) => {
  const { properties, required = [] } = Schema.decodeUnknownSync(Input)(inputSchema)
  return Object.entries(properties).map(([name, { enum: words, type }]) => ({
    name,
    isRequired: required.includes(name),
    /** Whether an empty text is no value for it. */
    isNoText: type !== "string" || words !== undefined || name.endsWith("Date")
  }))
}

/** Other arguments that mean the same as those of the case. */
const readAlike = (tool: NamedCase): ReadonlyArray<JsonObject> => {
  const open = parametersOf(tool).filter(({ isRequired, name }) => !isRequired && !(name in tool.arguments))
  const filled = (names: typeof open, value: unknown) => ({
    ...tool.arguments,
    ...Object.fromEntries(names.map(({ name }) => [name, value]))
  })
  const asTexts = Object.entries(tool.arguments).map(([name, value]): readonly [string, unknown] => [
    name,
    typeof value === "number" || typeof value === "boolean" ? ` ${String(value).toUpperCase()} ` : value
  ])
  return [
    filled(open, null),
    filled(
      open.filter(({ isNoText }) => isNoText),
      ""
    ),
    Object.fromEntries(asTexts)
  ]
}

describe("the cases", () => {
  it("are one for each tool, in the order in which tools are listed", () => {
    assert.isEmpty(caseProblems, caseProblems.join("\n"))
    assert.deepStrictEqual(
      allTools.map(({ name }) => name),
      caseNames
    )
  })

  it("each have bad arguments", () => {
    for (const { name, refuses, tool } of allCases) {
      assert.isNotEmpty(refuses, `${name} refuses nothing: give bad arguments in ${casesFile(tool.toolset)}`)
    }
  })
})

const isJson = (text: string) => Effect.isSuccess(Effect.try((): unknown => JSON.parse(text)))

for (const tool of allCases) {
  describe(tool.name, () => {
    it.effect("sends the right requests and returns the right result", () =>
      Effect.gen(function* () {
        const { call, sent } = yield* toolsOver(answering(tool))
        const result = yield* Effect.either(call(tool.name, tool.arguments))
        assert.deepStrictEqual(
          sent.map(requestLine),
          tool.exchanges.map(({ request }) => request)
        )
        assert.deepStrictEqual(
          sent.map(({ json }) => json),
          tool.exchanges.map(({ sends }) => sends)
        )
        assert.deepStrictEqual(result, Either.right(tool.result))
      })
    )

    it.effect("reads what stands for nothing, and texts for numbers and flags", () =>
      Effect.gen(function* () {
        for (const args of readAlike(tool)) {
          const { call, sent } = yield* toolsOver(answering(tool))
          const result = yield* Effect.either(call(tool.name, args))
          const shown = JSON.stringify(args)
          assert.deepStrictEqual(
            sent.map((request) => [requestLine(request), request.json]),
            tool.exchanges.map(({ request, sends }) => [request, sends]),
            shown
          )
          assert.deepStrictEqual(result, Either.right(tool.result), shown)
        }
        const required = parametersOf(tool).flatMap(({ isRequired, name }) => (isRequired ? [name] : []))
        const { call, sent } = yield* toolsOver(answering(tool))
        for (const name of required) {
          const error = yield* Effect.flip(call(tool.name, { ...tool.arguments, [name]: null }))
          assert.match(textOf(error), new RegExp(` ${name} is required: `))
        }
        assert.deepStrictEqual(sent, [])
      })
    )

    it.effect("refuses bad arguments in these sentences and sends nothing", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-11T12:00:00Z"))
        const { call, sent } = yield* toolsOver(answering(tool))
        for (const { arguments: args, problems } of tool.refuses) {
          const error = yield* Effect.flip(call(tool.name, args))
          assert.deepStrictEqual(error._tag === "InvalidArguments" ? error.problems : error._tag, problems)
        }
        for (const args of [{ ...tool.arguments, misspelt: 1 }, "text", 5, [1]]) {
          const error = yield* Effect.flip(call(tool.name, args))
          assert.strictEqual(error._tag, "InvalidArguments", JSON.stringify(args))
          assert.match(textOf(error), new RegExp(`^Invalid arguments for ${tool.name}; nothing was done\\. `))
        }
        assert.deepStrictEqual(sent, [])
      })
    )

    it.effect("says what a 404 means and which tool lists what exists", () =>
      Effect.gen(function* () {
        const { sent, text } = yield* failure(tool, () => problem(404))
        assert.match(text, /^Sequentum has nothing at (?:GET|POST|PUT|DELETE) \/\S* \(404\): it does not exist/)
        assert.match(text, /Trying again will not help\./)
        assert.include(text, 'Sequentum says: "No for [redacted]".')
        const next = /Use ([a-z_]+) to [a-z ]+\.$/u.exec(text)?.[1]
        assert.isTrue(known.has(next ?? ""), text)
        assert.isAtMost(sent.length, 2)
      })
    )

    it.effect("says what 401, 403 and 429 mean, without a retry", () =>
      Effect.gen(function* () {
        const unauthorized = yield* failure(tool, () => problem(401))
        assert.match(unauthorized.text, /^Sequentum refused the credentials \(401\)/)
        assert.match(unauthorized.text, /SEQUENTUM_API_KEY/)

        const forbidden = yield* failure(tool, () => problem(403))
        assert.match(forbidden.text, /^This account may not do that \(403, (?:GET|POST|PUT|DELETE) \S+\)\./)
        assert.match(forbidden.text, /Ask the user for access/)
        assert.strictEqual(forbidden.sent.length, 1)

        const challenge = { "www-authenticate": 'Bearer error="insufficient_scope", scope="agents:write"' }
        const scope = yield* failure(tool, () => problem(403, challenge))
        assert.match(scope.text, /^The access token lacks a permission \(403\): scope agents:write\./)

        const limited = yield* failure(tool, () => problem(429, { "retry-after": "120" }))
        assert.strictEqual(
          limited.text,
          "Too many requests to Sequentum (429). Nothing was done, and nothing was sent again. Try again after 120 seconds, and poll less often."
        )
        assert.strictEqual(limited.sent.length, 1)
      })
    )

    it.effect("says when the answer of Sequentum can't be used", () =>
      Effect.gen(function* () {
        const answer = { body: "" }
        const { call } = yield* toolsOver(() => answer)
        for (const body of [`<html>${leak}</html>`, '{"surprise":true', '"text"', "[[1]]", "{}"]) {
          answer.body = body
          // A wait reads on until its time is over.
          const outcome = yield* whileTimePasses(Effect.either(call(tool.name, tool.arguments)), "10 seconds")
          if (tool.expectsNothing === true && (yield* isJson(body))) {
            assert.isTrue(Either.isRight(outcome), body)
          } else {
            const error = Either.isLeft(outcome) ? outcome.left : assert.fail(`${body} was accepted`)
            assert.strictEqual(error._tag, "UnexpectedResponse", body)
            assert.match(textOf(error), /^Sequentum's answer to .+ could not be used/)
          }
        }
      })
    )
  })
}

describe("every tool", () => {
  it.effect("says what a 503 means and whether Sequentum may have acted", () =>
    Effect.gen(function* () {
      const failures = yield* whileTimePasses(
        Effect.forEach(
          allCases,
          (tool) => {
            let hasFailed = false
            return Effect.map(
              failure(tool, (sent) => {
                // A read that comes before a change succeeds; one that looks for what the change did fails too.
                hasFailed ||= sent.method === (writeMethod(tool) ?? "GET")
                return hasFailed ? problem(503) : answering(tool)(sent)
              }),
              ({ sent, text }) => ({ tool, sent, text })
            )
          },
          { concurrency: "unbounded" }
        ),
        "30 seconds",
        20
      )
      for (const { sent, text, tool } of failures) {
        const method = writeMethod(tool) ?? "GET"
        assert.match(text, /^Sequentum failed \(503, /, tool.name)
        if (method === "GET") {
          assert.match(text, /Nothing was changed; try again in a minute\.$/, tool.name)
          // A wait reads on by itself, without retries.
          assert.strictEqual(text.includes("Retries did not help."), !tool.name.startsWith("wait_"), tool.name)
        } else {
          assert.match(
            text,
            /It is not known whether Sequentum acted, so do not simply repeat the call\. Use [a-z_]+ to/,
            tool.name
          )
        }
        // A POST is sent once; everything else up to four times. A wait reads on until its time is over.
        const tries = sent.filter((other) => other.method === method).length
        if (waits.has(tool.name)) assert.isAtLeast(tries, 4, tool.name)
        else assert.strictEqual(tries, method === "POST" ? 1 : 4, tool.name)
      }
    })
  )
})
