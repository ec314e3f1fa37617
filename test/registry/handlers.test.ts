import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { errorText } from "../../src/mcp/results.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import type { ToolError } from "../../src/tools/Tool.ts"
import { account } from "./account.ts"
import { validArguments } from "./arguments.ts"
import { whileTimePasses } from "./drive.ts"
import { expected } from "./expected.ts"
import { requestLine, secretKey, toolsOver, type Answer, type Respond } from "./upstream.ts"

const names = allTools.map(({ name }) => name)
const known = new Set<string>(names)

/** What an upstream error may say that nobody must see. */
const leak = `<b>No</b> for ${secretKey}\n   at Sequentum.Api.Agents.Get(Int32 id) in /srv/api/Agents.cs:line 12`
const problem = (status: number): Answer => ({
  status,
  body: { statusCode: status, statusDescription: "Refused", message: leak, errorCode: "E1" }
})

/** Calls a tool that is bound to fail, and gives what a model is told. */
const failure = (name: string, respond: Respond) =>
  Effect.gen(function* () {
    const { call, sent } = yield* toolsOver(respond)
    const outcome = yield* Effect.either(call(name, validArguments[name]))
    if (Either.isRight(outcome)) return { text: `It succeeded: ${JSON.stringify(outcome.right)}`, sent }
    const error = outcome.left
    assert.notStrictEqual(error._tag, "UnknownTool")
    return { text: error._tag === "UnknownTool" ? "" : said(error), sent }
  })

const said = (error: ToolError) => {
  const text = errorText(error, (tool) => known.has(tool))
  assert.notInclude(text, secretKey)
  assert.notInclude(text, "/srv/")
  assert.notInclude(text, "<b>")
  assert.notInclude(text, "undefined")
  assert.notMatch(text, /\s{2,}|\n/)
  return text
}

/** Tools whose answer carries nothing, so that an object without a field is one. */
const readNothing = new Set([
  "stop_agent",
  "kill_agent",
  "delete_run",
  "restore_agent_version",
  "enable_agent_schedule",
  "disable_agent_schedule",
  "delete_agent_schedule",
  "stop_agent_build"
])

/** Tools that read on after a failure, until their time is over. */
const waits = new Set(["wait_for_run", "wait_for_agent_build"])

/** Tools whose write is a POST: Sequentum may have acted when it failed. */
const posts = new Set([
  "start_agent",
  "stop_agent",
  "kill_agent",
  "restore_agent_version",
  "create_agent_schedule",
  "enable_agent_schedule",
  "disable_agent_schedule",
  "run_space_agents",
  "start_agent_build",
  "stop_agent_build"
])

describe("every tool", () => {
  it.effect.each(names)("%s asks for the right thing and answers with it", (name) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(account)
      const result = yield* Effect.either(call(name, validArguments[name]))
      assert.deepStrictEqual(Either.getOrElse(result, failed), expected[name]?.result)
      assert.deepStrictEqual(sent.map(requestLine), expected[name]?.requests)
      assert.deepStrictEqual<unknown>(
        sent.flatMap(({ body }) => (body === undefined ? [] : [body])),
        expected[name]?.bodies
      )
    })
  )

  it.effect.each(names)("%s says when there is no such thing, and where to look", (name) =>
    Effect.gen(function* () {
      const { sent, text } = yield* failure(name, () => problem(404))
      assert.match(text, /^Sequentum has nothing at (?:GET|POST|PUT|DELETE) \/\S* \(404\): it does not exist/)
      assert.match(text, /Trying again will not help\./)
      assert.include(text, 'Sequentum says: "No for [redacted]".')
      const next = /Use ([a-z_]+) to [a-z ]+\.$/u.exec(text)?.[1]
      assert.isTrue(known.has(next ?? ""), text)
      assert.isAtMost(sent.length, 2)
    })
  )

  it.effect.each(names)("%s says when it is not allowed", (name) =>
    Effect.gen(function* () {
      const { sent, text } = yield* failure(name, () => problem(403))
      assert.match(text, /^This account may not do that \(403, (?:GET|POST|PUT|DELETE) \S+\)\./)
      assert.match(text, /Ask the user for access/)
      assert.strictEqual(sent.length, 1)
      const scope = yield* failure(name, () => ({
        ...problem(403),
        headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="agents:write"' }
      }))
      assert.match(scope.text, /^The access token lacks a permission \(403\): scope agents:write\./)
    })
  )

  it.effect.each(names)("%s says when there were too many requests, and how long to wait", (name) =>
    Effect.gen(function* () {
      const { sent, text } = yield* failure(name, () => ({ ...problem(429), headers: { "retry-after": "120" } }))
      assert.strictEqual(
        text,
        "Too many requests to Sequentum (429). Nothing was done. Try again after 120 seconds, and poll less often."
      )
      assert.strictEqual(sent.length, 1)
    })
  )

  it.effect.each(names)("%s says when the credentials are refused", (name) =>
    Effect.gen(function* () {
      const { text } = yield* failure(name, () => problem(401))
      assert.match(text, /^Sequentum refused the credentials \(401\)/)
      assert.match(text, /SEQUENTUM_API_KEY/)
    })
  )

  it.effect("says when Sequentum failed, and whether it may have acted", () =>
    Effect.gen(function* () {
      const failures = yield* whileTimePasses(
        Effect.forEach(
          names,
          (name) => {
            let reads = 0
            return Effect.map(
              failure(name, (sent) => {
                if (sent.method === "GET") reads += 1
                // The reading that comes before a change works.
                return name === "update_agent_schedule" && sent.method === "GET" && reads === 1
                  ? account(sent)
                  : problem(503)
              }),
              ({ sent, text }) => ({ name, sent, text })
            )
          },
          { concurrency: "unbounded" }
        ),
        "30 seconds",
        20
      )
      for (const { name, sent, text } of failures) {
        const method = sent.find((other) => other.method !== "GET")?.method ?? "GET"
        assert.match(text, /^Sequentum failed \(503, /, name)
        if (method === "GET") {
          assert.match(text, /Retries did not help\. Nothing was changed; try again in a minute\.$/, name)
        } else {
          assert.match(
            text,
            /It is not known whether Sequentum acted, so do not simply repeat the call\. Use [a-z_]+ to/,
            name
          )
        }
        assert.strictEqual(method === "POST", posts.has(name), name)
        // A POST goes out once; all else is tried four times.
        const tries = sent.filter((other) => other.method === method).length
        if (waits.has(name)) assert.isAtLeast(tries, 4, name)
        else assert.strictEqual(tries, posts.has(name) ? 1 : 4, name)
      }
    })
  )

  it.effect.each(names)("%s says when the answer makes no sense", (name) =>
    Effect.gen(function* () {
      const answer = { body: "" }
      const { call } = yield* toolsOver(() => answer)
      for (const body of [`<html>${leak}</html>`, '{"surprise":true', '"text"', "[[1]]", "{}"]) {
        answer.body = body
        const outcome = yield* whileTimePasses(Effect.either(call(name, validArguments[name])), "10 seconds")
        if (readNothing.has(name) && (yield* isJson(body))) {
          assert.isTrue(Either.isRight(outcome), body)
        } else if (Either.isRight(outcome)) {
          assert.fail(`${body} was an answer`)
        } else {
          const error = outcome.left
          assert.strictEqual(error._tag, "UnexpectedResponse", body)
          if (error._tag !== "UnknownTool") assert.match(said(error), /^Sequentum's answer to .+ could not be used/)
        }
      }
    })
  )

  it.effect.each(names)("%s says when its arguments are wrong, and does nothing", (name) =>
    Effect.gen(function* () {
      const { call, sent } = yield* toolsOver(account)
      for (const args of [{ ...validArguments[name], misspelt: 1 }, "text", null, 5, [1]]) {
        const outcome = yield* Effect.either(call(name, args))
        const error = Either.isLeft(outcome) ? outcome.left : undefined
        assert.strictEqual(error?._tag, "InvalidArguments", JSON.stringify(args))
        if (error?._tag === "InvalidArguments") {
          assert.match(said(error), new RegExp(`^Invalid arguments for ${name}; nothing was done\\. `))
        }
      }
      assert.deepStrictEqual(sent, [])
    })
  )
})

const isJson = (text: string) => Effect.isSuccess(Effect.try((): unknown => JSON.parse(text)))

const failed = (error: { readonly _tag: string }) => ({ failed: error._tag })
