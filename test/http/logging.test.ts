import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeShowHeaders } from "../../src/http/observability/logging.ts"
import { makeLoggable } from "../../src/mcp/requestLog.ts"
import { allTools } from "../../src/tools/catalog/all.ts"
import { endpoint, legacy, openSession, post } from "../support/endpoint.ts"
import { callTool, jwt, quoting, send } from "../support/wire.ts"

const Properties = Schema.Struct({
  properties: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      type: Schema.optional(Schema.String),
      enum: Schema.optional(Schema.Array(Schema.Union(Schema.String, Schema.Number)))
    })
  })
})

const { isKnownName, loggable } = makeLoggable(allTools)
const shown = (method: string, params: unknown) => loggable({ jsonrpc: "2.0", id: 1, method, params })
const showHeaders = makeShowHeaders(makeLoggable(allTools))

const secret = "hunter2"

describe("what a log shows of a request", () => {
  it("is, of arguments, only ids, numbers, flags and words of an enumeration, by the schema of each tool", () => {
    let shownValues = 0
    for (const { inputSchema, name } of allTools) {
      const properties = Schema.decodeUnknownSync(Properties)(inputSchema).properties
      for (const [parameter, { enum: words = [], type }] of Object.entries(properties)) {
        const call = (value: unknown) =>
          JSON.stringify(shown("tools/call", { name, arguments: { [parameter]: value } }))
        for (const value of [secret, [secret], { deep: { [secret]: secret } }, `1 ${secret}`]) {
          assert.notInclude(call(value), secret, `${name} ${parameter}`)
        }
        assert.include(call(secret), parameter)
        for (const value of [
          ...words,
          ...(type === "integer" ? [42, "9007199254740993"] : type === "boolean" ? [true] : [])
        ]) {
          assert.include(call(value), String(value), `${name} ${parameter}`)
          shownValues += 1
        }
      }
    }
    assert.isAbove(shownValues, 100)
  })

  it("has no names of parameters that a tool does not have, only their count", () => {
    assert.deepStrictEqual(
      shown("tools/call", {
        name: "get_agent",
        arguments: { agentId: 7, [secret]: 1, other: secret },
        [secret]: secret
      }),
      { id: 1, method: "tools/call", tool: "get_agent", arguments: { agentId: 7, "[unknown]": 2 } }
    )
  })

  it("has no name, URI or method that a client made up", () => {
    for (const message of [
      shown("tools/call", { name: secret, arguments: { agentId: 1 } }),
      shown("prompts/get", { name: secret, arguments: { prompt: secret } }),
      shown("prompts/get", { name: "debug-agent", arguments: { agentName: secret } }),
      shown("resources/read", { uri: `sequentum://agents/${secret}` }),
      shown("resources/read", { uri: `https://example.com/${secret}` }),
      shown("completion/complete", { argument: { name: "agentName", value: secret } }),
      shown(secret, {}),
      shown("initialize", { clientInfo: { name: secret, version: secret }, capabilities: { [secret]: {} } }),
      shown("notifications/cancelled", { requestId: secret, reason: secret }),
      loggable({ jsonrpc: "2.0", id: secret, result: { [secret]: secret } }),
      loggable({ jsonrpc: "2.0", id: 2, error: { code: 1, message: secret } }),
      loggable([{ method: "ping", params: { _meta: { [secret]: secret } } }, secret]),
      loggable(secret)
    ]) {
      assert.notInclude(JSON.stringify(message), secret)
    }
    assert.deepInclude(shown("resources/read", { uri: "sequentum://agents/7/runs/90" }), {
      uri: "sequentum://agents/7/runs/90"
    })
    assert.deepInclude(shown("prompts/get", { name: "debug-agent" }), { prompt: "debug-agent" })
    assert.isTrue(isKnownName("get_agent"))
    assert.isFalse(isKnownName(secret))
  })

  it("has a build session as a hash, the same each time", () => {
    const call = (sessionId: string) =>
      JSON.stringify(shown("tools/call", { name: "get_agent_build_status", arguments: { sessionId } }))
    assert.notInclude(call("build-5"), "build-5")
    assert.strictEqual(call("build-5"), call("build-5"))
    assert.notStrictEqual(call("build-5"), call("build-6"))
  })

  it("stops at a depth that no call has", () => {
    let deep: unknown = secret
    for (let depth = 0; depth < 100_000; depth++) deep = depth % 2 === 0 ? [deep] : { deep }
    assert.notInclude(
      JSON.stringify(shown("tools/call", { name: "start_agent", arguments: { agentId: deep } })),
      secret
    )
    assert.notInclude(JSON.stringify(loggable(deep)), secret)
  })

  it("is, of headers, the names, and values of an allow-list only", () => {
    const harmless = {
      host: "mcp.example.com:443",
      accept: "application/json, text/event-stream;q=0.9",
      "content-type": "application/json; charset=utf-8",
      "content-length": "120",
      "accept-encoding": "gzip, deflate, br",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "get_agent",
      origin: "https://claude.ai",
      "x-mcp-toolsets": "agents,runs"
    }
    assert.deepStrictEqual(showHeaders(harmless), harmless)
    for (const name of [
      ...Object.keys(harmless),
      "Authorization",
      "Proxy-Authorization",
      "cookie",
      "X-API-Key",
      "x-made-up",
      "user-agent",
      "referer",
      "x-forwarded-for",
      "traceparent"
    ]) {
      for (const value of [`a=${secret}1!`, `application/json; token=${secret}`, `https://me:${secret}@host`]) {
        assert.deepStrictEqual(showHeaders({ [name]: value }), { [name.toLowerCase()]: "[masked]" }, name)
      }
    }
    const session = showHeaders({ "mcp-session-id": secret })["mcp-session-id"]
    assert.match(session ?? "", /^#[\w-]{12}$/u)
    assert.strictEqual(showHeaders({ "MCP-Session-Id": secret })["mcp-session-id"], session)
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
      assert.notInclude(lines, session)
      assert.match(lines, /agentId.*4101/u)
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
