import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { version } from "../../src/runtime/version.ts"
import { endpoint } from "../support/endpoint.ts"
import { send } from "../support/wire.ts"

type Json = Readonly<Record<string, unknown>>

const record = (value: unknown): Json => (Predicate.isRecord(value) ? value : {})
const first = (value: unknown): Json => record(Array.isArray(value) ? value[0] : undefined)

const paths = [
  ["/mcp/server-card", "application/mcp-server-card+json"],
  ["/.well-known/mcp/server-card.json", "application/json"],
  ["/.well-known/ai-catalog.json", "application/ai-catalog+json"]
] as const

// Nobody listens there: the documents need no Sequentum and no token.
const settings = { SEQUENTUM_API_URL: "http://127.0.0.1:1", PUBLIC_URL: "https://mcp.example.com" }

describe("the server card", () => {
  it.scopedLive("says what this is and where to connect, and the catalogue leads to it", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint(settings)
      const [card, old, catalogue] = yield* Effect.forEach(paths, ([path]) => send(`${url}${path}`))
      assert.strictEqual(old?.body, card.body)
      const shown = record(JSON.parse(card.body))
      assert.strictEqual(shown["name"], "com.example.mcp/sequentum-mcp")
      assert.strictEqual(shown["version"], version)
      assert.isAtMost(String(shown["description"]).length, 100)
      assert.isUndefined(shown["tools"])
      const remote = first(shown["remotes"])
      assert.strictEqual(remote["type"], "streamable-http")
      assert.strictEqual(remote["url"], "https://mcp.example.com/mcp")
      assert.include(JSON.stringify(remote["supportedProtocolVersions"]), '"2026-07-28"')
      assert.include(JSON.stringify(remote["supportedProtocolVersions"]), '"2025-11-25"')
      const entry = first(record(JSON.parse(catalogue?.body ?? ""))["entries"])
      assert.strictEqual(entry["url"], "https://mcp.example.com/mcp/server-card")
      assert.strictEqual(entry["type"], "application/mcp-server-card+json")
    })
  )

  for (const [path, type] of paths) {
    it.scopedLive(`${path} is public, and not sent again to who has it`, () =>
      Effect.gen(function* () {
        const { url } = yield* endpoint(settings)
        const { headers, status } = yield* send(`${url}${path}`, { headers: { origin: "https://any.example" } })
        assert.strictEqual(status, 200)
        assert.match(headers["content-type"] ?? "", new RegExp(`^${type.replaceAll("+", "\\+")}`, "u"))
        assert.strictEqual(headers["access-control-allow-origin"], "*")
        assert.match(headers["cache-control"] ?? "", /max-age=\d+/u)
        const etag = headers["etag"] ?? ""
        assert.match(etag, /^"[\w-]+"$/u)
        for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
          const again = yield* send(`${url}${path}`, { headers: { "if-none-match": known } })
          assert.deepStrictEqual([again.status, again.body, again.headers["etag"]], [304, "", etag])
        }
        const other = yield* send(`${url}${path}`, { headers: { "if-none-match": '"other"' } })
        assert.strictEqual(other.status, 200)
        const preflight = yield* send(`${url}${path}`, { method: "OPTIONS" })
        assert.deepStrictEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [204, "*"])
      })
    )
  }
})
