import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { maskHeaders, maskValue } from "../../src/http/observability/logging.ts"
import { endpoint, legacy, message, modern, openSession, post } from "../support/endpoint.ts"
import { callTool, jwt, quoting, send } from "../support/wire.ts"

const Tools = Schema.Struct({
  result: Schema.Struct({
    tools: Schema.Array(
      Schema.Struct({
        inputSchema: Schema.Struct({
          properties: Schema.optional(
            Schema.Record({
              key: Schema.String,
              value: Schema.Struct({ type: Schema.optional(Schema.String), enum: Schema.optional(Schema.Unknown) })
            })
          )
        })
      })
    )
  })
})

describe("masking", () => {
  it("covers credentials, however their key is written", () => {
    // As OAuth, HTTP, the API and users write them.
    for (const key of [
      "access_token",
      "refresh_token",
      "client_secret",
      "Authorization",
      "Proxy-Authorization",
      "Cookie",
      "x-api-key",
      "ApiKey",
      "API_KEY",
      "token",
      "Password",
      "secret"
    ]) {
      assert.deepStrictEqual(maskValue({ [key]: "s3cret", name: "kept" }), { [key]: "[masked]", name: "kept" }, key)
    }
  })

  it("covers a secret key at any depth, with everything under it", () => {
    assert.deepStrictEqual(maskValue({ agentId: 1, list: [{ deep: { password: { any: "thing" }, name: "kept" } }] }), {
      agentId: 1,
      list: [{ deep: { password: "[masked]", name: "kept" } }]
    })
  })

  it("leaves everything else as it is", () => {
    const harmless = { tokens: 3, promptly: "x", name: "token", values: [null, true, 1.5, "secret"] }
    assert.deepStrictEqual(maskValue(harmless), harmless)
    for (const value of [null, undefined, 1, "x", []]) assert.deepStrictEqual(maskValue(value), value)
  })

  // Whoever adds a parameter has to decide whether it can hold secrets or personal data.
  it.scopedLive("covers every text parameter of a tool, except those that hold no secrets", () =>
    Effect.gen(function* () {
      const { mcp } = yield* endpoint()
      const { result } = yield* Effect.flatMap(
        message(yield* modern(mcp, "tools/list", {})),
        Schema.decodeUnknown(Tools)
      )
      const texts = result.tools.flatMap(({ inputSchema: { properties = {} } }) =>
        Object.entries(properties).flatMap(([name, { enum: values, type }]) =>
          type === "string" && values === undefined ? [name] : []
        )
      )
      const shown = new Set(texts.filter((name) => JSON.stringify(maskValue({ [name]: "shown" })).includes("shown")))
      assert.deepStrictEqual([...shown].sort(), [
        "cronExpression",
        "endDate",
        "name",
        "query",
        "search",
        "sessionId",
        "startDate",
        "startTime",
        "timezone",
        "usageTypes"
      ])
    })
  )

  it("stops at a depth that no call has, and leaves the rest out", () => {
    let deep: unknown = { password: "s3cret" }
    for (let depth = 0; depth < 100_000; depth++) deep = depth % 2 === 0 ? [deep] : { deep }
    assert.notInclude(JSON.stringify(maskValue(deep)), "s3cret")
  })

  it("covers the headers that carry credentials", () => {
    assert.deepStrictEqual(
      maskHeaders({
        Authorization: "Bearer x",
        cookie: "a=b",
        "X-API-Key": "k",
        "proxy-authorization": "p",
        host: "h"
      }),
      {
        Authorization: "[masked]",
        cookie: "[masked]",
        "X-API-Key": "[masked]",
        "proxy-authorization": "[masked]",
        host: "h"
      }
    )
  })
})

const secretToken = jwt({ sub: "alice", jti: "t0p-s3cret" })

describe("the request log", () => {
  it.scopedLive("with DEBUG has each request, masked, and never a token, whether the call succeeds or fails", () =>
    Effect.gen(function* () {
      const logs: Array<string> = []
      const { mcp } = yield* endpoint({ DEBUG: "1" }, 600, { logs })
      const expired = jwt({ sub: "alice", exp: 1, jti: "t0p-s3cret" })
      const session = yield* openSession(mcp, { token: secretToken })
      const headers = { cookie: "id=c00kie", "x-api-key": "k3y" }
      const args = {
        agentId: 4101,
        inputParameters: '{"password":"hunter2"}',
        nested: [{ deeper: { Password: "hunter2", client_secret: "hunter2" } }]
      }
      const texts = yield* Effect.forEach(
        [
          yield* callTool.legacy(mcp, "start_agent", args, { session, token: secretToken, headers }),
          yield* callTool.modern(mcp, "start_agent", args, { token: secretToken, headers }),
          yield* callTool.modern(mcp, "list_spaces", {}, { token: expired }),
          yield* callTool.modern(mcp, "get_agent", { agentId: 1 }, { token: secretToken }),
          yield* legacy(mcp, "prompts/get", { name: "x", arguments: { prompt: "hunter2" } }, { token: secretToken }),
          yield* post(mcp, "{", { token: secretToken })
        ],
        (response) => Effect.promise(() => response.text())
      )
      const lines = logs.join("\n")
      assert.match(lines, /method=POST/u)
      assert.match(lines, /start_agent/u)
      assert.match(lines, /\[masked\]/u)
      for (const secret of ["hunter2", "c00kie", "k3y", secretToken, expired, secretToken.split(".")[1] ?? ""]) {
        assert.notInclude(lines, secret)
      }
      for (const text of texts) {
        assert.notInclude(text, secretToken)
        assert.notInclude(text, expired)
      }
    })
  )

  it.scopedLive("with DEBUG has refused requests too, but no failures that quote the arguments", () =>
    Effect.gen(function* () {
      const logs: Array<string> = []
      const SEQUENTUM_API_URL = yield* quoting(400)
      const { mcp } = yield* endpoint({ DEBUG: "1", SEQUENTUM_API_URL }, 600, { logs })
      const args = { agentId: 7, inputParameters: '{"note":"hunter2"}' }
      const session = yield* openSession(mcp, { token: secretToken })
      for (const response of [
        yield* callTool.modern(mcp, "start_agent", args, { token: secretToken }),
        yield* callTool.legacy(mcp, "start_agent", args, { token: secretToken, session })
      ]) {
        assert.match(yield* Effect.promise(() => response.text()), /Sequentum says/u)
      }
      assert.notInclude(logs.join("\n"), "hunter2")
      const requests = () => logs.filter((line) => line.includes("message=request")).length
      const before = requests()
      yield* callTool.modern(mcp, "list_spaces", {}, { headers: { authorization: "Bearer a b" } })
      yield* callTool.modern(mcp, "list_spaces", {}, { headers: { origin: "https://evil.example" } })
      yield* post(mcp, "{", { token: secretToken })
      assert.strictEqual(requests(), before + 3)
    })
  )

  it.scopedLive("without DEBUG is empty", () =>
    Effect.gen(function* () {
      const logs: Array<string> = []
      const { mcp, url } = yield* endpoint({}, 600, { logs })
      yield* callTool.modern(mcp, "list_spaces", {}, { token: secretToken })
      yield* callTool.modern(mcp, "get_agent", { agentId: 1 }, { token: secretToken })
      yield* send(`${url}/metrics`)
      assert.notMatch(logs.join("\n"), /message=request|list_spaces|t0p/u)
      assert.notInclude(logs.join("\n"), secretToken)
    })
  )
})
