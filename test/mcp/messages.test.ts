import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { formatLine, normalise, parseMessage } from "../../src/mcp/messages.ts"

const request = { jsonrpc: "2.0", id: 2, method: "ping" }

describe("a message that is not valid JSON-RPC", () => {
  const invalidRequest = -32600
  const invalidParams = -32602

  it.each([
    ["has no jsonrpc", { id: 2, method: "ping" }, 2, invalidRequest],
    ["has another jsonrpc", { ...request, jsonrpc: "1.0" }, 2, invalidRequest],
    ["has its method under another name", { jsonrpc: "2.0", id: 6, method_: "ping" }, 6, invalidRequest],
    ["has a method that is no string", { ...request, method: 5 }, 2, invalidRequest],
    ["has a member too many", { ...request, extra: true }, 2, invalidRequest],
    ["has text for an id", { ...request, id: "a-1", method: null }, "a-1", invalidRequest],
    ["has a fraction for an id", { ...request, id: 1.5 }, 1.5, invalidRequest],
    ["has null for an id", { ...request, id: null }, null, invalidRequest],
    ["has an object for an id", { ...request, id: {} }, null, invalidRequest],
    ["has text for params", { ...request, params: "x" }, 2, invalidRequest],
    ["has a list of params", { ...request, params: [] }, 2, invalidRequest],
    ["has text for params that its method needs", { ...request, method: "prompts/get", params: "x" }, 2, invalidParams],
    ["has a list of params that its method needs", { ...request, method: "tools/call", params: [] }, 2, invalidParams],
    ["has text for _meta", { ...request, params: { _meta: "x" } }, 2, invalidParams],
    ["has a list for a progress token", { ...request, params: { _meta: { progressToken: [] } } }, 2, invalidParams],
    ["is a notification without jsonrpc", { method: "notifications/initialized" }, null, invalidRequest],
    ["is a response with another result", { jsonrpc: "2.0", id: 2, result: "x" }, null, invalidRequest],
    ["is a batch", [request], null, invalidRequest],
    ["is an empty batch", [], null, invalidRequest],
    ["is an empty object", {}, null, invalidRequest],
    ["is a number", 42, null, invalidRequest],
    ["is null", null, null, invalidRequest]
  ])("that %s is refused under the id that can be used", (_, message, id, code) => {
    const refusal = Either.getOrThrow(Either.flip(parseMessage(JSON.stringify(message))))
    assert.deepStrictEqual({ id: refusal.id, code: refusal.code }, { id, code })
    assert.match(refusal.message, /^[A-Z][^\n]+\.$/u)
  })

  it("nor is text that is not JSON, which is a parse error", () => {
    const refusal = Either.getOrThrow(Either.flip(parseMessage("{nope")))
    assert.deepStrictEqual({ id: refusal.id, code: refusal.code }, { id: null, code: -32700 })
  })
})

describe("null", () => {
  it.each([
    ["params", { ...request, params: null }, request],
    ["arguments", { ...request, params: { name: "x", arguments: null } }, { ...request, params: { name: "x" } }],
    ["_meta", { ...request, params: { _meta: null } }, { ...request, params: {} }],
    ["progressToken", { ...request, params: { _meta: { progressToken: null } } }, { ...request, params: { _meta: {} } }]
  ])("as %s is the same as leaving it out", (_, message, expected) => {
    assert.deepStrictEqual(normalise(message), expected)
    const read: unknown = Either.getOrThrow(parseMessage(JSON.stringify(message)))
    assert.deepStrictEqual(read, expected)
  })

  it("inside the arguments of a tool is left to the tool", () => {
    const message = { ...request, params: { name: "x", arguments: { search: null } } }
    assert.deepStrictEqual(normalise(message), message)
  })
})

describe("a line", () => {
  it("escapes the line separators of Unicode, and nothing else", () => {
    const message = { text: "a\u2028b\u2029c\u00e9🕷\n" }
    const line = formatLine(message)
    assert.strictEqual(line, '{"text":"a\\u2028b\\u2029cé🕷\\n"}\n')
    assert.deepStrictEqual(JSON.parse(line), message)
  })
})
