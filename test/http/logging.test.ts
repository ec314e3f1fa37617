import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { maskHeaders, maskValue } from "../../src/http/observability/logging.ts"
import { endpoint, legacy, openSession, post } from "./endpoint.ts"
import { callTool, jwt, quoting, send } from "./wire.ts"

const masked = [
  "inputParameters",
  "apiKey",
  "token",
  "accessToken",
  "refreshToken",
  "password",
  "secret",
  "clientSecret",
  "prompt",
  "comments"
]

describe("masking", () => {
  it("covers each telling key at any depth, however it is written, and nothing else", () => {
    for (const key of [...masked, "INPUTPARAMETERS", "api_key", "client-secret", "Authorization", "x-api-key"]) {
      assert.deepStrictEqual(
        maskValue({ agentId: 1, list: [{ deep: { [key]: { any: "thing" }, name: "kept" } }], [key]: "s3cret" }),
        { agentId: 1, list: [{ deep: { [key]: "[masked]", name: "kept" } }], [key]: "[masked]" }
      )
    }
    const harmless = { tokens: 3, promptly: "x", name: "token", values: [null, true, 1.5, "secret"] }
    assert.deepStrictEqual(maskValue(harmless), harmless)
    for (const value of [null, undefined, 1, "x", []]) assert.deepStrictEqual(maskValue(value), value)
  })

  it("goes only so deep, and leaves the rest out", () => {
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

describe("what is logged", () => {
  it.scopedLive("with DEBUG each request, masked; never a token, by success or failure", () =>
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

  it.scopedLive("with DEBUG no failure that quotes the arguments, and each request that was refused", () =>
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

  it.scopedLive("without DEBUG no request at all", () =>
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
