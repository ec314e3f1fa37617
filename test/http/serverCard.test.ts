import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { serverJson } from "../../scripts/registry.ts"
import { published } from "../../scripts/published.ts"
import { version } from "../../src/runtime/version.ts"
import { endpoint, message, modern } from "../support/endpoint.ts"
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

/** Of the official schema of server cards, version 1, what is required and what we use. */
const Card = Schema.Struct({
  $schema: Schema.Literal("https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"),
  name: Schema.String.pipe(Schema.maxLength(200), Schema.pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/u)),
  version: Schema.String.pipe(Schema.maxLength(255), Schema.pattern(/^\d+\.\d+\.\d+/u)),
  description: Schema.String.pipe(Schema.minLength(1), Schema.maxLength(100)),
  title: Schema.String.pipe(Schema.minLength(1), Schema.maxLength(100)),
  repository: Schema.optional(Schema.Struct({ url: Schema.String, source: Schema.String })),
  remotes: Schema.Tuple(
    Schema.Struct({
      type: Schema.Literal("streamable-http"),
      url: Schema.String.pipe(Schema.pattern(/^https?:\/\/[^\s]+$/u)),
      supportedProtocolVersions: Schema.Array(Schema.String)
    })
  )
})

const readCard = Schema.decodeUnknown(Schema.parseJson(Card), { onExcessProperty: "error" })

describe("the server card", () => {
  for (const PUBLIC_URL of [
    "https://mcp.example.com",
    "https://mcp.example.com/base/",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "http://localhost:3000"
  ]) {
    it.scopedLive(`is as the official schema has it, at ${PUBLIC_URL}`, () =>
      Effect.gen(function* () {
        const { url } = yield* endpoint({ ...settings, PUBLIC_URL })
        const { body } = yield* send(`${url}/mcp/server-card`)
        const { name, remotes } = yield* readCard(body)
        assert.strictEqual(remotes[0].url, `${PUBLIC_URL.replace(/\/$/u, "")}/mcp`)
        const { body: catalogue } = yield* send(`${url}/.well-known/ai-catalog.json`)
        const { identifier, url: cardUrl } = first(record(JSON.parse(catalogue))["entries"])
        assert.match(String(identifier), /^urn:air:[\w.-]+:mcp:sequentum-mcp$/u)
        assert.match(name, /\/sequentum-mcp$/u)
        // Where the catalogue says that it is, a proxy may pass the path on.
        const { pathname } = new URL(String(cardUrl))
        assert.strictEqual((yield* send(`${url}${pathname}`)).body, body)
      })
    )
  }

  it.scopedLive("says the same as the entry in the registry, and as the server itself", () =>
    Effect.gen(function* () {
      const { mcp, url } = yield* endpoint(settings, 600, { isSandbox: true })
      const card = yield* Effect.flatMap(send(`${url}/mcp/server-card`), ({ body }) => readCard(body))
      const registered = serverJson({ ...published, mcpName: "io.github.owner/project" })
      assert.strictEqual(card.description, registered?.description)
      assert.strictEqual(card.version, registered?.version)
      const discovered = record(yield* Effect.flatMap(modern(mcp, "server/discover", {}), message))
      const meta = record(record(discovered["result"])["_meta"])
      const info = record(meta["io.modelcontextprotocol/serverInfo"])
      assert.deepStrictEqual([info["title"], info["version"]], [card.title, card.version])
      assert.strictEqual(card.name.split("/")[1], info["name"])
      assert.include(card.title, "sandbox")
    })
  )

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

  it.scopedLive("counts by address like any request without a token, whatever document it is", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint({ ...settings, RATE_LIMIT_PER_MINUTE: "6", TRUST_PROXY: "true" })
      const get = (path: string, address: string, method = "GET") =>
        send(`${url}${path}`, { method, headers: { "x-forwarded-for": address } })
      for (const [path] of paths) {
        assert.strictEqual((yield* get(path, "192.0.2.1")).status, 200)
        assert.strictEqual((yield* get(path, "192.0.2.1", "OPTIONS")).status, 204)
      }
      for (const [path] of paths) {
        for (const method of ["GET", "OPTIONS"]) {
          const { headers, status } = yield* get(path, "192.0.2.1", method)
          assert.strictEqual(status, 429)
          assert.strictEqual(headers["access-control-allow-origin"], "*")
          assert.isAbove(Number(headers["retry-after"]), 0)
        }
        assert.strictEqual((yield* get(path, "192.0.2.2")).status, 200)
      }
    })
  )

  it.scopedLive("is only read", () =>
    Effect.gen(function* () {
      const { url } = yield* endpoint(settings)
      for (const [path] of paths) {
        for (const method of ["POST", "PUT", "DELETE"]) {
          assert.strictEqual((yield* send(`${url}${path}`, { method })).status, 404)
        }
      }
    })
  )
})
