import { assert, describe, it } from "@effect/vitest"
import { capabilitiesOf, flagsOf } from "../../src/mcp/clientCapabilities.ts"
import { trim } from "../../src/mcp/trim.ts"

const wide = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, index]))
const capabilities = "io.modelcontextprotocol/clientCapabilities"
const request = (method: string, params: unknown) => ({ jsonrpc: "2.0", id: 1, method, params })

describe("trimming a message", () => {
  it("keeps what the protocol, its extensions and tracing put into _meta, and nothing else", () => {
    const known = { progressToken: 0, traceparent: "00-1", "io.modelcontextprotocol/protocolVersion": "2026-07-28" }
    const message = request("tools/list", { cursor: "c", _meta: { ...wide, ...known, "com.example/a": 1 } })
    assert.deepStrictEqual(trim(message), request("tools/list", { cursor: "c", _meta: known }))
  })

  it("keeps all params of a narrow message, and the known ones of a wide one", () => {
    const params = { name: "a", arguments: wide, own: 1 }
    assert.strictEqual(
      JSON.stringify(trim(request("tools/call", params))),
      JSON.stringify(request("tools/call", params))
    )
    assert.deepStrictEqual(
      trim(request("tools/call", { ...wide, ...params })),
      request("tools/call", { name: "a", arguments: wide })
    )
  })

  it("keeps the capabilities that are known, of initialize and of _meta", () => {
    const declared = { ...wide, roots: { listChanged: true, more: 1 }, elicitation: {}, sampling: { tools: {} } }
    const expected = { roots: { listChanged: true }, sampling: { tools: {} }, elicitation: {} }
    assert.deepStrictEqual(
      trim(request("initialize", { capabilities: declared })),
      request("initialize", { capabilities: expected })
    )
    assert.deepStrictEqual(
      trim(request("ping", { _meta: { [capabilities]: declared } })),
      request("ping", { _meta: { [capabilities]: expected } })
    )
  })

  it("leaves what is wrong, so that it is refused", () => {
    for (const message of [
      1,
      null,
      {},
      request("initialize", 5),
      request("initialize", { capabilities: 5 }),
      request("ping", { _meta: [] }),
      request("initialize", { capabilities: { roots: 5, elicitation: [] } })
    ]) {
      assert.deepStrictEqual(trim(message), message)
    }
  })
})

describe("the flags of a client", () => {
  it("say which known capabilities it has, and make them again", () => {
    for (const known of [
      {},
      { roots: {} },
      { roots: { listChanged: true }, sampling: { context: {}, tools: {} } },
      { elicitation: { form: { applyDefaults: true }, url: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } }
    ]) {
      assert.deepStrictEqual(capabilitiesOf(flagsOf(known)), known)
    }
    assert.deepStrictEqual(flagsOf({ ...wide, roots: { listChanged: false }, sampling: 5, elicitation: null }), [
      "roots"
    ])
    assert.deepStrictEqual(capabilitiesOf(["roots listChanged", "nothing", "__proto__"]), {})
  })
})
